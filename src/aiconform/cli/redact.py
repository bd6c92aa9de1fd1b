"""`aiconform redact`: results that can be shown to others."""

import tempfile
from pathlib import Path

import click

from aiconform.cli.show import note


@click.command()
@click.argument("results", type=click.Path(path_type=Path, exists=True))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The redacted tarball.",
)
@click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="Made when it is not there. Keep it: with the same key two redacted runs compare.",
)
def redact(results: Path, out: Path, key_file: Path) -> int:
    """
    Replace the names of nodes and pods, and all addresses, by tokens, everywhere.

    \b
    Example:
        aiconform redact --key redact.key results/run-20270114-101500.tar.gz -o shown.tar.gz
    """
    from aiconform.report import archive, load_results, write_results
    from aiconform.report.again import judge_again
    from aiconform.report.load import Results
    from aiconform.report.redact import read_key, redact_files, redacted, replacer
    from aiconform.report.requirement import CHECKS
    from aiconform.report.signing import unpacked

    loaded = load_results(results)
    replace = replacer(loaded.entries, read_key(key_file))
    entries = redacted(loaded.entries, replace)
    with tempfile.TemporaryDirectory(prefix="aiconform-") as scratch:
        target = Path(scratch) / loaded.run
        with unpacked(results) as source:
            for name in redact_files(source / CHECKS, target / CHECKS, replace):
                note(f"left out, because it is no text: {CHECKS}/{name}")
        again = judge_again(Results(loaded.run, entries, loaded.damage))
        write_results(target, entries, again)
        archive(target, out)
    note(f"Written: {out}")
    return 0
