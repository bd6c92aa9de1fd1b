"""docs/reference-results-format.md leaves out no file of a run, no column and no schema."""

import re
from pathlib import Path

from aiconform.report.files import SIGNATURE
from aiconform.report.interconnect import COLUMNS
from tests.docs.recorded import write_run
from tools.render_schemas import SCHEMAS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference-results-format.md").read_text()


def test_every_file_that_a_run_leaves_is_named(tmp_path: Path) -> None:
    write_run(tmp_path, name="test-run")
    directory = tmp_path / "test-run"

    names = {p.relative_to(directory).as_posix() for p in directory.rglob("*") if p.is_file()}
    assert {name for name in names if not _is_named(name)} == set()
    assert _is_named(SIGNATURE)


def test_every_column_is_named() -> None:
    assert [column for column in COLUMNS if f"`{column}`" not in PAGE] == []


def test_every_schema_of_a_file_or_a_command_is_linked() -> None:
    linked = set(re.findall(r"\(schemas/v1/([a-z-]+)\.schema\.json\)", PAGE))

    assert set(SCHEMAS) - linked == {"verdict", "finding"}  # parts of the summary


def _is_named(name: str) -> bool:
    """Evidence of a requirement may have any name; all else is named as it is."""
    parts = name.split("/")
    if parts[0] == "nodes":
        return "`nodes/<node>.json`" in PAGE
    if parts[0] != "checks":
        return f"`{name}`" in PAGE
    rest = "/".join(parts[2:]).removeprefix("aiconform-")
    own = f"`checks/<requirement>/{rest}`" in PAGE or f"`{rest}`" in PAGE
    return own or (rest == "objects/pod.json" and "`checks/<requirement>/…`" in PAGE)
