"""
Results of several runs in one place: which was the last, what changed since, which go.

Only a directory that holds a run's journal is taken for a run; anything else is left alone.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiconform.model.verdict import Judgement
from aiconform.report.again import judge_again
from aiconform.report.diff import Comparison, compare
from aiconform.report.diff.text import document, lines
from aiconform.report.files import LIVE_JOURNAL, unwritable, write_file, write_sums
from aiconform.report.load import load_results

_JOURNALS = (LIVE_JOURNAL, f"{LIVE_JOURNAL}.gz")
DIFF_TEXT, DIFF_JSON = "diff.txt", "diff.json"


@dataclass(frozen=True)
class Kept:
    """One run's results; `tarball` may not be there."""

    directory: Path

    @property
    def tarball(self) -> Path:
        return self.directory.with_name(f"{self.directory.name}.tar.gz")

    @property
    def is_finished(self) -> bool:
        return (self.directory / "summary.json").exists()


def earlier_runs(results: Path, *, but: str) -> list[Kept]:
    """All runs there are but one, the oldest first."""
    found = [
        path
        for path in results.iterdir()
        if path.is_dir() and not path.is_symlink() and path.name != but and _holds_a_journal(path)
    ]
    return [Kept(path) for path in sorted(found, key=lambda path: (_changed_s(path), path.name))]


def _holds_a_journal(path: Path) -> bool:
    try:
        return any((path / name).is_file() for name in _JOURNALS)
    except OSError:  # lost+found is root's own
        return False


def forget(runs: Sequence[Kept], *, keep: int) -> list[str]:
    """
    Remove the oldest runs beyond `keep`; returns their names.

    Raises:
        ResultsError: One cannot be removed.
    """
    going = runs[: max(0, len(runs) - keep)]
    for run in going:
        try:
            run.tarball.unlink(missing_ok=True)
            shutil.rmtree(run.directory)
        except OSError as exc:
            raise unwritable(run.directory, exc) from exc
    return [run.directory.name for run in going]


def compare_with_last(
    directory: Path, runs: Sequence[Kept], judgement: Judgement
) -> Comparison | None:
    """
    Write what changed since the last finished run beside this one's results.

    Returns:
        None: there is none to compare with.

    Raises:
        AiconformError: The last one cannot be read, or this one not written to.
    """
    last = next((run for run in reversed(runs) if run.is_finished), None)
    if last is None:
        return None
    found = compare(judge_again(load_results(last.directory)), judgement)
    _write(directory, found)
    return found


def _write(directory: Path, found: Comparison) -> None:
    text = json.dumps(document(found), indent=2, allow_nan=False)
    write_file(directory / DIFF_JSON, [f"{text}\n".encode()])
    write_file(directory / DIFF_TEXT, [f"{line}\n".encode() for line in lines(found)])
    write_sums(directory)


def _changed_s(run: Path) -> float:
    """When its journal had its last word, in Unix seconds."""
    paths = (run / name for name in _JOURNALS)
    return max(path.stat().st_mtime for path in paths if path.is_file())
