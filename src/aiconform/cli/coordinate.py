"""`aiconform coordinate`: what the chart's Job runs."""

import asyncio
import os

import click


@click.command(hidden=True)
def coordinate() -> int:
    """
    Run the campaign that the chart's configuration asks for; started by the chart's Job.

    The environment says what to do (AICONFORM_CONFIG and others); people use `aiconform run`.
    """
    from aiconform.campaign.coordinate import coordinate as campaign

    return asyncio.run(campaign(os.environ))
