"""`aiconform local`: this machine alone."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiconform.cli import options
from aiconform.model.verdict import FailOn, exit_code

if TYPE_CHECKING:
    from aiconform.cli.alone import Profile


@click.command()
@click.option(
    "--profile",
    type=click.Choice(["quick", "standard", "thorough"]),
    default="quick",
    show_default=True,
    help="How thorough.",
)
@click.option(
    "--engine",
    default="auto",
    show_default=True,
    help="What exercises the devices: auto, torch, jax, python, or a module.",
)
@click.option(
    "--write",
    "write_to",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Also write the results there.",
)
@options.output
@options.fail_on
def local(
    profile: "Profile", engine: str, write_to: Path | None, output: str, fail_on: FailOn
) -> int:
    """
    Exercise this machine alone, without a cluster.

    Runs the same agent that runs on each node: its devices, its memory, what it is made of. Links
    need a second machine, so there is none.

    \b
    Examples:
        aiconform local
        aiconform local --profile standard --write results/this-machine
    """
    from aiconform.cli.alone import exercise, this_machine
    from aiconform.cli.clock import Clock
    from aiconform.cli.names import run_name
    from aiconform.cli.show import note, show_judgement
    from aiconform.judge import judge
    from aiconform.report import write_results

    clock = Clock()
    name = run_name(clock.now()).replace("run-", "local-", 1)
    machine = this_machine(run=name, profile=profile, engine=engine)
    note(f"Exercising {machine.node} ({profile}) …")
    entries = exercise(machine, clock=clock)
    judgement = judge(entries)
    if write_to is not None:
        write_results(write_to, entries, judgement)
        note(f"Written to {write_to}")
    show_judgement(judgement, entries, output=output)
    return exit_code(judgement.verdict, fail_on)
