"""Each profile's answer as a document and as lines of text."""

from collections.abc import Iterator, Sequence
from typing import Any

from aiconform.catalogue.profiles import profiles
from aiconform.judge.readiness import NeedAnswer, Readiness, readiness
from aiconform.model.outcome import Outcome
from aiconform.model.verdict import Judgement

SCHEMA_VERSION = 1
WORDS = {
    Outcome.PASS: "ready",
    Outcome.WARN: "ready with remarks",
    Outcome.FAIL: "not ready",
    Outcome.UNKNOWN: "not known",
}


def answers(judgement: Judgement) -> tuple[Readiness, ...]:
    """Of the profiles that come with this release; none when no requirement was checked."""
    if not judgement.requirements:
        return ()
    return tuple(readiness(judgement, profile) for profile in profiles().values())


def document(found: Sequence[Readiness], *, run: str) -> dict[str, Any]:
    """One JSON document; `needs` in the order of the profile."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run": run,
        "profiles": [
            {
                "id": each.profile.id,
                "title": each.profile.title,
                "answer": WORDS[each.outcome],
                "outcome": each.outcome.value,
                "sentence": each.sentence,
                "missing": [answer.need.name for answer in each.missing],
                "unknown": [answer.need.name for answer in each.unknown],
                "remarks": [answer.need.name for answer in each.remarks],
                "needs": [_need(answer) for answer in each.needs],
            }
            for each in found
        ],
    }


def lines(found: Sequence[Readiness]) -> Iterator[str]:
    for each in found:
        yield f"{each.outcome.value:<7} {each.profile.title} ({each.profile.id}): {each.sentence}"
        for answer in each.needs:
            kind = "helps" if answer.need.helps else "needs"
            yield f"  {answer.outcome.value:<7} {kind} {answer.need.name}: {answer.need.why}"
            if answer.outcome is not Outcome.PASS:
                yield f"          {answer.reason}: {answer.sentence}"


def _need(answer: NeedAnswer) -> dict[str, Any]:
    need = answer.need
    return {
        "name": need.name,
        "kind": "check" if need.check else "measured",
        "helps": need.helps,
        "why": need.why,
        "outcome": answer.outcome.value,
        "reason": answer.reason,
        "sentence": answer.sentence,
    }
