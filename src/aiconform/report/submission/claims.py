"""
From a verdict to what the checklist is told (pure). Nothing is claimed that the run did not show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from aiconform.catalogue.requirements import minor, requirements
from aiconform.model.requirement import Level, RequirementVerdict
from aiconform.model.verdict import Outcome
from aiconform.report.gotest import go_test_name
from aiconform.report.requirement import VERDICT, artifact_names
from aiconform.report.submission.checklist import Answer, Item
from aiconform.report.submission.found import Found
from aiconform.report.submission.product import ManualEvidence
from aiconform.report.submission.rules import (
    ARTIFACTS_SINCE_MINOR,
    IMPLEMENTED,
    NOT_APPLICABLE,
    NOT_IMPLEMENTED,
    PARTIALLY,
)

# Below the submission's directory; relative links are what every version of the validator takes.
EVIDENCE = "evidence"
_CLAIMS = frozenset({IMPLEMENTED, PARTIALLY})


@dataclass(frozen=True)
class Claim:
    """
    One requirement's answer, and why it is that.

    Attributes:
        files: Names below `checks/<id>/` that go with it.
        reason: CamelCase, from the verdict or ours.
        sentence: For people: what the run found, or why nothing is claimed.
    """

    item: Item
    answer: Answer
    reason: str
    sentence: str
    files: tuple[str, ...] = ()
    test: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.answer.status

    @property
    def settled(self) -> bool:
        """Whether the official validator is content with the status; a SHOULD may stay empty."""
        if self.item.level is Level.SHOULD:
            return True
        return self.answer.status == IMPLEMENTED or (
            self.answer.status == NOT_APPLICABLE and na_on_must(self.item.id)
        )


def na_on_must(requirement: str) -> bool:
    """Whether the validator takes N/A for a MUST; it does for one alone."""
    row = requirements().get(requirement)
    return row is not None and row.na_on_must


def claim(item: Item, found: Found, manual: ManualEvidence, *, version: str) -> Claim:
    """
    Args:
        found: What the results hold on it; an empty one when they hold nothing.
        version: The checklist's, 1.37.
    """
    verdict = found.verdict
    if verdict is None:
        reason = "NotReliable" if found.problem else "NotTested"
        sentence = found.problem or "the run did not test it"
        return Claim(item=item, answer=Answer(), reason=reason, sentence=sentence)
    status = _status(verdict, item)
    if status is None:
        return Claim(
            item=item, answer=Answer(), reason=verdict.reason, sentence=_unclaimed(verdict)
        )
    artifacts = tuple(artifact_names(verdict)) if status in _CLAIMS else ()
    files = (*artifacts, VERDICT, *_evidence_files(verdict))
    links = tuple(_link(item.id, name, verdict, version) for name in files)
    urls = manual.evidence if status != NOT_IMPLEMENTED else ()
    return Claim(
        item=item,
        answer=Answer(status=status, evidence=(*links, *urls), notes=_notes(verdict, manual)),
        reason=verdict.reason,
        sentence=verdict.sentence,
        files=files,
        test=go_test_name(verdict) if artifacts else "",
    )


def unsettled(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """The MUSTs that still lack an answer which the validator takes."""
    return tuple(one for one in claims if not one.settled)


def _status(verdict: RequirementVerdict, item: Item) -> str | None:
    """None: nothing can be said, and a person has to look."""
    match verdict.outcome:
        case Outcome.PASS:
            return IMPLEMENTED
        case Outcome.WARN:
            return IMPLEMENTED if item.level is Level.MUST else PARTIALLY
        case Outcome.FAIL:
            return NOT_IMPLEMENTED
        case Outcome.SKIP:
            return NOT_APPLICABLE if _may_skip(item.id) and verdict.sentence else None
        case Outcome.UNKNOWN | Outcome.ERROR:
            return None
        case _:
            assert_never(verdict.outcome)


def _may_skip(requirement: str) -> bool:
    row = requirements().get(requirement)
    return row is not None and row.skip is not None


def _unclaimed(verdict: RequirementVerdict) -> str:
    if verdict.outcome is Outcome.SKIP:
        return f"it was skipped, but it applies to every platform: {verdict.sentence}"
    return f"{verdict.outcome}: {verdict.sentence}"


def _notes(verdict: RequirementVerdict, manual: ManualEvidence) -> str:
    """A PASS speaks for itself; whatever else is told in the words of the run."""
    told = () if verdict.outcome is Outcome.PASS else (verdict.sentence,)
    return " ".join(text.strip() for text in (*told, *verdict.notes, manual.notes) if text.strip())


def _evidence_files(verdict: RequirementVerdict) -> tuple[str, ...]:
    return tuple(dict.fromkeys(verdict.evidence))


def _link(requirement: str, name: str, verdict: RequirementVerdict, version: str) -> str:
    """Older validators take a # for a part of the file's name."""
    path = f"{EVIDENCE}/{requirement}/{name}"
    if minor(version) >= ARTIFACTS_SINCE_MINOR and name in set(artifact_names(verdict)):
        return f"{path}#{go_test_name(verdict)}"
    return path
