"""`aiconform verify`: are these results as they were written, and by whom?"""

from pathlib import Path

import click

from aiconform.cli.show import say


@click.command()
@click.argument("results", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="The public key's file. Without it only the sums are checked.",
)
def verify(results: Path, key_file: Path | None) -> int:
    """
    Hold results, a directory or a tarball, to their sums and to their signature.

    \b
    Examples:
        aiconform verify results/run-20270114-101500.tar.gz
        aiconform verify --key site.pub results/run-20270114-101500

    \b
    Exit codes: 0 they hold, 4 they do not, 2 wrong usage or no such key.
    """
    from aiconform.report.minisign import read_public_key
    from aiconform.report.signing import verify_results

    comment = verify_results(results, read_public_key(key_file) if key_file else None)
    say(f"sound, signed: {comment}" if key_file else "sound; no key was given, so not by whom")
    return 0
