"""`aiconform sign`: vouch for results with a key."""

from pathlib import Path

import click

from aiconform.cli.show import note


@click.command()
@click.argument("results", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    metavar="FILE",
    help="The secret key's file, as `minisign -G -W` makes it.",
)
def sign(results: Path, key_file: Path) -> int:
    """
    Sign the SHA256SUMS of results, a directory or a tarball; anyone can check it offline.

    \b
    Example:
        minisign -G -W -p site.pub -s site.key
        aiconform sign --key site.key results/run-20270114-101500.tar.gz
        aiconform verify --key site.pub results/run-20270114-101500.tar.gz
    """
    from aiconform.report.minisign import read_secret_key
    from aiconform.report.signing import sign_results

    sign_results(results, read_secret_key(key_file))
    note(f"Signed: {results}")
    return 0
