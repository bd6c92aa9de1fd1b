"""`aiconform fetch`: the results of a run that was installed by hand, or kept."""

from pathlib import Path

import click

from aiconform.cli import options
from aiconform.model.verdict import FailOn, exit_code


@click.command()
@options.namespace
@options.release
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Where results go: DIR/<run>/ and DIR/<run>.tar.gz.",
)
@click.option(
    "--release-pod/--no-release",
    default=True,
    help="Whether the coordinator may end afterwards.  [default: it may]",
)
@options.fail_on
@options.output
def fetch(
    namespace: str,
    release_name: str,
    results: Path,
    release_pod: bool,
    fail_on: FailOn,
    output: str,
) -> int:
    """
    Bring the results here, verify them, and let the coordinator end.

    Waits when the run is not over yet. The exit code is the run's verdict.

    \b
    Examples:
        aiconform fetch
        aiconform fetch --results /tmp/results --no-release
    """
    from aiconform.cli.clock import Clock
    from aiconform.cli.fetching import Source, fetch_results, release
    from aiconform.cli.following import Follower
    from aiconform.cli.interrupts import Interrupted, Interrupts
    from aiconform.cli.kubectl_site import KubectlSite
    from aiconform.cli.locating import find_installed
    from aiconform.cli.main import EXIT_BROKEN, tell
    from aiconform.cli.show import note, show_judgement
    from aiconform.cli.view import make_view

    site, clock = KubectlSite(), Clock()
    installed = find_installed(site, release=release_name, namespace=namespace)
    with Interrupts():
        try:
            with make_view(clock) as view:
                followed = Follower(site, installed, view=view, clock=clock).follow()
            source = Source.of(site, installed, followed, results)
            fetched, problem = fetch_results(source, followed.status, note)
            if release_pod:
                release(source)
        except Interrupted as exc:
            note("Interrupted; the results are still in the pod.")
            return exc.exit_code
    show_judgement(fetched.judgement, fetched.entries, output=output)
    note(f"Results: {fetched.tarball or fetched.directory}")
    if problem is not None:
        tell(problem)
        return EXIT_BROKEN
    return exit_code(fetched.judgement.counted, fail_on)
