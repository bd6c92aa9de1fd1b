"""The run in one word and one sentence."""

from collections.abc import Sequence

from aiconform.catalogue.requirements import requirements
from aiconform.judge.facts import Facts
from aiconform.judge.words import clip, counted
from aiconform.model.verdict import Finding, Outcome, RunVerdict, Verdict, worst

ROLLED_UP = frozenset(
    {"node", "inventory", "counters", "coverage"}
)  # they prove nothing about a component


def conclude(
    facts: Facts, verdicts: Sequence[Verdict], findings: Sequence[Finding]
) -> tuple[RunVerdict, str]:
    """
    `fail` when a required item fails; `error` when the run itself broke; `incomplete` when a
    required item is open or nothing passed; else `pass`, with warnings if there are any.
    """
    if facts.is_dry_run:
        return RunVerdict.INCOMPLETE, "dry run: nothing was tested"
    required = [verdict for verdict in verdicts if verdict.required]
    outcomes = {verdict.outcome for verdict in required}
    blamed = [finding for finding in findings if finding.outcome is Outcome.FAIL]
    if Outcome.FAIL in outcomes:
        first = blamed[0].sentence if blamed else _first(required, Outcome.FAIL)
        unmet = sum(v.outcome is Outcome.FAIL and v.item in requirements() for v in required)
        told = f"{counted(len(blamed), 'fault')} found" if blamed or not unmet else ""
        lacks = f"{counted(unmet, 'requirement')} not met" if unmet else ""
        return RunVerdict.FAIL, _sentence(", ".join(filter(None, (told, lacks))), first)
    broken = facts.closed is not None and facts.closed.record.how == "broken"
    if broken or facts.troubles:
        return RunVerdict.ERROR, _sentence("the run itself broke", _trouble(facts))
    if gap := _gap(facts, required):
        return RunVerdict.INCOMPLETE, _sentence("not everything could be tested", gap)
    tested = _tested(verdicts)
    if Outcome.WARN in outcomes:
        return RunVerdict.PASS_WITH_WARNINGS, _sentence(tested, _first(required, Outcome.WARN))
    return RunVerdict.PASS, tested


def _gap(facts: Facts, required: Sequence[Verdict]) -> str:
    """What keeps a run without failures from passing; empty when nothing does."""
    if facts.closed is None:
        return "the journal ends before the run did"
    if facts.closed.record.how != "complete":
        return facts.closed.record.sentence or f"the run ended by {facts.closed.record.how}"
    undecided = [v for v in required if v.outcome in {Outcome.UNKNOWN, Outcome.ERROR}]
    if undecided:
        first = worst(v.outcome for v in undecided)
        open_items = counted(len(undecided), "required item")
        return f"{open_items} open, first: {_first(undecided, first)}"
    judged = {Outcome.PASS, Outcome.WARN}
    if not any(v.outcome in judged and v.item not in ROLLED_UP for v in required):
        return "nothing was tested that could be judged"
    return ""


def _tested(verdicts: Sequence[Verdict]) -> str:
    sound = {Outcome.PASS, Outcome.WARN}
    nodes = sum(v.item == "node" and v.outcome in sound for v in verdicts)
    devices = {
        (v.subject.node, v.subject.device)
        for v in verdicts
        if v.subject.device and v.outcome in sound
    }
    paths = sum(v.item == "tcp.path" and v.outcome in sound for v in verdicts)
    met = sum(v.item in requirements() and v.outcome in sound for v in verdicts)
    parts = (counted(nodes, "node"), counted(len(devices), "device"), counted(paths, "path"))
    tested = f"{', '.join(parts)} tested and sound"
    return f"{tested}; {counted(met, 'requirement')} met" if met else tested


def _first(verdicts: Sequence[Verdict], outcome: Outcome) -> str:
    return next((v.sentence for v in verdicts if v.outcome is outcome), "")


def _trouble(facts: Facts) -> str:
    if facts.troubles:
        return facts.troubles[0].record.sentence
    return facts.closed.record.sentence if facts.closed else ""


def _sentence(what: str, detail: str) -> str:
    return clip(f"{what}: {detail}" if detail else what)
