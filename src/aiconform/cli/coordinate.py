"""`aiconform coordinate`: what the chart's Job runs."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import click

from aiconform.model.records import Entry
from aiconform.model.verdict import Judgement


@click.command(hidden=True)
def coordinate() -> int:
    """
    Run the campaign that the chart's configuration asks for; started by the chart's Job.

    The environment says what to do (AICONFORM_CONFIG and others); people use `aiconform run`.
    """
    from aiconform.campaign.coordinate import coordinate as campaign

    return asyncio.run(campaign(os.environ, archive=_archive))


def _archive(directory: Path, tarball: Path, entries: Sequence[Entry], judgement: Judgement) -> str:
    from aiconform import report

    report.write_results(directory, entries, judgement)
    return report.archive(directory, tarball)
