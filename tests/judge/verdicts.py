"""Short ways to ask a judgement what it says."""

from collections.abc import Iterable

from aiconform.judge import judge
from aiconform.model.records import Entry
from aiconform.model.verdict import Judgement, Outcome, Subject, Verdict


def outcomes(judgement: Judgement, item: str) -> dict[str, str]:
    """Outcome of one item by subject, as `node1`, `node1 cpu` or `node1 → node2`."""
    return {str(v.subject): v.outcome.value for v in judgement.verdicts if v.item == item}


def verdict(judgement: Judgement, item: str, **subject: str) -> Verdict:
    """The one verdict of an item and a subject."""
    (found,) = (v for v in judgement.verdicts if v.item == item and v.subject == Subject(**subject))
    return found


def findings(judgement: Judgement) -> list[tuple[str, str, str]]:
    """(code, subject, outcome) of every finding."""
    return [(f.code, str(f.subject), f.outcome.value) for f in judgement.findings]


def passes(entries: Iterable[Entry]) -> dict[tuple[str, str], Verdict]:
    """Every PASS by item and subject."""
    return {
        (v.item, str(v.subject)): v for v in judge(entries).verdicts if v.outcome is Outcome.PASS
    }
