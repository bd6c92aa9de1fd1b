"""What was tested, what was not, and why: one line per node, accelerator and planned pair."""

from collections import Counter
from collections.abc import Iterator, Sequence

from aiconform.judge.answers import is_known_answer
from aiconform.judge.coverage import busy_accelerators
from aiconform.judge.facts import Facts
from aiconform.judge.network import Network
from aiconform.judge.words import counted
from aiconform.model.verdict import LedgerEntry, LedgerState, Outcome, Verdict


def make_ledger(
    facts: Facts, network: Network, verdicts: Sequence[Verdict]
) -> tuple[LedgerEntry, ...]:
    """Nodes, then accelerators, then pairs, then leaves, then rounds that were not begun."""
    return (
        *(_node(verdict, facts) for verdict in verdicts if verdict.item == "node"),
        *_accelerators(facts, verdicts),
        *_pairs(network),
        *_leaves(network),
        *_rounds(facts),
    )


def _node(verdict: Verdict, facts: Facts) -> LedgerEntry:
    name = verdict.subject.node or ""
    if verdict.outcome in {Outcome.PASS, Outcome.WARN, Outcome.FAIL}:
        state = LedgerState.TESTED
    elif verdict.reason == "Busy":
        state = LedgerState.BUSY
    elif name in facts.node_set:
        state = LedgerState.NOT_RUN
    elif verdict.reason in {"NothingPlanned", "NotPlanned"}:
        state = LedgerState.UNTESTED
    else:
        state = LedgerState.EXCLUDED
    return _entry("node", name, state, verdict)


def _accelerators(facts: Facts, verdicts: Sequence[Verdict]) -> Iterator[LedgerEntry]:
    for verdict in verdicts:
        if not is_known_answer(verdict.item):
            continue
        subject = verdict.subject
        unknown = verdict.outcome is Outcome.UNKNOWN
        if subject.device is not None:
            state = LedgerState.NOT_RUN if unknown else LedgerState.TESTED
            yield _entry("accelerator", f"{subject.node}/{subject.device}", state, verdict)
        elif verdict.reason == "DevicesMissing":
            yield _entry("accelerator", f"{subject.node}/*", LedgerState.UNTESTED, verdict)
    for node, resource, count in busy_accelerators(facts):
        yield LedgerEntry(
            kind="accelerator",
            name=f"{node}/{resource}",
            state=LedgerState.BUSY,
            reason="Busy",
            sentence=f"{count} of them were in use by other pods, or not free to claim",
        )


def _pairs(network: Network) -> Iterator[LedgerEntry]:
    for pair, verdict in network.paths.items():
        if verdict.outcome is not Outcome.UNKNOWN:
            state = LedgerState.TESTED
        elif pair in network.located.covered:
            state = LedgerState.COVERED
        elif network.tests.get(pair):
            state = LedgerState.NOT_RUN
        else:
            state = LedgerState.UNTESTED
        yield _entry("pair", f"{pair[0]}+{pair[1]}", state, verdict)


def _leaves(network: Network) -> Iterator[LedgerEntry]:
    """Each leaf, by how many of the others it met: what lies between two that did not is open."""
    met = network.located.leaves_met
    others = len(met) - 1
    for leaf, count in met.items() if others > 0 else ():
        whole = count >= others
        yield LedgerEntry(
            kind="leaf",
            name=leaf[:256],
            state=LedgerState.TESTED if whole else LedgerState.UNTESTED,
            reason=None if whole else "LeavesNotMet",
            sentence=f"its nodes met those of {count} of {others} other leaves",
        )


def _rounds(facts: Facts) -> Iterator[LedgerEntry]:
    if facts.stopped:
        stopped = facts.stopped.record
        for purpose, count in Counter(stopped.left).items():
            yield LedgerEntry(
                kind="round",
                name=f"{counted(count, 'round')} ({purpose})",
                state=LedgerState.NOT_RUN,
                reason=stopped.reason,
                sentence=stopped.sentence,
            )


def _entry(kind: str, name: str, state: LedgerState, verdict: Verdict) -> LedgerEntry:
    return LedgerEntry.model_validate(
        {
            "kind": kind,
            "name": name[:256],
            "state": state,
            "reason": None if state is LedgerState.TESTED else verdict.reason,
            "sentence": verdict.sentence,
        }
    )
