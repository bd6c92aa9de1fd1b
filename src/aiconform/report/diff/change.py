"""What a comparison of two runs says."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from aiconform.model.verdict import Outcome, RunVerdict


class Trend(StrEnum):
    """Worst first."""

    WORSE = "worse"
    UNTESTED = "not tested any more"
    TESTED = "tested now"
    BETTER = "better"


class Kind(StrEnum):
    REQUIREMENT = "requirement"
    NODE = "node"
    DEVICE = "device"
    LINK = "link"


@dataclass(frozen=True)
class Change:
    """One component that is not as it was; `details` has a sentence for each thing that differs."""

    trend: Trend
    kind: Kind
    name: str
    details: tuple[str, ...]


@dataclass(frozen=True)
class Shift:
    """All of one kind moved together; `percent` is how far, in the middle of `count` of them."""

    trend: Trend
    item: str
    metric: str
    percent: float
    count: int


@dataclass(frozen=True)
class Comparison:
    """`before` and `after` name the runs. Notes say what could not be compared, and why."""

    before: str
    after: str
    verdicts: tuple[RunVerdict, RunVerdict]
    changes: tuple[Change, ...]
    shifts: tuple[Shift, ...]
    notes: tuple[str, ...]
    compared_count: int

    def count(self, trend: Trend) -> int:
        changes = sum(change.trend is trend for change in self.changes)
        return changes + sum(shift.trend is trend for shift in self.shifts)

    @property
    def exit_code(self) -> int:
        """1: something is worse. 3: nothing is, but something is not tested any more."""
        if self.count(Trend.WORSE):
            return 1
        return 3 if self.count(Trend.UNTESTED) else 0


_TESTED = (Outcome.PASS, Outcome.WARN, Outcome.FAIL)  # from good to bad


def trend(before: Outcome, after: Outcome) -> Trend | None:
    """None: no change that matters. A failure where nothing was known before is worse."""
    if after not in _TESTED:
        return Trend.UNTESTED if before in _TESTED else None
    if before not in _TESTED:
        return Trend.WORSE if after is Outcome.FAIL else Trend.TESTED
    step = _TESTED.index(after) - _TESTED.index(before)
    if step == 0:
        return None
    return Trend.WORSE if step > 0 else Trend.BETTER


def worst_trend(trends: Iterable[Trend]) -> Trend:
    found = set(trends)
    return next(each for each in Trend if each in found)
