"""`aiconform run`: the whole way, from installing to an empty cluster and a verdict."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiconform.cli import options
from aiconform.model.verdict import FailOn, exit_code

if TYPE_CHECKING:
    from aiconform.cli.fetching import Fetched


_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")  # as RunConfig has it


def _checked_name(_ctx: click.Context, _parameter: click.Parameter, name: str | None) -> str | None:
    if name is not None and not _NAME.fullmatch(name):
        raise click.BadParameter("up to 40 small letters, digits and dashes, no dash at the ends")
    return name


@click.command()
@click.option(
    "--chart",
    type=click.Path(path_type=Path),
    help="A chart's directory or package instead of our own.",
)
@options.values
@options.sets
@options.checks
@click.option(
    "--name", callback=_checked_name, help="Name of the run.  [default: run-<date>-<time>]"
)
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Where results go: DIR/<run>/ and DIR/<run>.tar.gz.",
)
@options.waivers
@click.option(
    "--rerun-failed",
    type=click.Path(path_type=Path),
    metavar="RESULTS",
    help="Only what did not pass in this earlier result: its nodes, links and requirements.",
)
@options.namespace
@options.release
@click.option("--keep", is_flag=True, help="Leave everything installed, and say how to go on.")
@options.fail_on
@options.output
def run(
    chart: Path | None,
    value_files: tuple[str, ...],
    sets: tuple[str, ...],
    checks: tuple[str, ...],
    name: str | None,
    results: Path,
    waivers_file: Path | None,
    rerun_failed: Path | None,
    namespace: str,
    release_name: str,
    keep: bool,
    fail_on: FailOn,
    output: str,
) -> int:
    """
    Install, follow, fetch the results, show the verdict, remove everything.

    Needs kubectl and helm, and acts with the rights of your kubeconfig (`aiconform rights`). Ctrl-C
    stops the run, fetches what there is and removes what was made; twice, it removes at once.

    \b
    Examples:
        aiconform run
        aiconform run --set run.profile=quick --set run.probes.tcp=false
        aiconform run --values site.yaml --name after-upgrade --fail-on fail
        aiconform run --checks all
        aiconform run --waivers waivers.yaml
        aiconform run --rerun-failed results/run-20270114-101500.tar.gz
    """
    from aiconform.cli.charts import find_chart
    from aiconform.cli.clock import Clock
    from aiconform.cli.interrupts import Interrupted, Interrupts
    from aiconform.cli.kubectl_site import KubectlSite
    from aiconform.cli.main import EXIT_BROKEN, tell
    from aiconform.cli.names import run_name
    from aiconform.cli.rerun import narrowed, read_again
    from aiconform.cli.running import Order, Running
    from aiconform.cli.show import note, show_judgement
    from aiconform.cli.site import ChartArguments
    from aiconform.cli.view import make_view
    from aiconform.cli.waivers import read_waivers

    def show(fetched: "Fetched") -> None:
        show_judgement(fetched.judgement, fetched.entries, output=output)
        note(f"Results: {fetched.tarball or fetched.directory}")
        note(f"To read: {fetched.directory / 'report.html'}")

    if rerun_failed is not None and checks:
        raise click.UsageError("--rerun-failed chooses the checks itself: leave --checks out")
    set_files = () if waivers_file is None else (read_waivers(waivers_file).as_set_file,)
    again = None if rerun_failed is None else read_again(rerun_failed)
    if again is not None and again.is_empty:
        return 0
    clock = Clock()
    with narrowed(again) as narrowing, Interrupts() as interrupts:
        arguments = ChartArguments(
            find_chart(chart),
            (*value_files, *narrowing),
            (*sets, *checks),
            name or run_name(clock.now()),
            set_files=set_files,
        )
        order = Order(arguments, release_name, namespace, results, keep)
        try:
            ended = Running(
                KubectlSite(),
                order,
                clock=clock,
                interrupts=interrupts,
                view=lambda: make_view(clock),
                say=note,
                show=show,
            ).run()
        except Interrupted as exc:
            note("Interrupted.")
            return exc.exit_code
    if ended.problem is not None:
        tell(ended.problem)
        return EXIT_BROKEN
    assert ended.fetched is not None  # without a problem there are results
    return exit_code(ended.fetched.judgement.counted, fail_on)
