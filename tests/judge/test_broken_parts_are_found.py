"""One finding for each broken component, that names it, and nothing against the others."""

import pytest

from aiconform.fabric import localise
from aiconform.judge import judge
from aiconform.judge.blame import sentence_of, subject_of
from aiconform.model.records import Delivered
from aiconform.model.verdict import RunVerdict
from aiconform.model.wire import Pair
from tests.fabric.simulated import SimulatedFabric
from tests.judge.verdicts import findings, outcomes, verdict
from tests.support.journals import Faults, changed, names, run_journal


@pytest.mark.parametrize("direction", ["send", "receive"])
def test_slow_direction_is_one_finding(direction: str) -> None:
    judgement = judge(run_journal(Faults(slow={("node3", direction): 0.3}), exercises=()))

    (finding,) = judgement.findings
    assert judgement.verdict is RunVerdict.FAIL
    assert (finding.subject.node, finding.subject.direction) == ("node3", direction)
    assert "node3" in finding.sentence
    assert "0.3 Gbit/s" in finding.sentence
    assert finding.rests_on
    assert outcomes(judgement, "node") == dict.fromkeys(names(4), "PASS") | {"node3": "FAIL"}
    low = {link for link, outcome in outcomes(judgement, "tcp.rate").items() if outcome == "FAIL"}
    assert len(low) == 3
    assert all(link.startswith("node3") == (direction == "send") for link in low)


def test_node_slow_both_ways_is_one_finding() -> None:
    slow = {("node2", "send"): 0.5, ("node2", "receive"): 0.5}

    judgement = judge(run_journal(Faults(slow=slow)))

    assert findings(judgement) == [("AIC-NET-002", "node2", "FAIL")]
    assert "in both directions" in judgement.findings[0].sentence
    assert "6 tests" in judgement.findings[0].sentence


def test_cut_path_is_found_and_its_ends_pass() -> None:
    judgement = judge(run_journal(Faults(cut_pairs=frozenset({("node1", "node2")}))))

    assert findings(judgement) == [("AIC-NET-003", "node1 → node2", "FAIL")]
    assert outcomes(judgement, "tcp.path")["node1 → node2"] == "FAIL"
    assert set(outcomes(judgement, "node").values()) == {"PASS"}


def test_slow_path_is_found_with_its_direction() -> None:
    fabric = SimulatedFabric(names(5), slow_pairs={("node4", "node2"): 1.0})
    (blamed,) = localise(fabric.nodes, fabric.run()).blamed

    assert str(subject_of(blamed)) == "node4 → node2"
    assert "node4 to node2: 1 Gbit/s" in sentence_of(blamed)


def test_of_two_nodes_neither_is_blamed_for_their_path() -> None:
    judgement = judge(run_journal(Faults(cut_pairs=frozenset({("node1", "node2")})), nodes=2))

    assert judgement.verdict is RunVerdict.FAIL
    assert findings(judgement) == [("AIC-NET-004", "node1 → node2", "FAIL")]
    assert outcomes(judgement, "node") == {"node1": "UNKNOWN", "node2": "UNKNOWN"}


def test_corrupt_device_is_named() -> None:
    judgement = judge(run_journal(Faults(corrupt={"node3": True}), tcp=False))

    (finding,) = judgement.findings
    assert judgement.verdict is RunVerdict.FAIL
    assert (finding.subject.node, finding.subject.device) == ("node3", "cpu")
    assert "element (3, 5)" in finding.sentence
    assert outcomes(judgement, "gemm.known_answer")["node3 cpu"] == "FAIL"
    assert outcomes(judgement, "node")["node3"] == "FAIL"
    assert outcomes(judgement, "node")["node1"] == "PASS"


def test_wrong_once_and_right_again_is_a_warning() -> None:
    judgement = judge(run_journal(Faults(corrupt={"node3": False}), tcp=False))

    assert judgement.verdict is RunVerdict.PASS_WITH_WARNINGS
    assert findings(judgement) == [("AIC-DEV-002", "node3 cpu", "WARN")]
    assert verdict(judgement, "node", node="node3").outcome == "WARN"


def test_wrong_and_never_asked_again_is_a_failure() -> None:
    judgement = judge(run_journal(Faults(corrupt={"node3": None}), tcp=False))

    assert judgement.verdict is RunVerdict.FAIL


def test_late_pair_is_a_warning_and_fails_nothing() -> None:
    entries = run_journal(nodes=5)
    for entry in entries:
        record = entry.record.record if isinstance(entry.record, Delivered) else None
        if isinstance(record, Pair) and {record.node, record.peer} == {"node1", "node2"}:
            late = [
                s.model_dump() | ({"value": 5000.0} if s.metric == "tcp_latency" else {})
                for s in record.samples
            ]
            entries = changed(entries, entry.id, samples=late)

    judgement = judge(entries)

    assert outcomes(judgement, "tcp.latency")["node1 → node2"] == "WARN"
    assert judgement.verdict is RunVerdict.PASS
