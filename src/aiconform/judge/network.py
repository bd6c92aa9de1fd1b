"""
Does the path between two nodes carry data, how fast in each direction, and how late?

A path passes when every test that was not called off ran and was reported by both sides. A slow
link fails only when a component is blamed for it; a low test alone is a warning.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from aiconform.fabric import (
    Blamed,
    Link,
    LinkState,
    Localisation,
    Pair,
    PairTest,
    RoundResult,
    Topology,
    localise,
    pair_of,
    planned_pairs,
)
from aiconform.fabric.sources import topology_of
from aiconform.judge.carriage import Sides
from aiconform.judge.facts import Facts
from aiconform.judge.peers import peers_of
from aiconform.judge.rounds import OWED, results_of, unfinished_tests
from aiconform.judge.words import clip, counted, number
from aiconform.model.verdict import Figure, Outcome, Subject, Verdict

LATE_MADS = 5.0
LATE_FACTOR = 2.0


@dataclass(frozen=True)
class Network:
    """All that the journal says about the paths between the planned nodes."""

    facts: Facts

    @cached_property
    def results(self) -> tuple[RoundResult, ...]:
        return results_of(self.facts)

    @cached_property
    def located(self) -> Localisation:
        return localise(self.facts.nodes, self.results, topology=self.topology)

    @cached_property
    def topology(self) -> Topology | None:
        """Which nodes share switches, as the plan knew it."""
        return topology_of(self.facts.plan.topology) if self.facts.plan else None

    @cached_property
    def sides(self) -> Sides:
        return Sides(self.facts)

    @cached_property
    def tests_of(self) -> Mapping[str, Sequence[PairTest]]:
        """The tests that each node was meant to take part in."""
        found: dict[str, list[PairTest]] = defaultdict(list)
        for pair, tests in self.tests.items():
            for node in pair:
                found[node] += tests
        return found

    @cached_property
    def tests(self) -> Mapping[Pair, Sequence[PairTest]]:
        """The tests of each pair of planned nodes, by round."""
        found: dict[Pair, list[PairTest]] = defaultdict(list)
        tests = [test for result in self.results for test in result.tests]
        nodes = frozenset(self.facts.nodes)
        for test in (*tests, *unfinished_tests(self.facts)):
            if nodes.issuperset(test.pair) and test.a != test.b:
                found[test.pair].append(test)
        return found

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Every pair that the run meant to test."""
        if not self.facts.plan or not self.facts.plan.pair_probe:
            return ()
        return tuple(sorted({*planned_pairs(self.facts.nodes, self.results), *self.tests}))

    @cached_property
    def paths(self) -> Mapping[Pair, Verdict]:
        return {pair: self._path(pair) for pair in self.pairs}

    @cached_property
    def partners(self) -> Mapping[str, Sequence[str]]:
        """Whom each node was meant to meet."""
        found: dict[str, list[str]] = defaultdict(list)
        for a, b in self.pairs:
            found[a].append(b)
            found[b].append(a)
        return found

    def blamed(self, node: str) -> Sequence[Blamed]:
        """Faults of the node itself, not of one of its paths."""
        return [b for b in self.located.blamed if b.node == node and b.kind in {"node", "port"}]

    def is_explained(self, pair: Pair) -> bool:
        """Does a blamed component make this path fail?"""
        a, b = pair
        return bool(self.located.explained(a, b) or self.located.explained(b, a))

    def _path(self, pair: Pair) -> Verdict:
        tests = self.tests.get(pair, ())
        ran = [test for test in tests if test.ran]
        failed = [test for test in ran if test.outcome == "failed"]
        owed = [test for test in tests if test.reason in OWED and not test.ran]
        between = f"{pair[0]} and {pair[1]}"
        if failed and len(failed) == len(ran):
            said = f"{between}: no data came through: {failed[-1].reason}"
            return _verdict("tcp.path", pair, Outcome.FAIL, "PathFailed", said, failed)
        if owed:
            said = f"{between}: {REASONS[owed[0].reason]}"
            return _verdict("tcp.path", pair, Outcome.UNKNOWN, owed[0].reason, said, owed)
        if failed:
            said = f"{between}: {len(failed)} of {counted(len(ran), 'test')} failed"
            return _verdict("tcp.path", pair, Outcome.WARN, "PathUnstable", said, ran)
        if not ran:
            reason, why = self._why_not_run(pair, tests)
            said = f"{between}: {why}"
            return _verdict("tcp.path", pair, Outcome.UNKNOWN, reason, said, tests)
        said = f"{between}: {counted(len(ran), 'test')}, both sides report the same bytes"
        said += self.sides.carried_by(ran)
        return _verdict(
            "tcp.path", pair, Outcome.PASS, "Carried", said, ran, planned=self.planned_ids
        )

    @property
    def planned_ids(self) -> tuple[str, ...]:
        return (self.facts.planned.id,) if self.facts.planned else ()

    def _why_not_run(self, pair: Pair, tests: Sequence[PairTest]) -> tuple[str, str]:
        gone = [node for node in pair if self.facts.is_gone(node)]
        if gone:
            lost = [n for n in gone if self.facts.states[n].record.state == "lost"]
            if lost:
                return "NodeLost", f"not tested: {' and '.join(lost)} was lost"
            return "NodeNotStarted", f"not tested: {' and '.join(gone)} never came to work"
        if not tests:
            return "NotScheduled", "not tested: the run ended before its turn"
        return tests[-1].reason or "NotRun", f"the test did not run ({tests[-1].reason})"


REASONS = {
    "ReportMissing": "a side's report is missing or incomplete",
    "ReportsDisagree": "the two sides' reports cannot both be true",
    "RoundNotClosed": "its last round was not finished",
    "RoundLost": "the journal lacks the opening of its round",
}


def judge_network(network: Network) -> Iterator[Verdict]:
    """Paths, then rates of both directions, then latencies."""
    yield from network.paths.values()
    for pair in network.pairs:
        yield _rate(network, *pair)
        yield _rate(network, *reversed(pair))
    yield from _latencies(network)


def _rate(network: Network, sender: str, receiver: str) -> Verdict:
    path = network.paths[pair_of(sender, receiver)]
    link = network.located.links.get((sender, receiver))
    name, subject = f"{sender} → {receiver}", (sender, receiver)
    if link is None or link.gbit_per_s is None:
        said = f"{name}: no rate was measured"
        return _verdict("tcp.rate", subject, Outcome.UNKNOWN, "NotMeasured", said, required=False)
    shown = f"{name}: {number(link.gbit_per_s)} Gbit/s"
    figures = (_rate_figure(link),)
    tests = [sample.test for sample in link.samples]

    def verdict(outcome: Outcome, reason: str, said: str, *, required: bool = True) -> Verdict:
        return _verdict(
            "tcp.rate",
            subject,
            outcome,
            reason,
            f"{shown}{said}",
            tests,
            planned=network.planned_ids,
            figures=figures,
            required=required,
        )

    if path.outcome is Outcome.UNKNOWN:
        return verdict(Outcome.UNKNOWN, path.reason, "; not every test is reported", required=False)
    if link.typical_gbit_per_s is None:
        return verdict(Outcome.UNKNOWN, "NoReference", "; nothing to compare with", required=False)
    among = f"; typical here: {number(link.typical_gbit_per_s)} Gbit/s"
    if link.state is LinkState.CLEAN:
        return verdict(Outcome.PASS, "AmongPeers", among)
    if link.state is LinkState.UNSTABLE:
        return verdict(Outcome.WARN, "Unstable", f"{among}; low in some tests only")
    if link.state is LinkState.UNJUDGED:
        said = f"{among}; flows across leaves collide, so it is judged with its leaves alone"
        return verdict(Outcome.UNKNOWN, "AcrossLeaves", said, required=False)
    blamed = network.located.explained(sender, receiver)
    if blamed:
        return verdict(Outcome.FAIL, "BelowPeers", f"{among}; low in every test")
    return verdict(Outcome.WARN, "NotLocated", f"{among}; low, and no component can be blamed")


def _rate_figure(link: Link) -> Figure:
    typical = link.typical_gbit_per_s
    return Figure(
        metric="tcp_throughput",
        value=link.gbit_per_s or 0.0,
        unit="gigabits_per_second",
        compared_with=f"typical here: {typical:.3g} Gbit/s" if typical else "",
    )


def _latencies(network: Network) -> Iterator[Verdict]:
    """Latency is shown, and warned of when every test of a pair stands far above the others."""
    found = {
        pair: [t for t in network.tests.get(pair, ()) if t.outcome == "ok" and t.latency_us]
        for pair in network.pairs
    }
    values = {pair: [t.latency_us for t in tests if t.latency_us] for pair, tests in found.items()}
    peers = peers_of([value for each in values.values() for value in each])
    for pair, own in values.items():
        name = f"{pair[0]} and {pair[1]}"
        if not own:
            said = f"{name}: no latency was measured"
            yield _verdict(
                "tcp.latency", pair, Outcome.UNKNOWN, "NotMeasured", said, required=False
            )
            continue
        outcome, reason = Outcome.UNKNOWN, "NoReference"
        compared = f"median {peers.median:.3g} of {peers.n}" if peers else ""
        if peers:
            late = max(peers.median + LATE_MADS * peers.mad, LATE_FACTOR * peers.median)
            outcome, reason = Outcome.PASS, "AmongPeers"
            if min(own) > late:
                outcome, reason = Outcome.WARN, "AbovePeers"
        if network.paths[pair].outcome is Outcome.UNKNOWN:
            outcome, reason = Outcome.UNKNOWN, network.paths[pair].reason
        yield _verdict(
            "tcp.latency",
            pair,
            outcome,
            reason,
            f"{name}: {number(median(own))} µs round trip{f'; {compared}' if compared else ''}",
            found[pair],
            planned=network.planned_ids,
            required=False,
            figures=(
                Figure(
                    metric="tcp_latency",
                    value=median(own),
                    unit="microseconds",
                    compared_with=compared,
                ),
            ),
        )


def _verdict(
    item: str,
    pair: Pair,
    outcome: Outcome,
    reason: str,
    sentence: str,
    tests: Sequence[PairTest] = (),
    *,
    planned: tuple[str, ...] = (),
    figures: tuple[Figure, ...] = (),
    required: bool = True,
) -> Verdict:
    ids = dict.fromkeys((*planned, *(i for test in tests for i in test.record_ids)))
    return Verdict(
        item=item,
        subject=Subject(node=pair[0], peer=pair[1]),
        outcome=outcome,
        reason=reason,
        sentence=clip(sentence),
        required=required,
        figures=figures,
        rests_on=tuple(ids),
    )
