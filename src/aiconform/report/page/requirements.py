"""The requirements of AI conformance: verdict, reason, what was asserted, and the evidence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from aiconform.catalogue.requirements import requirements as known_requirements
from aiconform.model.outcome import WORST_FIRST
from aiconform.model.requirement import RequirementVerdict
from aiconform.report.items import with_waiver
from aiconform.report.page.clock import duration
from aiconform.report.requirement import CHECKS, VERDICT, artifact_names


@dataclass(frozen=True)
class Link:
    """A file beside the page; `target` is relative and safe as an address."""

    text: str
    target: str


@dataclass(frozen=True)
class Assertion:
    outcome: str
    name: str
    sentence: str
    told_only: bool  # it decides nothing
    took: str


@dataclass(frozen=True)
class Line:
    """One requirement."""

    id: str
    title: str
    category: str
    shows: str
    level: str
    outcome: str
    reason: str
    sentence: str
    notes: tuple[str, ...]
    assertions: tuple[Assertion, ...]
    links: tuple[Link, ...]


def requirement_lines(verdicts: Sequence[RequirementVerdict]) -> list[Line]:
    """Worst first, a MUST before a SHOULD."""
    ranked = sorted(verdicts, key=lambda v: (WORST_FIRST.index(v.outcome), v.level.value, v.id))
    return [_line(verdict) for verdict in ranked]


def _line(verdict: RequirementVerdict) -> Line:
    known = known_requirements().get(verdict.id)
    return Line(
        id=verdict.id,
        title=known.title if known else verdict.id,
        category=known.category if known else "",
        shows=known.shows if known else "",
        level=verdict.level.value,
        outcome=verdict.outcome.value,
        reason=verdict.reason,
        sentence=with_waiver(verdict.sentence, verdict.waived),
        notes=verdict.notes,
        assertions=tuple(
            Assertion(s.outcome.value, s.name, s.sentence, not s.mandatory, duration(s.duration_s))
            for s in verdict.steps
        ),
        links=tuple(_links(verdict)),
    )


def _links(verdict: RequirementVerdict) -> Iterable[Link]:
    for name in (VERDICT, *artifact_names(verdict), *verdict.evidence):
        yield Link(name, quote(f"{CHECKS}/{verdict.id}/{name}"))
