"""`aiconform submission`: fill in the official checklist from a run, or lint what was filled in."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiconform.cli.show import note, say, show_json

if TYPE_CHECKING:
    from aiconform.report.submission import Remark, Submission

_CLEAN, _FINDINGS, _NOT_ALL_CLAIMED = 0, 1, 2
_EXISTING = click.Path(path_type=Path, exists=True)


@click.command()
@click.argument("results", type=_EXISTING, required=False)
@click.option(
    "--checklist",
    "checklist_file",
    type=_EXISTING,
    metavar="FILE",
    help="The official AIConformance-<version>.yaml, empty. With --lint: what to compare with.",
)
@click.option(
    "--product",
    "product_file",
    type=_EXISTING,
    metavar="FILE",
    help="product.yaml: the product's particulars, and evidence by hand.",
)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="DIR", help="Where the submission goes."
)
@click.option("--lint", "lint_directory", type=_EXISTING, metavar="DIR", help="Lint a submission.")
@click.option(
    "--other-version",
    is_flag=True,
    help="Accept a run on another Kubernetes version than the checklist's; its README says so.",
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Lines for people, or one JSON document.",
)
def submission(
    results: Path | None,
    checklist_file: Path | None,
    product_file: Path | None,
    out: Path | None,
    lint_directory: Path | None,
    other_version: bool,
    output: str,
) -> int:
    """
    Fill in the official checklist from a run, or lint a submission offline.

    RESULTS is the tarball or the directory of a run. Implemented is claimed only where the run
    shows it; what it could not test stays empty and is listed.

    \b
    Examples:
        aiconform submission --checklist AIConformance-1.37.yaml --product product.yaml \\
            results/run-20270114-101500.tar.gz -o v1.37/turbo-encabulator
        aiconform submission --lint v1.37/turbo-encabulator

    \b
    Exit codes: 0 every MUST is claimed, 2 some are not (or the usage is wrong);
    with --lint 0 clean, 1 findings.
    """
    if lint_directory is not None:
        _only_lint(results, product_file, out)
        return _lint(lint_directory, checklist_file, output)
    if results is None or checklist_file is None or product_file is None or out is None:
        raise click.UsageError("RESULTS, --checklist, --product and -o are needed, or --lint DIR")
    from aiconform.report.submission import make_submission, read_checklist, read_product

    made = make_submission(
        results,
        checklist=read_checklist(checklist_file),
        product=read_product(product_file),
        directory=out,
        other_version=other_version,
    )
    if output == "json":
        show_json(_document(made))
    else:
        _show(made)
    return _NOT_ALL_CLAIMED if made.unsettled or not made.is_clean else _CLEAN


def _only_lint(*others: object) -> None:
    if any(other is not None for other in others):
        raise click.UsageError("--lint takes its directory and --checklist, nothing else")


def _lint(directory: Path, checklist_file: Path | None, output: str) -> int:
    from aiconform.report.submission import is_clean, lint, read_checklist

    checklist = None if checklist_file is None else read_checklist(checklist_file)
    remarks = lint(directory, checklist)
    clean = is_clean(remarks)
    if output == "json":
        show_json({"clean": clean, "findings": [remark.as_json() for remark in remarks]})
    else:
        _show_remarks(remarks)
        say("clean" if clean else f"not clean: {sum(_counts(r) for r in remarks)} to mend")
    return _CLEAN if clean else _FINDINGS


def _counts(remark: "Remark") -> bool:
    return remark.severity == "error"


def _show(made: "Submission") -> None:
    for remark in made.remarks:
        note(f"note: {remark}")
    width = max(len(claim.item.id) for claim in made.claims)
    for claim in made.claims:
        status = claim.answer.status or "(left empty)"
        told = "" if claim.answer.status == "Implemented" else f"{claim.reason}: {claim.sentence}"
        say(f"{claim.item.id:{width}}  {claim.item.level:6}  {status:21}  {told}".rstrip())
    say()
    if made.unsettled:
        say(f"not claimed, though a MUST: {', '.join(c.item.id for c in made.unsettled)}")
    else:
        say("every MUST is claimed")
    _show_remarks(made.further_remarks)
    say(f"written to {made.directory}")


def _show_remarks(remarks: "tuple[Remark, ...]") -> None:
    for remark in remarks:
        say(f"{remark.severity}: {remark.where} {remark.problem} [{remark.rule}]")
        say(f"  → {remark.mend}")


def _document(made: "Submission") -> dict[str, Any]:
    return {
        "directory": str(made.directory),
        "version": made.version,
        "complete": not made.unsettled,
        "unclaimed_musts": [claim.item.id for claim in made.unsettled],
        "requirements": [
            {
                "id": claim.item.id,
                "level": claim.item.level,
                "status": claim.answer.status,
                "reason": claim.reason,
                "sentence": claim.sentence,
                "evidence": list(claim.answer.evidence),
                "notes": claim.answer.notes,
            }
            for claim in made.claims
        ],
        "remarks": list(made.remarks),
        "lint": [remark.as_json() for remark in made.lint],
    }
