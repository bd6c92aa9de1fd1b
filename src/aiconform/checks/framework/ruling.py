"""
The words in which an evaluator judges: a ruling per step, and the roll-up of them.

    def evaluate(seen: Sightings) -> Conclusion:
        served = rule(seen, "api-served", _api_served)
        allocated = rule(seen, "device-allocated", _allocated)
        refused = rule(seen, "impossible-claim", _refused).controlled_by(allocated)
        return conclude((served, allocated, refused), passed="a device was allocated and freed")

Source of the roll-up: spec of the requirement checks, 0.1.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiconform.judge.requirements import UNREADABLE
from aiconform.judge.sightings import STEPS_FILE, Conclusion, Sighting, Sightings
from aiconform.judge.words import clip
from aiconform.model.outcome import Outcome
from aiconform.model.requirement import Step

_WORST_FIRST = (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.WARN, Outcome.PASS)
_ERRORS = frozenset({"image", "refused", "api", "broken"})


@dataclass(frozen=True)
class Answer:
    """What a rule says of one step's facts."""

    outcome: Outcome
    reason: str
    sentence: str


def passed(sentence: str) -> Answer:
    return Answer(Outcome.PASS, "Ok", sentence)


def failed(reason: str, sentence: str) -> Answer:
    """The step was carried out, and the platform broke its rule."""
    return Answer(Outcome.FAIL, reason, sentence)


def warned(reason: str, sentence: str) -> Answer:
    """The core is met, a secondary expectation is not."""
    return Answer(Outcome.WARN, reason, sentence)


def skipped(reason: str, sentence: str) -> Answer:
    """The step does not apply here. Such a step never counts as mandatory."""
    return Answer(Outcome.SKIP, reason, sentence)


def unknown(reason: str, sentence: str) -> Answer:
    """It could not be tested: nothing was seen that decides."""
    return Answer(Outcome.UNKNOWN, reason, sentence)


def errored(reason: str, sentence: str) -> Answer:
    """Our own environment broke, or a control was not valid."""
    return Answer(Outcome.ERROR, reason, sentence)


Rule = Callable[[Mapping[str, Any]], Answer]


@dataclass(frozen=True)
class Ruling:
    """One step, judged."""

    step: str
    answer: Answer
    mandatory: bool = True
    sighting: Sighting | None = None

    @property
    def outcome(self) -> Outcome:
        return self.answer.outcome

    def controlled_by(self, control: "Ruling") -> "Ruling":
        """
        A refusal counts only when the same thing without the obstacle has worked.

        Its control failed: ERROR. Its control was not seen to work: UNKNOWN.
        """
        if control.outcome in {Outcome.PASS, Outcome.WARN}:
            return self
        if self.outcome not in {Outcome.PASS, Outcome.WARN, Outcome.FAIL}:
            return self
        why = f"its control {control.step} is {control.outcome}: {control.answer.sentence}"
        make = errored if control.outcome is Outcome.FAIL else unknown
        reason = "ControlInvalid" if control.outcome is Outcome.FAIL else "NoControl"
        return replace(self, answer=make(reason, clip(why)))

    def shown_against(self, control: "Ruling") -> "Ruling":
        """A pass whose control was not seen to hold is at most a WARN."""
        if self.outcome is not Outcome.PASS or control.outcome is Outcome.PASS:
            return self
        why = f"{self.answer.sentence}; but its control {control.step} is {control.outcome}"
        return replace(self, answer=warned("NoControl", clip(why)))

    def optional(self) -> "Ruling":
        """Told, and decides nothing."""
        return replace(self, mandatory=False)

    def as_step(self) -> Step:
        began = self.sighting.began if self.sighting else None
        took = self.sighting.ended - self.sighting.began if self.sighting else None
        return Step(
            name=self.step,
            outcome=self.outcome,
            sentence=clip(self.answer.sentence),
            mandatory=self.mandatory and self.outcome is not Outcome.SKIP,
            started_at=began,
            duration_s=None if took is None else max(0.0, took),
        )


def rule(seen: Sightings, step: str, judge: Rule, *, mandatory: bool = True) -> Ruling:
    """
    Judge one step by its facts.

    A step that was never carried out is UNKNOWN; one that met trouble is UNKNOWN or ERROR, by the
    kind of trouble. `judge` sees only the facts of a step that came to its end.
    """
    found = seen.get(step)
    return Ruling(step, _answer(found, judge), mandatory, found)


def _answer(found: Sighting | None, judge: Rule) -> Answer:
    if found is None:
        return unknown("NotExecuted", "this step was not carried out")
    if found.problem is not None:
        make = errored if found.problem.kind in _ERRORS else unknown
        return make(found.problem.reason, found.problem.sentence)
    try:
        return judge(found.facts)
    except UNREADABLE as exc:
        return errored("Unreadable", f"its facts cannot be read: {type(exc).__name__}: {exc}")


def still_waits(facts: Mapping[str, Any], who: str, *, bound: Answer) -> Answer:
    """
    Judge a pod that must not be scheduled.

    Args:
        facts: Its `placement`.
        who: The sentence's subject when it waits.
        bound: The answer when it went to a node.
    """
    if facts["bound"]:
        return bound
    if facts["reason"] != "Unschedulable":
        return unknown("NotConsidered", "no scheduler has said anything of the pod")
    return passed(f"{who} waits: {facts['message'][:200]}")


def conclude(
    rulings: Iterable[Ruling],
    *,
    passed: str,
    evidence: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Conclusion:
    """
    The requirement's outcome: the worst of its mandatory steps.

    Args:
        passed: The sentence when all is well.
        evidence: Paths of files that a pass rests on, beside `steps.jsonl`. Each must be there.
    """
    told = tuple(rulings)
    deciding = [r for r in told if r.mandatory and r.outcome is not Outcome.SKIP]
    worst = next((r for o in _WORST_FIRST for r in deciding if r.outcome is o), None)
    if worst is None:
        answer = unknown("NothingExecuted", "no step was carried out")
    elif worst.outcome is Outcome.PASS:
        answer = Answer(Outcome.PASS, "Ok", passed)
    else:
        answer = replace(worst.answer, sentence=f"{worst.step}: {worst.answer.sentence}")
    return Conclusion(
        outcome=answer.outcome,
        reason=answer.reason,
        sentence=clip(answer.sentence),
        steps=tuple(r.as_step() for r in told),
        evidence=tuple(dict.fromkeys((STEPS_FILE, *evidence))),
        notes=tuple(clip(note) for note in notes),
    )


def settled(
    answer: Answer, rulings: Iterable[Ruling] = (), *, notes: Sequence[str] = ()
) -> Conclusion:
    """A conclusion that no roll-up gives: nothing is installed, no consent, does not apply."""
    if answer.outcome in {Outcome.PASS, Outcome.WARN}:
        raise ValueError("a claim follows from its steps: use `conclude`")
    return Conclusion(
        outcome=answer.outcome,
        reason=answer.reason,
        sentence=clip(answer.sentence),
        steps=tuple(r.as_step() for r in rulings),
        evidence=(STEPS_FILE,),
        notes=tuple(notes),
    )
