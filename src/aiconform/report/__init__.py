"""How a person or a tool reads a run: directory, tarball, terminal, from the journal alone."""

from collections.abc import Sequence
from pathlib import Path

from aiconform.model.records import Entry
from aiconform.model.verdict import Judgement
from aiconform.report.archive import archive, unpack
from aiconform.report.files import verify
from aiconform.report.load import Results, load_results

__all__ = ["Results", "archive", "load_results", "unpack", "verify", "write_results"]


def write_results(directory: Path, entries: Sequence[Entry], judgement: Judgement) -> None:
    """
    Write everything that a run's results consist of, the most important first.

    Raises:
        ResultsError: The volume is full or cannot be written. What was written before stays.
    """
    # Imported when called: templates and YAML take longer to load than most commands run.
    from aiconform.report import write

    write.write_results(directory, entries, judgement)
