"""
The one list of verdicts that every format is written from, and what each is to a CI system.

JUnit, CTRF, OpenMetrics, Markdown and Sonobuoy then cannot disagree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from aiconform.model.records import Entry
from aiconform.model.requirement import Level, RequirementVerdict
from aiconform.model.verdict import Figure, Judgement, Outcome, Subject, Verdict
from aiconform.model.waiver import Waiver
from aiconform.report.story import Story, tell

REQUIREMENTS = "requirement"


class State(Enum):
    """
    What a CI system makes of an outcome.

    PASS and WARN pass. ERROR, and UNKNOWN of something required, are errors. SKIP is skipped, and
    so is UNKNOWN of something not required: no pass, and not red where the run itself is not. What
    would be red and is waived is skipped, too: no pass, and red again once the waiver has expired.
    """

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Item:
    """One thing judged. `suite` and `name` together are its own."""

    suite: str
    name: str
    outcome: Outcome
    required: bool
    reason: str
    sentence: str
    subject: Subject
    figures: tuple[Figure, ...] = ()
    duration_s: float | None = None
    waived: Waiver | None = None

    @cached_property
    def state(self) -> State:
        return state_of(self.outcome, required=self.required, waived=self.waived is not None)

    @property
    def told(self) -> str:
        """The sentence, and that it is waived."""
        return with_waiver(self.sentence, self.waived)


@dataclass(frozen=True)
class Telling:
    """A run as every format tells it, made once for all of them."""

    story: Story
    judgement: Judgement
    items: tuple[Item, ...]

    @classmethod
    def of(cls, entries: Sequence[Entry], judgement: Judgement) -> "Telling":
        return cls(tell(entries), judgement, items(judgement))


def with_waiver(sentence: str, waiver: Waiver | None) -> str:
    """`… (waived by storage-team until 2027-03-31: ticket 7)`."""
    return f"{sentence} ({waiver.words}: {waiver.reason})" if waiver else sentence


def state_of(outcome: Outcome, *, required: bool, waived: bool = False) -> State:
    if waived and outcome is not Outcome.WARN:
        return State.SKIPPED
    match outcome:
        case Outcome.PASS | Outcome.WARN:
            return State.PASSED
        case Outcome.FAIL:
            return State.FAILED
        case Outcome.SKIP:
            return State.SKIPPED
        case Outcome.UNKNOWN if not required:
            return State.SKIPPED
        case Outcome.UNKNOWN | Outcome.ERROR:
            return State.ERRORED


def items(judgement: Judgement) -> tuple[Item, ...]:
    """Requirements first. A run that judged nothing has one item, which is no pass."""
    found = (*map(_requirement, judgement.requirements), *map(_verdict, judgement.verdicts))
    return found or (_nothing(judgement),)


def suites(found: tuple[Item, ...]) -> Iterator[tuple[str, list[Item]]]:
    """The items of each suite, in their order."""
    grouped: dict[str, list[Item]] = {}
    for item in found:
        grouped.setdefault(item.suite, []).append(item)
    yield from grouped.items()


def _requirement(verdict: RequirementVerdict) -> Item:
    return Item(
        suite=REQUIREMENTS,
        name=verdict.id,
        outcome=verdict.outcome,
        required=verdict.level is Level.MUST,
        reason=verdict.reason,
        sentence=verdict.sentence,
        subject=Subject(),
        duration_s=verdict.duration_s,
        waived=verdict.waived,
    )


def _verdict(verdict: Verdict) -> Item:
    return Item(
        suite=verdict.item,
        name=str(verdict.subject),
        outcome=verdict.outcome,
        required=verdict.required,
        reason=verdict.reason,
        sentence=verdict.sentence,
        subject=verdict.subject,
        figures=verdict.figures,
        waived=verdict.waived,
    )


def _nothing(judgement: Judgement) -> Item:
    return Item(
        suite="run",
        name=str(Subject()),
        outcome=Outcome.UNKNOWN,
        required=True,
        reason="NothingJudged",
        sentence=judgement.sentence or "nothing was judged",
        subject=Subject(),
    )
