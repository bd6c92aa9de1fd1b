"""`aiconform report`: read a run back and judge it anew."""

from datetime import UTC, datetime
from pathlib import Path

import click

from aiconform.cli import options
from aiconform.cli.show import note, show_judgement
from aiconform.model.errors import ResultsError
from aiconform.model.verdict import FailOn, exit_code


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "--write",
    "write_to",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Also write every file of the results there.",
)
@click.option(
    "--references",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Your own figures (YAML) in place of those that the run was given.",
)
@click.option(
    "--checklist",
    default="",
    metavar="VERSION",
    help="Judge requirements against this version of the checklist, e.g. 1.36.",
)
@options.waivers
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DAY",
    help="The day that decides which waivers have expired.  [default: today]",
)
@options.output
@options.fail_on
def report(
    results: Path,
    write_to: Path | None,
    references: Path | None,
    checklist: str,
    waivers_file: Path | None,
    on: datetime | None,
    output: str,
    fail_on: FailOn,
) -> int:
    """
    Judge a finished run again, offline, from its journal.

    RESULTS is the tarball, the unpacked directory, or the journal alone. Only the journal is read:
    the verdict is made anew from the facts, whatever a summary beside it says. Waivers in a file
    take the place of those that the run was given.

    \b
    Examples:
        aiconform report results/run-20270114-101500.tar.gz
        aiconform report results/run-20270114-101500 -o json | jq .findings
        aiconform report old.tar.gz --write old/
        aiconform report old.tar.gz --references site.yaml
        aiconform report old.tar.gz --waivers waivers.yaml
    """
    from aiconform.cli.waivers import read_waivers
    from aiconform.model.reference import parse_references
    from aiconform.report import load_results, write_results
    from aiconform.report.again import judge_again

    _warn_of_changes(results)
    loaded = load_results(results)
    for damage in loaded.damage:
        note(f"damaged: {damage}")
    own = parse_references(references.read_text(encoding="utf-8")) if references else None
    judgement = judge_again(
        loaded,
        references=own,
        checklist=checklist,
        waivers=None if waivers_file is None else read_waivers(waivers_file).waivers,
        on=(on or datetime.now(UTC)).date(),
    )
    if write_to is not None:
        write_results(write_to, loaded.entries, judgement)
        note(f"Written to {write_to}")
    show_judgement(judgement, loaded.entries, output=output)
    return exit_code(judgement.counted, fail_on)


def _warn_of_changes(results: Path) -> None:
    """A changed file is worth a word, and no reason to refuse: the journal proves itself."""
    from aiconform.report import verify
    from aiconform.report.files import SUMS

    if results.is_dir() and (results / SUMS).exists():
        try:
            verify(results)
        except ResultsError as exc:
            note(f"warning: {exc.problem}")
