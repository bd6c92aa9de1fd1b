"""`aiconform follow`: a run in progress."""

import click

from aiconform.cli import options


@click.command()
@options.namespace
@options.release
@options.output
def follow(namespace: str, release_name: str, output: str) -> int:
    """
    Show a run in progress: who is awaited, why, and for how long still.

    Ends when the results wait to be fetched. With -o json: one document, the status at the end.

    \b
    Examples:
        aiconform follow
        aiconform follow --namespace validation --release nightly
    """
    from aiconform.cli.clock import Clock
    from aiconform.cli.following import Follower
    from aiconform.cli.interrupts import Interrupted, Interrupts
    from aiconform.cli.kubectl_site import KubectlSite
    from aiconform.cli.locating import find_installed
    from aiconform.cli.show import note, say, show_json
    from aiconform.cli.view import make_view

    site, clock = KubectlSite(), Clock()
    installed = find_installed(site, release=release_name, namespace=namespace)
    where = f"--namespace {namespace} --release {release_name}"
    with Interrupts():
        try:
            with make_view(clock) as view:
                followed = Follower(site, installed, view=view, clock=clock).follow()
        except Interrupted as exc:
            note(f"The run goes on. Watch it again by `aiconform follow {where}`.")
            return exc.exit_code
    if followed.problem is not None:
        raise followed.problem
    assert followed.status is not None  # following ended well
    if output == "json":
        show_json(followed.status.model_dump(mode="json"))
        return 0
    status = followed.status
    say(f"{status.run}: {(status.verdict or 'no verdict').upper()} – {status.sentence}")
    say(f"Fetch the results by `aiconform fetch {where}`.")
    return 0
