"""The top of the page: the verdict, what to do next, and how much of what there is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiconform.catalogue.findings import finding_texts
from aiconform.catalogue.requirements import requirements as known_requirements
from aiconform.model.outcome import WORST_FIRST
from aiconform.model.requirement import Level, RequirementVerdict
from aiconform.model.verdict import Finding, Judgement, Outcome, RunVerdict
from aiconform.report import rows
from aiconform.report.items import State, state_of, with_waiver
from aiconform.report.page.clock import duration, moment
from aiconform.report.page.tables import VERDICT, WHY, Column, Table
from aiconform.report.story import Story

NEXT_STEPS = 3
_SHOWN = 10  # of places, or of records
_UNMET = frozenset({State.FAILED, State.ERRORED})

_RUN_OUTCOMES = {
    RunVerdict.PASS: Outcome.PASS,
    RunVerdict.PASS_WITH_WARNINGS: Outcome.WARN,
    RunVerdict.FAIL: Outcome.FAIL,
    RunVerdict.INCOMPLETE: Outcome.UNKNOWN,
    RunVerdict.ERROR: Outcome.ERROR,
}


@dataclass(frozen=True)
class Tile:
    """How many of one kind there are, by outcome, worst first."""

    title: str
    total: int
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Step:
    """One thing to do: the first finding of its kind, and where else it was found."""

    outcome: str
    code: str
    title: str
    where: str
    sentence: str
    kind: str  # of the action, in words
    action: str
    others: str
    rests_on: str


@dataclass(frozen=True)
class Overview:
    run: str
    word: str
    outcome: str
    sentence: str
    counting: str  # what waivers make of it
    about: str
    tiles: tuple[Tile, ...]
    next_steps: tuple[Step, ...]
    findings: Table
    waivers: tuple[str, ...]


def overview(story: Story, judgement: Judgement) -> Overview:
    found = rows.findings_first(judgement)
    return Overview(
        run=judgement.run,
        word=word(judgement.verdict),
        outcome=_RUN_OUTCOMES[judgement.verdict].value,
        sentence=judgement.sentence,
        counting=rows.counting(judgement),
        about=" · ".join(_about(story)),
        tiles=tuple(_tiles(judgement)),
        next_steps=tuple(_steps(judgement, rows.to_do(judgement))[:NEXT_STEPS]),
        findings=_findings(found),
        waivers=tuple(rows.waiver_lines(judgement)),
    )


def word(verdict: RunVerdict) -> str:
    return verdict.value.replace("_", " ").upper()


def _about(story: Story) -> Iterable[str]:
    if story.surveyed:
        count = len(story.surveyed.nodes)
        yield f"{count} node{'' if count == 1 else 's'}"
        yield f"Kubernetes {story.surveyed.server_version}"
    if story.opened:
        yield f"profile {story.opened.config.profile}"
        yield f"aiconform {story.opened.version}"
    if story.started_at is not None and story.finished_at is not None:
        yield f"from {moment(story.started_at)}, {duration(story.finished_at - story.started_at)}"


def _tiles(judgement: Judgement) -> Iterable[Tile]:
    told = {
        "Requirements": [verdict.outcome for verdict in judgement.requirements],
        "Nodes": [v.outcome for v in judgement.verdicts if v.item == "node"],
        "Devices and memory": [v.outcome for v in rows.alone(judgement)],
        "Links": [rows.outcome_of(pair) for pair in rows.between(judgement).values()],
    }
    for title, outcomes in told.items():
        counts = Counter(outcomes)
        ordered = tuple((o.value, counts[o]) for o in WORST_FIRST if counts[o])
        if outcomes:
            yield Tile(title, len(outcomes), ordered)


def _findings(found: Sequence[Finding]) -> Table:
    columns = (VERDICT, Column("Code"), Column("Where"), WHY, Column("Action"), Column("How"))
    cells = [
        (
            f.outcome.value,
            f.code,
            str(f.subject),
            with_waiver(f.sentence, f.waived),
            f.action_kind.words,
            f.action,
        )
        for f in found
    ]
    return Table("findings", "Every finding, worst first", columns, cells)


def _steps(judgement: Judgement, found: Sequence[Finding]) -> list[Step]:
    """
    Worst first, requirements beside findings. Findings of one kind are one thing to do, at several
    places; a requirement that was not shown is one, unless it need not be met.
    """
    unmet = [
        _requirement_step(verdict)
        for verdict in judgement.requirements
        if verdict.waived is None
        and state_of(verdict.outcome, required=verdict.level is Level.MUST) in _UNMET
    ]
    order = [outcome.value for outcome in WORST_FIRST]
    return sorted([*_finding_steps(found), *unmet], key=lambda step: order.index(step.outcome))


def _requirement_step(verdict: RequirementVerdict) -> Step:
    known = known_requirements().get(verdict.id)
    return Step(
        outcome=verdict.outcome.value,
        code=verdict.id,
        title=verdict.level.value,
        where=known.title if known else verdict.id,
        sentence=verdict.sentence,
        kind=rows.requirement_action(verdict).words,
        action="Look at its assertions and evidence below, mend what they name, and run again.",
        others="",
        rests_on=_some(verdict.evidence) or "its steps",
    )


def _finding_steps(found: Sequence[Finding]) -> list[Step]:
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for finding in found:
        # What stopped a run is told one by one: each has a cause of its own.
        apart = finding.sentence if finding.outcome is Outcome.ERROR else ""
        alike = (finding.code, f"{finding.outcome}{finding.action_kind}{apart}")
        kinds.setdefault(alike, []).append(finding)
    return [_step(alike) for alike in kinds.values()]


def _step(alike: Sequence[Finding]) -> Step:
    first = alike[0]
    text = finding_texts().get(first.code)
    return Step(
        outcome=first.outcome.value,
        code=first.code,
        title=text.title if text else "",
        where=str(first.subject),
        sentence=first.sentence,
        kind=first.action_kind.words,
        action=first.action,
        others=_some([str(finding.subject) for finding in alike[1:]]),
        rests_on=_some(first.rests_on) or "no record",
    )


def _some(words: Sequence[str]) -> str:
    shown = ", ".join(words[:_SHOWN])
    return f"{shown} and {len(words) - _SHOWN} more" if len(words) > _SHOWN else shown
