"""Counters of both sides prove the interface that carried a test; without them nothing is said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.judge import judge
from aiconform.model.records import Delivered, Entry
from aiconform.model.verdict import RunVerdict, Verdict
from aiconform.model.wire import Counters, Moved
from tests.judge.verdicts import findings, outcomes, passes, verdict
from tests.support.journals import Faults, changed, run_journal, sound_journal, without
from tests.support.strategies import moved

SOUND = sound_journal(3)
NOTHING = {"tx_bytes": 900, "rx_bytes": 900}
EVERYTHING = {"tx_bytes": 2**40, "rx_bytes": 2**40}


def counted(**changes: Any) -> tuple[Entry, ...]:
    """A sound run in which node2 counts differently in every test."""
    return run_journal(Faults(counts={"node2": changes}), nodes=3)


def transport(entries: tuple[Entry, ...]) -> Verdict:
    return verdict(judge(entries), "tcp.transport", node="node2")


def interfaces(**by: dict[str, int]) -> tuple[Moved, ...]:
    return tuple(Moved(name=name, by=moves) for name, moves in by.items())


def test_path_says_over_which_interface_its_bytes_went() -> None:
    judgement = judge(SOUND)

    assert verdict(judgement, "tcp.path", node="node1", peer="node2").sentence.endswith(
        "both sides report the same bytes, over eth0 of both"
    )
    assert set(outcomes(judgement, "tcp.transport").values()) == {"PASS"}
    assert "over eth0" in verdict(judgement, "tcp.transport", node="node1").sentence


def test_names_of_both_sides_are_told_where_they_differ() -> None:
    entries = counted(meant="net1", interfaces=interfaces(net1=EVERYTHING))

    said = verdict(judge(entries), "tcp.path", node="node1", peer="node2").sentence

    assert said.endswith("over eth0 of node1 and net1 of node2")


@pytest.mark.parametrize(
    ("changes", "reason", "carrier"),
    [
        ({"interfaces": interfaces(eth0=NOTHING, net1=EVERYTHING)}, "OtherInterface", "net1"),
        ({"interfaces": interfaces(eth0=NOTHING, lo=NOTHING)}, "NotShown", "nor elsewhere"),
        (
            {
                "interfaces": interfaces(eth0=NOTHING),
                "port": {"port_xmit_data": 2**40, "port_rcv_data": 2**40},
            },
            "OtherInterface",
            "mlx5_0/1",
        ),
    ],
)
def test_bytes_that_do_not_show_where_they_should_are_a_finding(
    changes: dict[str, Any], reason: str, carrier: str
) -> None:
    judgement = judge(counted(**changes))

    found = verdict(judgement, "tcp.transport", node="node2")
    assert (found.outcome, found.reason) == ("WARN", reason)
    assert carrier in found.sentence
    assert "eth0" in found.sentence
    assert findings(judgement) == [("AIC-NET-011", "node2", "WARN")]
    assert judgement.verdict is RunVerdict.PASS_WITH_WARNINGS
    assert outcomes(judgement, "tcp.path")["node1 → node2"] == "PASS"


@pytest.mark.parametrize(
    "changes",
    [
        {"interfaces": ()},
        {"interfaces": interfaces(eth0={"tx_bytes": 2**40})},
        {"interfaces": interfaces(eth0={"tx_bytes": 2**40, "rx_bytes": -1})},  # cleared or wrapped
        {"interfaces": interfaces(eth0={"tx_bytes": -(2**63), "rx_bytes": 2**63 - 1})},
        {"interfaces": interfaces(eth0=NOTHING, net1={"tx_bytes": -1, "rx_bytes": 2**40})},
        {"interfaces": interfaces(eth0=NOTHING), "left_out_count": 3},
        {"meant": None},
        {"meant": "net7"},
        {"peer": "node9"},
    ],
)
def test_counters_that_are_absent_or_go_backwards_conclude_nothing(changes: dict[str, Any]) -> None:
    entries = counted(**changes)
    judgement = judge(entries)

    found = verdict(judgement, "tcp.transport", node="node2")
    assert (found.outcome, found.required) == ("UNKNOWN", False)
    assert not judgement.findings
    assert judgement.verdict is RunVerdict.PASS
    said = verdict(judgement, "tcp.path", node="node1", peer="node2").sentence
    assert said.endswith("the same bytes")


@pytest.mark.parametrize("share", [0.55, 0.85])
def test_a_part_of_the_bytes_is_neither_proof_nor_disproof(share: float) -> None:
    entries = SOUND
    for entry in SOUND:
        record = entry.record.record if isinstance(entry.record, Delivered) else None
        if isinstance(record, Counters) and record.node == "node2":
            part = {name: int(v / 1.03 * share) for name, v in record.interfaces[0].by.items()}
            entries = changed(entries, entry.id, interfaces=[{"name": "eth0", "by": part}])

    assert transport(entries).outcome == "UNKNOWN"


def test_agents_that_tell_no_counters_are_judged_as_before() -> None:
    judgement = judge(run_journal(nodes=3, counted=False))

    assert judgement.verdict is RunVerdict.PASS
    assert not judgement.findings
    assert set(outcomes(judgement, "tcp.transport").values()) == {"UNKNOWN"}


def test_transport_is_proven_by_every_record_it_rests_on() -> None:
    proven = passes(SOUND)["tcp.transport", "node2"]
    assert len(proven.rests_on) > 8

    for taken in proven.rests_on:
        assert ("tcp.transport", "node2") not in passes(without(SOUND, taken)), taken


@given(moved_=moved(st.sampled_from(["eth0", "lo"])))
def test_any_counters_of_one_node_move_no_other(moved_: tuple[Moved, ...]) -> None:
    judgement = judge(counted(interfaces=moved_, rdma_ports=moved_))

    assert not [f for f in judgement.findings if f.subject.node != "node2"]
    nodes = outcomes(judgement, "node")
    assert (nodes["node1"], nodes["node3"]) == ("PASS", "PASS")
    passed = verdict(judgement, "tcp.transport", node="node2").outcome == "PASS"
    by = next((each.by for each in moved_ if each.name == "eth0"), {})
    assert not passed or min(by["tx_bytes"], by["rx_bytes"]) > 0
