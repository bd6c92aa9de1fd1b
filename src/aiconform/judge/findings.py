"""What is wrong, where, why we say so and what to do: one finding per broken component."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from aiconform.catalogue import finding_texts
from aiconform.fabric import pair_of
from aiconform.judge.answers import is_answer
from aiconform.judge.blame import DOING, ids_of, sentence_of, subject_of
from aiconform.judge.counters import Counted
from aiconform.judge.facts import Facts
from aiconform.judge.inventory import Defects
from aiconform.judge.loss import Losses
from aiconform.judge.network import Network
from aiconform.judge.words import clip, listed
from aiconform.model.verdict import Finding, Outcome, Subject, Verdict, worst

WRONG = {
    "Sdc": "AIC-DEV-001",
    "SdcTransient": "AIC-DEV-002",
    "MemoryPattern": "AIC-DEV-011",
    "WrongSum": "AIC-DEV-012",
    "TrainingWrong": "AIC-DEV-014",
}
Kind = Literal[Outcome.FAIL, Outcome.WARN, Outcome.UNKNOWN, Outcome.ERROR]
NETWORK_CODES = {
    "port": "AIC-NET-001",
    "node": "AIC-NET-002",
    "pair": "AIC-NET-003",
    "switch": "AIC-NET-007",
    "uplink": "AIC-NET-008",
    "rail": "AIC-NET-009",
    "leaf_pair": "AIC-NET-010",
}
NOT_OF_DEVICES = frozenset({"node", "inventory", "counters", "tcp.transport"})
# A node's verdict with one of these reasons has its finding elsewhere, or needs none.
TOLD_ELSEWHERE = frozenset({"FaultNotLocated", "NothingPlanned", "NotPlanned", "DevicesMissing"})


def find(
    facts: Facts,
    network: Network,
    counted: Counted,
    verdicts: Sequence[Verdict],
    defects: Defects,
) -> tuple[Finding, ...]:
    """
    Faults first, then warnings, then what is open; each once. A dry run finds nothing.

    Args:
        defects: Of the nodes' inventories.
    """
    if facts.is_dry_run:
        return ()
    found = [
        *_of_run(facts),
        *_of_network(network, counted.losses),
        *_of_counters(counted),
        *_of_devices(verdicts),
        *_of_inventories(defects),
        *_of_nodes(facts, verdicts),
        *_of_paths(network, verdicts),
    ]
    if not found:
        found += _of_coverage(verdicts)
    order = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN, Outcome.UNKNOWN)
    return tuple(sorted(found, key=lambda finding: order.index(finding.outcome)))


def _of_run(facts: Facts) -> Iterator[Finding]:
    for fact in facts.troubles:
        trouble = fact.record
        yield _finding(
            "AIC-RUN-001",
            Subject(),
            Outcome.ERROR,
            f"{trouble.where}: {trouble.sentence}",
            (fact.id,),
            action=trouble.hint,
        )
    how = facts.closed.record.how if facts.closed else None
    if how in {"complete", "dry_run"} or (how == "broken" and facts.troubles):
        return
    said = facts.closed.record.sentence if facts.closed else "the journal has no end of the run"
    outcome: Kind = Outcome.ERROR if how == "broken" else Outcome.UNKNOWN
    ids = (facts.closed.id,) if facts.closed else ()
    code = "AIC-RUN-001" if how == "broken" else "AIC-RUN-002"
    yield _finding(code, Subject(), outcome, f"the run did not come to its end: {said}", ids)


def _of_network(network: Network, losses: Losses) -> Iterator[Finding]:
    for blamed in network.located.blamed:
        yield _finding(
            NETWORK_CODES[blamed.kind],
            subject_of(blamed),
            Outcome.FAIL,
            f"{sentence_of(blamed)}{losses.told_with(blamed)}",
            ids_of(blamed),
        )


def _of_counters(counted: Counted) -> Iterator[Finding]:
    for each in counted.noticed:
        yield _finding(
            each.code,
            each.subject,
            each.outcome,
            each.sentence,
            each.rests_on,
            reason=each.reason,
        )
    for verdict in counted.verdicts:
        if verdict.item == "tcp.transport" and verdict.outcome is Outcome.WARN:
            yield _from("AIC-NET-011", verdict, Outcome.WARN)


def _of_devices(verdicts: Iterable[Verdict]) -> Iterator[Finding]:
    """A device that is wrong or slow in several exercises is told once, by the first and worst."""
    alike: dict[tuple[str, Subject], list[tuple[Kind, Verdict]]] = defaultdict(list)
    for verdict in verdicts:
        own = verdict.subject.node is not None and verdict.subject.peer is None
        if own and verdict.item not in NOT_OF_DEVICES:
            for code, outcome in _trouble_of_device(verdict):
                alike[code, verdict.subject].append((outcome, verdict))
    for (code, _), found in alike.items():
        yield _as_one(code, found)


def _trouble_of_device(verdict: Verdict) -> Iterator[tuple[str, Kind]]:
    if is_answer(verdict.item) or verdict.reason in WRONG:
        if verdict.outcome is Outcome.FAIL:
            yield WRONG.get(verdict.reason, "AIC-DEV-001"), Outcome.FAIL
        elif verdict.outcome is Outcome.WARN:
            yield "AIC-DEV-002", Outcome.WARN
        elif verdict.reason == "DevicesMissing":
            yield "AIC-DEV-003", Outcome.UNKNOWN
    elif verdict.outcome is Outcome.FAIL:
        yield _rate_code(verdict), Outcome.FAIL
    elif verdict.outcome is Outcome.WARN:
        yield _rate_code(verdict), Outcome.WARN
    elif verdict.reason == "AbovePeak":
        yield "AIC-DEV-010", Outcome.ERROR


def _as_one(code: str, found: Sequence[tuple[Kind, Verdict]]) -> Finding:
    gravest = worst(outcome for outcome, _ in found)
    outcome, first = next(each for each in found if each[0] is gravest)
    others = [verdict for _, verdict in found if verdict is not first]
    if not others:
        return _from(code, first, outcome)
    said = f"{first.sentence}; the same shows in {listed([each.item for each in others])}"
    ids = tuple(dict.fromkeys(i for each in (first, *others) for i in each.rests_on))
    return _finding(code, first.subject, outcome, said, ids, reason=first.reason)


def _rate_code(verdict: Verdict) -> str:
    if verdict.item == "sustain":
        return "AIC-DEV-013"
    return "AIC-DEV-008" if verdict.reason == "BelowReference" else "AIC-DEV-004"


def _of_inventories(defects: Defects) -> Iterator[Finding]:
    """What is open in an inventory is told with its node."""
    for node, found in defects.items():
        for defect in found:
            if defect.outcome is not Outcome.UNKNOWN:
                subject = Subject(node=node, device=defect.device)
                yield _finding(
                    defect.code,
                    subject,
                    defect.outcome,
                    defect.sentence,
                    defect.rests_on,
                    reason=defect.reason,
                )


def _of_nodes(facts: Facts, verdicts: Iterable[Verdict]) -> Iterator[Finding]:
    for verdict in verdicts:
        open_node = verdict.item == "node" and verdict.reason not in TOLD_ELSEWHERE
        if open_node and verdict.outcome is Outcome.UNKNOWN:
            yield _from(_node_code(verdict.subject.node or "", facts), verdict, Outcome.UNKNOWN)


def _node_code(node: str, facts: Facts) -> str:
    if node not in facts.node_set:
        return "AIC-NODE-003"
    state = facts.states[node].record.state if node in facts.states else None
    return {"lost": "AIC-NODE-001", "failed": "AIC-NODE-002", None: "AIC-NODE-002"}.get(
        state, "AIC-NODE-004"
    )


def _of_paths(network: Network, verdicts: Sequence[Verdict]) -> Iterator[Finding]:
    """Paths that no blamed component and no node's own trouble speaks for."""
    open_nodes = {
        v.subject.node
        for v in verdicts
        if v.item == "node"
        and v.outcome is Outcome.UNKNOWN
        and v.reason not in TOLD_ELSEWHERE | {"NoPathProven"}
    }
    shaky = {
        pair_of(v.subject.node, v.subject.peer): v
        for v in verdicts
        if v.item == "tcp.rate" and v.outcome is Outcome.WARN and v.subject.node and v.subject.peer
    }
    for pair, path in network.paths.items():
        if path.outcome is Outcome.FAIL and not network.is_explained(pair):
            yield _from("AIC-NET-004", path, Outcome.FAIL)
        elif path.outcome is Outcome.UNKNOWN and not open_nodes.intersection(pair):
            yield _from("AIC-NET-005", path, Outcome.UNKNOWN)
        elif path.outcome is Outcome.WARN:
            yield _from("AIC-NET-006", path, Outcome.WARN)
        elif pair in shaky:
            yield _from("AIC-NET-006", shaky[pair], Outcome.WARN)


def _of_coverage(verdicts: Iterable[Verdict]) -> Iterator[Finding]:
    for verdict in verdicts:
        if verdict.item == "coverage" and verdict.outcome is Outcome.UNKNOWN:
            yield _from("AIC-RUN-003", verdict, Outcome.UNKNOWN)


def _from(code: str, verdict: Verdict, outcome: Kind) -> Finding:
    return _finding(
        code, verdict.subject, outcome, verdict.sentence, verdict.rests_on, reason=verdict.reason
    )


def _finding(
    code: str,
    subject: Subject,
    outcome: Kind,
    sentence: str,
    rests_on: tuple[str, ...],
    *,
    reason: str = "",
    action: str = "",
) -> Finding:
    text = finding_texts()[code]
    advice = text.act(
        subject=str(subject),
        node=subject.node or "the cluster",
        peer=subject.peer or "its peers",
        device=subject.device or "the device",
        direction=DOING[subject.direction] if subject.direction else "both directions",
    )
    return Finding(
        code=code,
        subject=subject,
        outcome=outcome,
        sentence=clip(sentence),
        action_kind=text.kind(reason),
        action=clip(action or advice),
        rests_on=rests_on,
    )
