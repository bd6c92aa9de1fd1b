"""A waivers file as commands take it: read and checked before anything is made."""

from dataclasses import dataclass
from pathlib import Path

from aiconform.cli.site_file import read_site_file
from aiconform.model.errors import ConfigError
from aiconform.model.waiver import MAX_WAIVERS_CHARACTERS, Waiver, parse_waivers


@dataclass(frozen=True)
class WaiversFile:
    path: Path
    waivers: tuple[Waiver, ...]

    @property
    def as_set_file(self) -> str:
        """For Helm's --set-file, which takes a comma for the end of a value."""
        name = str(self.path)
        for special in ("\\", ","):
            name = name.replace(special, f"\\{special}")
        return f"run.waivers={name}"


def read_waivers(path: Path) -> WaiversFile:
    """
    Raises:
        ConfigError: It cannot be read, is no list of waivers, or speaks of what there is not.
    """
    from aiconform.catalogue import finding_texts
    from aiconform.catalogue.requirements import requirements

    text = read_site_file(path, "waivers", most_characters=MAX_WAIVERS_CHARACTERS)
    try:
        waivers = parse_waivers(text)
    except ConfigError as exc:
        raise ConfigError(f"{path}: {exc.problem}", hint=exc.hint) from exc
    known = {*finding_texts(), *requirements()}
    if strange := sorted({waiver.id for waiver in waivers} - known):
        raise ConfigError(
            f"the waivers in {path} speak of what there is not: {', '.join(strange)}",
            hint="An id is a code of the finding reference, or a requirement of the checklist",
        )
    return WaiversFile(path, waivers)
