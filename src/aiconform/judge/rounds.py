"""
What came of each pair in each round, from both sides' reports and the coordinator's own record.

A test is `ok` only when both sides reported it complete and their byte counts agree. The rate of a
direction is what arrived: the receiver's bytes by the receiver's seconds. What the coordinator
lists as not run did not run, whatever was reported later.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from aiconform.fabric import PairTest, Round, RoundResult, pair_of
from aiconform.judge.facts import Fact, Facts, gather
from aiconform.model.records import Entry, RoundOpened
from aiconform.model.wire import Counters, Pair, PairSample

MAX_GBIT_PER_S = 100_000.0  # nothing moves more between two nodes: such a figure is not credible
MAX_LATENCY_US = 60e6

# Why a test that was not called off has no result.
AGENT_LOST, PEER_LATE = "AgentLost", "PeerLate"
REPORT_MISSING, REPORTS_DISAGREE = "ReportMissing", "ReportsDisagree"
ROUND_OPEN, ROUND_LOST = "RoundNotClosed", "RoundLost"
# Of these a report should be there: as long as it is missing, the pair is not proven.
OWED = frozenset({REPORT_MISSING, REPORTS_DISAGREE, ROUND_OPEN, ROUND_LOST})


@dataclass(frozen=True)
class Side:
    """What one node reported of one test, and the records it stands in."""

    report: Pair | None
    problem: str
    ids: tuple[str, ...] = ()
    counters: Counters | None = None  # what was counted around it, when that is told


def round_results(entries: Iterable[Entry]) -> tuple[RoundResult, ...]:
    """The closed rounds with one test for each of their pairs, by number."""
    return results_of(gather(entries))


def closed_rounds(entries: Iterable[Entry]) -> frozenset[int]:
    """Numbers of the rounds that were opened and closed."""
    return frozenset(result.round.number for result in round_results(entries))


def results_of(facts: Facts) -> tuple[RoundResult, ...]:
    return tuple(
        _result(facts, number, opened)
        for number, opened in sorted(facts.rounds_opened.items())
        if number in facts.rounds_closed
    )


def unfinished_tests(facts: Facts) -> tuple[PairTest, ...]:
    """Tests of rounds that were never closed, or whose opening the journal lacks."""
    tests = [
        PairTest(number, *pair_of(*pair), "not_run", ROUND_OPEN, record_ids=(opened.id,))
        for number, opened in sorted(facts.rounds_opened.items())
        if number not in facts.rounds_closed
        for pair in opened.record.pairs
    ]
    for number in sorted(facts.rounds_closed.keys() - facts.rounds_opened.keys()):
        met = {
            pair_of(node, report.peer)
            for node in facts.nodes
            for _, report in facts.stream(node, f"round-{number}").of(Pair)
            if report.peer != node
        }
        tests += [PairTest(number, *pair, "not_run", ROUND_LOST) for pair in sorted(met)]
    return tuple(tests)


def side_of(facts: Facts, number: int, node: str, peer: str) -> Side:
    """One node's report of its test with a peer in a round."""
    stream = facts.stream(node, f"round-{number}")
    reports = [
        (record_id, report)
        for record_id, report in stream.of(Pair)
        if report.round == number and report.peer == peer
    ]
    if not stream.complete:
        return Side(None, f"{node}: {stream.problem}")
    if len(reports) != 1:
        said = "reported nothing of it" if not reports else "reported it more than once"
        return Side(None, f"{node} {said}")
    counted = [(record_id, told) for record_id, told in stream.of(Counters) if told.peer == peer]
    counters = counted[0][1] if len(counted) == 1 else None
    ids = (reports[0][0], *(record_id for record_id, _ in counted), *stream.end_ids)
    return Side(reports[0][1], "", ids, counters)


def _result(facts: Facts, number: int, opened: Fact[RoundOpened]) -> RoundResult:
    pairs = tuple(sorted({pair_of(*pair) for pair in opened.record.pairs if pair[0] != pair[1]}))
    closed = facts.rounds_closed[number]
    around = (opened.id, closed.id)
    not_run = {pair_of(*each.pair): each for each in closed.record.not_run}
    tests = []
    for pair in pairs:
        if pair in not_run:
            reason = not_run[pair].reason
            tests.append(PairTest(number, *pair, "not_run", reason, record_ids=around))
        else:
            tests.append(_test(facts, number, *pair, around=around))
    return RoundResult(Round(number, opened.record.purpose, pairs), tuple(tests))


def _test(facts: Facts, number: int, a: str, b: str, *, around: tuple[str, ...]) -> PairTest:
    one, other = side_of(facts, number, a, b), side_of(facts, number, b, a)
    ids = (*around, *one.ids, *other.ids)
    outcomes = {side.report.outcome for side in (one, other) if side.report}

    def not_run(reason: str) -> PairTest:
        return PairTest(number, a, b, "not_run", reason, record_ids=ids)

    if "peer_late" in outcomes:
        return not_run(PEER_LATE)
    if outcomes & {"failed", "timeout"}:
        if facts.is_gone(a) or facts.is_gone(b):
            return not_run(AGENT_LOST)  # who has vanished cannot be met: that is no path's fault
        return PairTest(number, a, b, "failed", _why(one, other), record_ids=ids)
    if one.report is None or other.report is None:
        return not_run(REPORT_MISSING)
    forward, backward = _rate(one.report, other.report), _rate(other.report, one.report)
    if forward is None or backward is None:
        return not_run(REPORTS_DISAGREE)
    return PairTest(
        number,
        a,
        b,
        "ok",
        forward_gbit_per_s=forward,
        backward_gbit_per_s=backward,
        latency_us=_latency(one.report, other.report),
        record_ids=ids,
    )


def _why(one: Side, other: Side) -> str:
    """The first reason that a side gave for a failure."""
    reports = [side.report for side in (one, other) if side.report]
    failed = [report for report in reports if report.outcome in {"failed", "timeout"}]
    return next((report.reason for report in failed if report.reason), failed[0].outcome)


def _rate(sender: Pair, receiver: Pair) -> float | None:
    """What arrived; None when either side has no such figure, or the two cannot both be true."""
    sent, arrived = sample_of(sender, "send"), sample_of(receiver, "receive")
    if sent is None or arrived is None or not 0 < arrived.bytes <= sent.bytes:
        return None
    if arrived.value is None or arrived.value <= 0 or arrived.seconds <= 0:
        return None
    rate = arrived.bytes * 8 / arrived.seconds / 1e9
    return rate if math.isfinite(rate) and 0 < rate <= MAX_GBIT_PER_S else None


def _latency(one: Pair, other: Pair) -> float | None:
    """Median round trip; the side that measured it, the first of them when both did."""
    for report in (one, other):
        sample = sample_of(report, "round_trip")
        if sample and sample.value is not None and 0 < sample.value <= MAX_LATENCY_US:
            return sample.value
    return None


def sample_of(report: Pair, direction: str) -> PairSample | None:
    """The one sample of a direction; more than one would leave the choice to the reporter."""
    found = [sample for sample in report.samples if sample.direction == direction]
    kind = "tcp_latency" if direction == "round_trip" else "tcp_throughput"
    return found[0] if len(found) == 1 and found[0].metric == kind else None
