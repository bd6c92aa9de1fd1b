"""
Will a kind of workload run here, and if not, what is missing? (pure)

An answer follows from a judged run alone. What was not tested is not known, whatever it is called;
a waiver accepts a fault and does not mend it, so it changes no answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aiconform.catalogue.profiles import Need, Profile
from aiconform.model.outcome import Outcome, worst
from aiconform.model.requirement import RequirementVerdict
from aiconform.model.verdict import Judgement, Verdict

NOT_IN_VERSION = "NotInVersion"
_MET = frozenset({Outcome.PASS, Outcome.WARN})


@dataclass(frozen=True)
class NeedAnswer:
    """
    One need held against the run.

    `outcome` PASS or WARN: it is met; FAIL: it is missing; UNKNOWN: nothing tells.
    """

    need: Need
    outcome: Outcome
    reason: str
    sentence: str


@dataclass(frozen=True)
class Readiness:
    """
    One profile's answer: PASS ready, WARN ready with remarks, FAIL not ready, UNKNOWN not known.

    Attributes:
        missing: What is needed and not there.
        unknown: What is needed, and nothing tells whether it is there.
        remarks: Needs that are met with a warning, and what would help and was not shown.
    """

    profile: Profile
    outcome: Outcome
    needs: tuple[NeedAnswer, ...]

    @property
    def missing(self) -> tuple[NeedAnswer, ...]:
        return self._of(Outcome.FAIL)

    @property
    def unknown(self) -> tuple[NeedAnswer, ...]:
        return self._of(Outcome.UNKNOWN)

    @property
    def remarks(self) -> tuple[NeedAnswer, ...]:
        return tuple(
            answer
            for answer in self.needs
            if answer.outcome is not Outcome.PASS
            and (answer.need.helps or answer.outcome is Outcome.WARN)
        )

    @property
    def sentence(self) -> str:
        """The answer in words."""
        if self.missing:
            told = f"not ready: {_names(self.missing)} not met"
            return f"{told}; {_names(self.unknown)} not known" if self.unknown else told
        if self.unknown:
            return f"not known: {_names(self.unknown)} not shown"
        if self.remarks:
            return f"ready, with remarks on {_names(self.remarks)}"
        return "ready"

    def _of(self, outcome: Outcome) -> tuple[NeedAnswer, ...]:
        return tuple(a for a in self.needs if a.outcome is outcome and not a.need.helps)


def readiness(judgement: Judgement, profile: Profile, *, damaged: bool = False) -> Readiness:
    """
    Hold a profile against a judged run.

    Args:
        damaged: Some of the journal could not be read. What is missing stays missing, and what was
            met might have been taken back by what is lost, so it is not known.
    """
    answers = tuple(_answer(judgement, need, damaged) for need in profile.needs)
    needed = [answer for answer in answers if not answer.need.helps]
    outcome = worst(answer.outcome for answer in needed)
    remarks = any(a.need.helps and a.outcome is not Outcome.PASS for a in answers)
    if outcome is Outcome.PASS and remarks:
        outcome = Outcome.WARN
    return Readiness(profile, outcome, answers)


def _answer(judgement: Judgement, need: Need, damaged: bool) -> NeedAnswer:
    if need.check is not None:
        found = next((v for v in judgement.requirements if v.id == need.check), None)
        answer = _checked(need, found)
    else:
        own = [v for v in judgement.verdicts if v.item == need.measured]
        answer = _measured(need, own)
    if damaged and answer.outcome in _MET:
        return NeedAnswer(need, Outcome.UNKNOWN, "Damaged", "a part of the journal is lost")
    return answer


def _checked(need: Need, found: RequirementVerdict | None) -> NeedAnswer:
    if found is None:
        return NeedAnswer(need, Outcome.UNKNOWN, "NotChecked", "its check was not switched on")
    outcome = found.outcome
    if outcome is Outcome.SKIP and found.reason != NOT_IN_VERSION:
        # To the checklist it does not apply; a workload that needs it goes without all the same.
        outcome = Outcome.FAIL
    elif outcome not in {*_MET, Outcome.FAIL}:
        outcome = Outcome.UNKNOWN
    return NeedAnswer(need, outcome, found.reason, found.sentence)


def _measured(need: Need, found: Sequence[Verdict]) -> NeedAnswer:
    """The worst of what counts; a device or link that nobody had to measure says nothing."""
    said = [v for v in found if v.outcome is not Outcome.SKIP]
    judged = {*_MET, Outcome.FAIL}
    counting = [v for v in said if v.required] or [v for v in said if v.outcome in judged]
    if not counting:
        return NeedAnswer(need, Outcome.UNKNOWN, "NotMeasured", "this run has not measured it")
    outcome = worst(v.outcome for v in counting)
    first = next(v for v in counting if v.outcome is outcome)
    of = sum(v.outcome is outcome for v in counting)
    sentence = f"{of} of {len(counting)} are {outcome.value}"
    if outcome is not Outcome.PASS:
        sentence += f", the first is {first.subject}: {first.sentence}"
    if outcome is Outcome.ERROR:
        outcome = Outcome.UNKNOWN
    return NeedAnswer(need, outcome, first.reason, sentence)


def _names(answers: Sequence[NeedAnswer]) -> str:
    return ", ".join(answer.need.name for answer in answers)
