"""`aiconform diff`: what changed between two runs."""

from pathlib import Path

import click

from aiconform.cli import options
from aiconform.cli.show import note, say, show_json

_RESULTS = click.Path(path_type=Path, exists=True)


@click.command()
@click.argument("before", type=_RESULTS)
@click.argument("after", type=_RESULTS)
@options.output
def diff(before: Path, after: Path, output: str) -> int:
    """
    Say what changed from run BEFORE to run AFTER: by requirement, node, device and link.

    Each is the tarball, the directory or the journal of a run. Both are judged anew by the same
    rules. A figure counts as changed when it left the noise of its kind between the two runs.

    \b
    Examples:
        aiconform diff october.tar.gz november.tar.gz
        aiconform diff october.tar.gz november.tar.gz -o json | jq '.changes[].name'

    \b
    Exit codes: 0 nothing is worse, 1 something is worse, 2 wrong usage,
    3 nothing is worse, but something is not tested any more.
    """
    from aiconform.report import load_results
    from aiconform.report.again import judge_again
    from aiconform.report.diff import compare
    from aiconform.report.diff.text import document, lines

    judged = []
    for path in (before, after):
        loaded = load_results(path)
        for damage in loaded.damage:
            note(f"damaged: {path}: {damage}")
        judged.append(judge_again(loaded))
    found = compare(*judged)
    if output == "json":
        show_json(document(found))
    else:
        for line in lines(found):
            say(line)
    return found.exit_code
