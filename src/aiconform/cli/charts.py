"""Where the chart is when nobody says: in the installed package, or in the checkout."""

from importlib.resources import files
from pathlib import Path

from aiconform.model.errors import ConfigError


def find_chart(given: Path | None) -> Path:
    """
    Raises:
        ConfigError: There is no chart.
    """
    if given is not None:
        return given
    package = Path(str(files("aiconform")))
    # Wheel; checkout (src/aiconform); the directory that we were called in.
    places = (package / "chart", package.parents[1] / "charts/aiconform", Path("charts/aiconform"))
    for place in places:
        if (place / "Chart.yaml").is_file():
            return place
    raise ConfigError("there is no chart in this installation", hint="Say where it is: --chart DIR")
