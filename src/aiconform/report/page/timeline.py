"""What happened when: stages and rounds as bars, and a list of what a reader would ask about."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiconform.model.records import (
    Entry,
    NodeChanged,
    RoundClosed,
    RoundOpened,
    RunClosed,
    RunResumed,
    StageEntered,
    Trouble,
)
from aiconform.report.page.clock import duration
from aiconform.report.page.tables import Column, Table
from aiconform.report.story import Story

_STUCK = frozenset({"failed", "lost"})


@dataclass(frozen=True)
class Span:
    """A bar: where it begins and how long it is, in percent of the run."""

    kind: str
    name: str
    begins: float
    length: float
    told: str


@dataclass(frozen=True)
class Timeline:
    spans: tuple[Span, ...]
    lasted: str
    events: Table


def timeline(story: Story) -> Timeline:
    start, end = story.started_at or 0.0, story.finished_at or 0.0
    spans = [*_stages(story.entries, end), *_rounds(story.entries, end)]
    return Timeline(
        spans=tuple(_span(*each, start=start, total_s=max(end - start, 1e-9)) for each in spans),
        lasted=duration(end - start),
        events=_events(story, start),
    )


def _span(
    kind: str, name: str, began: float, ended: float, *, start: float, total_s: float
) -> Span:
    return Span(
        kind=kind,
        name=name,
        begins=round(100 * (began - start) / total_s, 3),
        length=round(max(100 * (ended - began) / total_s, 0.2), 3),
        told=f"{name}: {duration(ended - began)}, after {duration(began - start)}",
    )


def _stages(entries: Sequence[Entry], end: float) -> Iterator[tuple[str, str, float, float]]:
    entered = [(e.at, e.record.stage) for e in entries if isinstance(e.record, StageEntered)]
    for i, (at, stage) in enumerate(entered):
        yield "stage", stage, at, entered[i + 1][0] if i + 1 < len(entered) else end


def _rounds(entries: Sequence[Entry], end: float) -> Iterator[tuple[str, str, float, float]]:
    closed = {e.record.round: e.at for e in entries if isinstance(e.record, RoundClosed)}
    for entry in entries:
        if isinstance(entry.record, RoundOpened):
            number = entry.record.round
            yield "round", f"round {number}", entry.at, closed.get(number, end)


def _events(story: Story, start: float) -> Table:
    rows = [
        (f"{entry.at - start:.1f} s", *told) for entry in story.entries if (told := _told(entry))
    ]
    went_well = Counter(
        e.record.state
        for e in story.entries
        if isinstance(e.record, NodeChanged) and e.record.state not in _STUCK
    )
    counts = ", ".join(f"{count} × {state}" for state, count in sorted(went_well.items()))
    caption = "What happened" + (f"; node states without trouble: {counts}" if counts else "")
    return Table("events", caption, (Column("After"), Column("What"), Column("Detail")), rows)


def _told(entry: Entry) -> tuple[str, str] | None:
    match entry.record:
        case StageEntered(stage=stage):
            return f"stage {stage}", ""
        case NodeChanged(node=node, state=state, reason=reason, sentence=sentence):
            return (f"{node} {state}", f"{reason}: {sentence}") if state in _STUCK else None
        case RoundOpened(round=number, purpose=purpose, pairs=pairs):
            return f"round {number} began", f"{purpose}, {len(pairs)} pairs"
        case RoundClosed(round=number, not_run=not_run):
            return f"round {number} ended", f"{len(not_run)} pairs did not run" if not_run else ""
        case RunResumed(pod=pod, sentence=sentence):
            return f"resumed by {pod}", sentence
        case Trouble(where=where, sentence=sentence):
            return f"trouble: {where}", sentence
        case RunClosed(how=how, sentence=sentence):
            return f"closed: {how}", sentence
        case _:
            return None
