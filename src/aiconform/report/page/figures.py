"""What the accelerators and memories measured, each figure among its peers."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from aiconform.model.outcome import WORST_FIRST
from aiconform.model.verdict import Figure, Judgement, Outcome, Verdict
from aiconform.report.page.marks import Drawing, Mark, box, line, path
from aiconform.report.rows import figure_text

WIDTH, HEIGHT = 640.0, 96.0
BINS = 48
_BLOCK = WIDTH / BINS
_FOOT = 18.0  # room for the axis
_LEAST = 3.0  # one bad device among thousands is still seen


@dataclass(frozen=True)
class Spread:
    """One metric of like devices: a histogram, coloured by verdict."""

    title: str
    told: str
    compared_with: str
    drawing: Drawing
    low: str
    high: str
    middle: str
    middle_percent: float  # where along the axis the median lies


@dataclass(frozen=True)
class _Value:
    value: float
    outcome: Outcome


def spreads(judgement: Judgement) -> list[Spread]:
    """One for each metric and class; the metrics in the order in which they were judged."""
    found: dict[tuple[str, str, str, str], list[_Value]] = defaultdict(list)
    for verdict, figure in _figures(judgement.verdicts):
        key = (verdict.item, figure.metric, figure.unit, figure.compared_with)
        found[key].append(_Value(figure.value, _colour(verdict)))
    return [_spread(key, values) for key, values in found.items()]


def _figures(verdicts: Iterable[Verdict]) -> Iterable[tuple[Verdict, Figure]]:
    for verdict in verdicts:
        if verdict.subject.node and not verdict.subject.peer and verdict.item != "node":
            for figure in verdict.figures:
                if figure.unit != "count":
                    yield verdict, figure


def _colour(verdict: Verdict) -> Outcome:
    """A figure with nothing to compare it with is shown as it is, not as something amiss."""
    open_by_nature = verdict.outcome is Outcome.UNKNOWN and not verdict.required
    return Outcome.SKIP if open_by_nature else verdict.outcome


def _spread(key: tuple[str, str, str, str], values: Sequence[_Value]) -> Spread:
    item, metric, unit, compared_with = key
    numbers = [each.value for each in values]
    low, high, middle = min(numbers), max(numbers), median(numbers)
    span = high - low

    def text(value: float) -> str:
        return figure_text(Figure(metric=metric, value=value, unit=unit))

    told = f"{len(values)} measured, from {text(low)} to {text(high)}, median {text(middle)}"
    at = 0.5 if span == 0 else (middle - low) / span
    return Spread(
        title=item if metric == item else f"{item}: {metric.replace('_', ' ')}",
        told=told,
        compared_with=compared_with or "nothing to compare with",
        drawing=Drawing(WIDTH, HEIGHT, f"{item}: {told}", _marks(values, low, span, at)),
        low=text(low),
        high=text(high),
        middle=text(middle),
        middle_percent=100 * at,
    )


def _marks(values: Sequence[_Value], low: float, span: float, middle: float) -> tuple[Mark, ...]:
    bins: list[dict[Outcome, int]] = [{} for _ in range(BINS)]
    for each in values:
        at = 0.5 if span == 0 else (each.value - low) / span
        slot = bins[min(BINS - 1, int(at * BINS))]
        slot[each.outcome] = slot.get(each.outcome, 0) + 1
    room = HEIGHT - _FOOT
    # One device is one square while there is room for squares.
    scale = min(_BLOCK, room / max(sum(slot.values()) for slot in bins))
    pieces: dict[Outcome, list[str]] = {}
    for i, slot in enumerate(bins):
        foot = room
        for outcome in WORST_FIRST:  # the worst at the bottom, where they cannot be missed
            if count := slot.get(outcome, 0):
                height = max(count * scale, _LEAST)
                foot -= height
                bar = box(round(i * _BLOCK, 2), round(foot, 2), round(_BLOCK - 1, 2), height - 0.5)
                pieces.setdefault(outcome, []).append(bar)
    bars = [mark for o, found in pieces.items() for mark in path(f"f-{o.value}", found)]
    axis = path("axis", [line(0, room, WIDTH, room)])
    return (*bars, *axis, *path("median", [line(middle * WIDTH, 0, middle * WIDTH, room + 6)]))
