"""Read a data file of this package; a malformed one is a defect of the release, and says where."""

from importlib.resources import files
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from aiconform.model.errors import AiconformError

T = TypeVar("T")


class CatalogueError(AiconformError):
    """A data file that came with this release does not have the shape that it must have."""


def load(name: str, shape: TypeAdapter[T]) -> T:
    """
    Parse `data/<name>` and check it.

    Raises:
        CatalogueError: The file is not YAML, or has an unknown or missing field.
    """
    text = files("aiconform.catalogue").joinpath("data", name).read_text(encoding="utf-8")
    return parse(text, shape, name=name)


def parse(text: str, shape: TypeAdapter[T], *, name: str) -> T:
    """As `load`, from text; YAML lists become tuples."""
    import yaml  # only here: most commands start without reading a data file

    # As safe as SafeLoader, and ten times as fast where libyaml is there.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return shape.validate_python(yaml.load(text, Loader=loader))
    except (yaml.YAMLError, ValidationError) as exc:
        raise CatalogueError(f"catalogue file {name}: {exc}") from exc
