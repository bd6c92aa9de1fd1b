"""`aiconform coordinate`: what the chart's Job runs."""

import asyncio
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiconform.cli.show import note
from aiconform.model.errors import AiconformError, ConfigError
from aiconform.model.records import Entry
from aiconform.model.verdict import Judgement

if TYPE_CHECKING:
    from aiconform.report.keeping import Kept

# As the shell has it for SIGTERM. Not one of a verdict's: the Job then starts another pod.
EXIT_TERMINATED = 143

Archive = Callable[[Path, Path, Sequence[Entry], Judgement], str]


@click.command(hidden=True)
def coordinate() -> int:
    """
    Run the campaign that the chart's configuration asks for; started by the chart's Job.

    The environment says what to do (AICONFORM_CONFIG and others); people use `aiconform run`.
    """
    from aiconform.campaign.coordinate import coordinate as campaign

    try:
        archive = chosen_archive(os.environ.get("AICONFORM_KEEP_RESULTS", ""))
        return asyncio.run(campaign(os.environ, archive=archive))
    except asyncio.CancelledError:
        return EXIT_TERMINATED


def chosen_archive(keep: str) -> Archive:
    """
    Of a schedule, whose results lie beside each other, so many runs are kept.

    Raises:
        ConfigError: That is no number.
    """
    if not keep:
        return archive_results
    if not keep.isdecimal() or int(keep) < 1:
        raise ConfigError(f"AICONFORM_KEEP_RESULTS is {keep!r}", hint="Set schedule.keepResults")
    return partial(archive_among_others, keep=int(keep))


def archive_results(
    directory: Path, tarball: Path, entries: Sequence[Entry], judgement: Judgement
) -> str:
    from aiconform import report

    report.write_results(directory, entries, judgement)
    return report.archive(directory, tarball)


def archive_among_others(
    directory: Path, tarball: Path, entries: Sequence[Entry], judgement: Judgement, *, keep: int
) -> str:
    """Compared with the last run, and in the place of the oldest when there are enough."""
    from aiconform import report
    from aiconform.report.diff.text import lines
    from aiconform.report.keeping import compare_with_last, earlier_runs

    others = earlier_runs(directory.parent, but=directory.name)
    # Before anything is written: the volume may be full of them. This run is one of those kept,
    # and the last one is needed for the comparison.
    _forget(others, keep=max(keep - 1, 1))
    report.write_results(directory, entries, judgement)
    try:
        found = compare_with_last(directory, others[-max(keep - 1, 1) :], judgement)
    except AiconformError as exc:
        note(f"not compared with the run before: {exc}")
    else:
        for line in lines(found) if found else ():
            note(line)
    if keep == 1:
        _forget(others[-1:], keep=0)
    return report.archive(directory, tarball)


def _forget(runs: "Sequence[Kept]", *, keep: int) -> None:
    """An old run that does not go costs this one nothing."""
    from aiconform.report.keeping import forget

    try:
        for name in forget(runs, keep=keep):
            note(f"removed the results of {name}")
    except AiconformError as exc:
        note(f"not removed: {exc}")
