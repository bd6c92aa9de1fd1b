"""
One verdict for each node of the survey: the worst of what is its own.

Its own are its state, its inventory, its exercises, its reports of the rounds, and a fault in its
sending or receiving. What a peer did not report, or a fault that lies with a peer, is not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiconform.fabric import Blamed, Pair, pair_of
from aiconform.judge.blame import ids_of, sentence_of
from aiconform.judge.facts import Facts
from aiconform.judge.network import Network
from aiconform.judge.rounds import REPORT_MISSING, ROUND_LOST, ROUND_OPEN, side_of
from aiconform.judge.states import judge_excluded, judge_unplanned, trouble_of
from aiconform.judge.words import clip, listed
from aiconform.model.verdict import Outcome, Subject, Verdict, worst


@dataclass(frozen=True)
class Part:
    """Something of a node's own that weighs in its verdict."""

    outcome: Outcome
    reason: str
    sentence: str
    rests_on: tuple[str, ...] = ()
    # What it comes from: a verdict, a fault of the network, paths whose ill end is open; None: what
    # the node itself did not come to.
    source: Verdict | Blamed | tuple[Pair, ...] | None = None


def judge_nodes(facts: Facts, network: Network, own: Sequence[Verdict]) -> Iterator[Verdict]:
    """
    Roll up every node that the survey or the plan names.

    Args:
        own: Verdicts of the items that belong to one node alone.
    """
    by_node: dict[str, list[Verdict]] = {node: [] for node in facts.nodes}
    for verdict in own:
        if verdict.subject.node in by_node and verdict.required:
            by_node[verdict.subject.node].append(verdict)
    excluded = {each.node: each for each in facts.plan.excluded} if facts.plan else {}
    surveyed = {n.name for n in facts.surveyed.record.nodes} if facts.surveyed else set()
    for node in sorted(surveyed | set(facts.nodes) | set(excluded)):
        if node in by_node:
            yield _judge_node(node, facts, network, by_node[node])
        elif node in excluded and facts.planned:
            yield judge_excluded(excluded[node], planned_id=facts.planned.id)
        else:
            yield judge_unplanned(node, facts)


def node_parts(node: str, facts: Facts, network: Network, own: Sequence[Verdict]) -> Sequence[Part]:
    """All that weighs in a planned node's verdict."""
    parts = [Part(v.outcome, v.reason, v.sentence, v.rests_on, v) for v in own]
    parts += [*_owed_reports(node, facts), *_links(node, network), *_nothing(node, facts)]
    if trouble := trouble_of(node, facts):
        # What else is open follows from it; what failed before stands.
        parts = [part for part in parts if part.outcome is not Outcome.UNKNOWN]
        state = facts.states.get(node)
        parts.append(Part(Outcome.UNKNOWN, *trouble, (state.id,) if state else ()))
    return parts


def _judge_node(node: str, facts: Facts, network: Network, own: Sequence[Verdict]) -> Verdict:
    parts = node_parts(node, facts, network, own)
    outcome = worst(part.outcome for part in parts)
    deciding = [part for part in parts if part.outcome is outcome]
    if outcome is Outcome.PASS:
        evidence = _evidence(node, facts, own)
        deciding = [Part(outcome, "Sound", f"{node}: everything of its own is sound", evidence)]
    return Verdict(
        item="node",
        subject=Subject(node=node),
        outcome=outcome,
        reason=deciding[0].reason,
        sentence=clip("; ".join(dict.fromkeys(part.sentence for part in deciding))),
        rests_on=tuple(dict.fromkeys(i for part in deciding for i in part.rests_on)),
    )


def _nothing(node: str, facts: Facts) -> Iterator[Part]:
    if not facts.plan or not (facts.plan.exercises or facts.plan.pair_probe):
        yield Part(Outcome.UNKNOWN, "NothingPlanned", f"{node}: no probe was planned")


def _links(node: str, network: Network) -> Iterator[Part]:
    """Faults in this node's sending or receiving, and whether its network was tried at all."""
    for blamed in network.blamed(node):
        yield Part(Outcome.FAIL, "NetworkFault", sentence_of(blamed), ids_of(blamed), blamed)
    partners = network.partners.get(node, ())
    alive = [peer for peer in partners if not network.facts.is_gone(peer)]
    unlocated = [
        peer
        for peer in alive
        if network.paths[pair_of(node, peer)].outcome is Outcome.FAIL
        and not network.is_explained(pair_of(node, peer))
    ]
    if unlocated:
        said = f"{node}: no data to or from {listed(unlocated)}; which end is at fault is open"
        pairs = tuple(pair_of(node, peer) for peer in unlocated)
        yield Part(Outcome.UNKNOWN, "FaultNotLocated", said, source=pairs)
    carried = {Outcome.PASS, Outcome.WARN}
    outcomes = {network.paths[pair_of(node, peer)].outcome for peer in alive}
    if alive and not outcomes & carried and not network.blamed(node) and not unlocated:
        yield Part(Outcome.UNKNOWN, "NoPathProven", f"{node}: none of its paths could be tested")


def _owed_reports(node: str, facts: Facts) -> Iterator[Part]:
    """Rounds of which this node itself did not report completely."""
    for met in facts.meetings.get(node, ()):
        if met.round not in facts.rounds_closed:
            said = f"{node}: round {met.round} was not finished"
            yield Part(Outcome.UNKNOWN, ROUND_OPEN, said)
        elif not met.called_off:
            side = side_of(facts, met.round, node, met.peer)
            if side.problem:
                said = f"{side.problem} (round {met.round})"
                yield Part(Outcome.UNKNOWN, REPORT_MISSING, said)
    for number in facts.rounds_closed.keys() - facts.rounds_opened.keys():
        if facts.stream(node, f"round-{number}").entries:
            said = f"{node}: the journal lacks the opening of round {number}"
            yield Part(Outcome.UNKNOWN, ROUND_LOST, said)


def _evidence(node: str, facts: Facts, own: Sequence[Verdict]) -> tuple[str, ...]:
    """Records without any of which this node would not pass."""
    ids = [record_id for verdict in own for record_id in verdict.rests_on]
    ids.append(facts.states[node].id)
    for met in facts.meetings.get(node, ()):
        closed = facts.rounds_closed.get(met.round)
        if closed and not met.called_off:
            side = side_of(facts, met.round, node, met.peer)
            ids += [facts.rounds_opened[met.round].id, closed.id, *side.ids]
    return tuple(dict.fromkeys(ids))
