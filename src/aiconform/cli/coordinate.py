"""`aiconform coordinate`: what the chart's Job runs."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import click

from aiconform.model.records import Entry
from aiconform.model.verdict import Judgement

# As the shell has it for SIGTERM. Not one of a verdict's: the Job then starts another pod.
EXIT_TERMINATED = 143


@click.command(hidden=True)
def coordinate() -> int:
    """
    Run the campaign that the chart's configuration asks for; started by the chart's Job.

    The environment says what to do (AICONFORM_CONFIG and others); people use `aiconform run`.
    """
    from aiconform.campaign.coordinate import coordinate as campaign

    try:
        return asyncio.run(campaign(os.environ, archive=archive_results))
    except asyncio.CancelledError:
        return EXIT_TERMINATED


def archive_results(
    directory: Path, tarball: Path, entries: Sequence[Entry], judgement: Judgement
) -> str:
    from aiconform import report

    report.write_results(directory, entries, judgement)
    return report.archive(directory, tarball)
