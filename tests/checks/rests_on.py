"""The property that every check must have: a pass falls without any one record it rests on."""

from collections.abc import Sequence

from aiconform.checks.framework.check import Check
from aiconform.checks.framework.fake import FakePlatform
from aiconform.judge.sightings import STEPS_FILE
from aiconform.model.outcome import Outcome
from aiconform.model.records import CheckBegan, CheckEnded, Entry, EvidenceFile, Sighted

_CLAIMS = {Outcome.PASS, Outcome.WARN}


def assert_falls_without_any(
    platform: FakePlatform, check: Check, entries: Sequence[Entry], *, version: str
) -> None:
    """Take each record away that the verdict names; what is left proves nothing any more."""
    whole = platform.verdict(check, entries, version=version)
    assert whole.outcome is Outcome.PASS, whole
    resting = [entry for entry in entries if _is_named(entry, whole.evidence, mandatory(whole))]
    assert resting
    for taken in resting:
        left = [entry for entry in entries if entry.n != taken.n]
        if _told_before(taken, left):
            continue
        found = platform.verdict(check, left, version=version)
        assert found.outcome not in _CLAIMS, f"still {found.outcome} without {taken.record}"


def mandatory(verdict: object) -> set[str]:
    return {step.name for step in getattr(verdict, "mandatory", ())}


def _is_named(entry: Entry, evidence: Sequence[str], steps: set[str]) -> bool:
    match entry.record:
        case CheckBegan() | CheckEnded():
            return True
        case Sighted(step=step):
            return step in steps and STEPS_FILE in evidence
        case EvidenceFile(path=path):
            return path in evidence
        case _:
            return False


def _told_before(taken: Entry, left: Sequence[Entry]) -> bool:
    """A record of the same step or file is left, and then it is that one that counts."""
    match taken.record:
        case Sighted(step=step):
            return any(isinstance(e.record, Sighted) and e.record.step == step for e in left)
        case EvidenceFile(path=path):
            return any(isinstance(e.record, EvidenceFile) and e.record.path == path for e in left)
        case _:
            return False
