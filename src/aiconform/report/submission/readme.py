"""README.md of a submission: how it was run, and what is claimed on which ground (pure)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from aiconform import __version__
from aiconform.report.scrub import printable
from aiconform.report.story import Story
from aiconform.report.submission.checklist import Checklist
from aiconform.report.submission.claims import Claim
from aiconform.report.submission.product import ProductMetadata


def readme(
    product: ProductMetadata,
    checklist: Checklist,
    claims: Sequence[Claim],
    *,
    story: Story,
    remarks: Sequence[str],
) -> str:
    """Markdown. What comes from the run is made harmless for it."""
    return "\n".join(
        [
            f"# {_inline(product.platform_name)} {_inline(product.platform_version)}:"
            f" Kubernetes AI Conformance v{checklist.version}",
            "",
            *_how(story, checklist),
            *_list("Remarks", remarks),
            *_table(claims),
            *_list("Left open", _open(claims)),
            *_artifacts(claims),
        ]
    )


def _how(story: Story, checklist: Checklist) -> Iterator[str]:
    opened, surveyed = story.opened, story.surveyed
    yield "## How it was run"
    yield ""
    if opened is not None:
        yield f"- run `{_code(opened.run)}`, aiconform {_inline(opened.version)},"
        yield f"  profile {_inline(opened.config.profile)}"
    if surveyed is not None:
        nodes = len(surveyed.nodes)
        yield f"- cluster: Kubernetes {_inline(surveyed.server_version)}, nodes: {nodes}"
    if story.started_at is not None and story.finished_at is not None:
        yield f"- from {_time(story.started_at)} to {_time(story.finished_at)}"
    yield f"- filled in by aiconform {__version__} from the checklist {_inline(checklist.name)}"
    yield ""
    yield "To repeat it on a cluster of this product:"
    yield ""
    yield "```console"
    yield "aiconform run"
    yield f"aiconform submission --checklist {_code(checklist.name)} --product product.yaml \\"
    yield "  results/<run>.tar.gz -o <directory>"
    yield "```"
    yield ""


def _table(claims: Sequence[Claim]) -> Iterator[str]:
    yield "## Requirements"
    yield ""
    yield "| requirement | level | status | what the run found | test |"
    yield "|---|---|---|---|---|"
    for claim in claims:
        status = claim.answer.status or "(left empty)"
        test = f"`{claim.test}`" if claim.test else ""
        told = _inline(f"{claim.reason}: {claim.sentence}")
        yield f"| `{_code(claim.item.id)}` | {claim.item.level} | {status} | {told} | {test} |"
    yield ""


def _open(claims: Sequence[Claim]) -> list[str]:
    return [
        f"{claim.item.id} ({claim.item.level}): {claim.reason}, {claim.sentence}"
        for claim in claims
        if claim.is_empty
    ]


def _artifacts(claims: Sequence[Claim]) -> Iterator[str]:
    if any(claim.test for claim in claims):
        yield "## The artifacts"
        yield ""
        yield "Each requirement has a set of its own under `evidence/<requirement>/`, made by"
        yield "aiconform and not by the upstream test suite. `verdict.json` has every step."
        yield ""


def _list(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"## {title}"
        yield ""
        yield from (f"- {_inline(line)}" for line in lines)
        yield ""


def _inline(text: str) -> str:
    """Text that markdown takes for text: no links, tables, tags or code."""
    shown = printable(text)
    return "".join(f"\\{char}" if char in "\\`*_[]<>|#!" else char for char in shown)


def _code(text: str) -> str:
    return printable(text).replace("`", "'")


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
