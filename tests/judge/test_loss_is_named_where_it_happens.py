"""Segments sent again, errors and drops: the node and its interface are named, nobody else is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.judge import judge
from aiconform.model.records import Entry
from aiconform.model.verdict import RunVerdict
from tests.judge.verdicts import findings, outcomes
from tests.support.journals import Faults, names, run_journal

FOUR = names(4)


def lossy(*links: tuple[str, str], share: float = 0.03, nodes: int = 4) -> tuple[Entry, ...]:
    return run_journal(Faults(lossy=dict.fromkeys(links, share)), nodes=nodes)


def sending(node: str, nodes: tuple[str, ...] = FOUR) -> list[tuple[str, str]]:
    return [(node, other) for other in nodes if other != node]


def receiving(node: str) -> list[tuple[str, str]]:
    return [(peer, own) for own, peer in sending(node)]


def test_node_that_loses_what_it_sends_is_named_with_its_interface() -> None:
    judgement = judge(lossy(*sending("node3")))

    assert findings(judgement) == [("AIC-NET-012", "node3 eth0 sending", "WARN")]
    (finding,) = judgement.findings
    assert finding.sentence.startswith("node3 eth0 sending: 3 % of the segments were sent again")
    assert finding.rests_on
    assert judgement.verdict is RunVerdict.PASS_WITH_WARNINGS
    assert outcomes(judgement, "node") == dict.fromkeys(FOUR, "PASS") | {"node3": "WARN"}


def test_node_that_loses_what_it_receives_is_named_by_its_senders() -> None:
    judgement = judge(lossy(*receiving("node2")))

    assert findings(judgement) == [("AIC-NET-012", "node2 eth0 receiving", "WARN")]


def test_both_directions_of_a_node_are_one_finding() -> None:
    judgement = judge(lossy(*sending("node3"), *receiving("node3")))

    assert findings(judgement) == [("AIC-NET-012", "node3 eth0", "WARN")]
    assert "sending and receiving" in judgement.findings[0].sentence


def test_both_directions_of_one_among_three_are_told_by_the_clean_link() -> None:
    three = names(3)
    ill = sending("node3", three)

    judgement = judge(lossy(*ill, *((peer, own) for own, peer in ill), nodes=3))

    assert findings(judgement) == [("AIC-NET-012", "node3 eth0", "WARN")]


def test_two_ill_nodes_do_not_make_a_third_one_ill() -> None:
    judgement = judge(lossy(*sending("node1"), *sending("node2")))

    assert findings(judgement) == [
        ("AIC-NET-012", "node1 eth0 sending", "WARN"),
        ("AIC-NET-012", "node2 eth0 sending", "WARN"),
    ]


def test_one_link_alone_names_its_two_ends() -> None:
    judgement = judge(lossy(("node1", "node4")))

    assert findings(judgement) == [("AIC-NET-012", "node1 → node4", "WARN")]
    assert set(outcomes(judgement, "node").values()) == {"PASS"}


def test_loss_everywhere_is_one_finding_and_nobodys() -> None:
    links = [link for node in FOUR for link in sending(node)]

    judgement = judge(lossy(*links))

    assert findings(judgement) == [("AIC-NET-012", "cluster", "WARN")]
    assert "no node stands out" in judgement.findings[0].sentence


@pytest.mark.parametrize("share", [0.0, 0.0003, 0.005])
def test_what_tcp_loses_to_find_its_rate_is_no_finding(share: float) -> None:
    links = [link for node in FOUR for link in sending(node)]

    judgement = judge(lossy(*links, share=share))

    assert not judgement.findings
    assert judgement.verdict is RunVerdict.PASS


def test_node_that_is_slow_because_it_loses_is_one_finding_with_both() -> None:
    slow = Faults(slow={("node3", "send"): 0.3}, lossy=dict.fromkeys(sending("node3"), 0.04))

    judgement = judge(run_journal(slow))

    assert findings(judgement) == [("AIC-NET-001", "node3 sending", "FAIL")]
    assert "0.3 Gbit/s" in judgement.findings[0].sentence
    assert "4 % of the segments were sent again" in judgement.findings[0].sentence
    assert "over eth0 of node3" in judgement.findings[0].sentence


def test_loss_of_a_slow_node_on_a_link_that_is_not_slow_is_no_second_finding() -> None:
    """Of its links one lost as the others do, and kept its rate by chance."""
    slow_links = {("node3", "node1"): 0.3, ("node3", "node2"): 0.3}
    ill = Faults(slow_links=slow_links, lossy=dict.fromkeys(sending("node3"), 0.04))

    judgement = judge(run_journal(ill))

    assert findings(judgement) == [("AIC-NET-001", "node3 sending", "FAIL")]
    assert "in 6 tests, over eth0" in judgement.findings[0].sentence


def test_more_sent_again_than_sent_is_not_believed() -> None:
    assert not judge(lossy(*sending("node3"), share=1.5)).findings


@given(
    share=st.dictionaries(
        st.sampled_from([("node3", peer) for peer in ("node1", "node2", "node4")]),
        st.floats(0, 2),
    )
)
def test_one_liar_is_never_able_to_name_another_node(share: dict[tuple[str, str], float]) -> None:
    judgement = judge(run_journal(Faults(lossy=share)))

    assert {f.subject.node for f in judgement.findings} <= {"node3"}
    assert [outcomes(judgement, "node")[n] for n in ("node1", "node2", "node4")] == ["PASS"] * 3


def counted(**changes: Any) -> tuple[Entry, ...]:
    return run_journal(Faults(counts={"node2": changes}))


@pytest.mark.parametrize(
    ("by", "outcome", "said"),
    [
        ({"rx_errors": 40_000}, "FAIL", "40000 errors"),
        ({"tx_errors": 200}, "WARN", "200 errors"),
        ({"rx_dropped": 90_000}, "WARN", "90000 drops"),
        ({"rx_missed_errors": 90_000}, "WARN", "90000 drops"),
        ({"carrier_down_count": 1}, "FAIL", "its link went down 1 time"),
    ],
)
def test_interface_with_errors_is_named(by: dict[str, int], outcome: str, said: str) -> None:
    judgement = judge(counted(by=by))

    assert findings(judgement) == [("AIC-NET-013", "node2 eth0", outcome)]
    assert said in judgement.findings[0].sentence
    assert "test with node" in judgement.findings[0].sentence
    assert outcomes(judgement, "node")["node2"] == outcome
    assert outcomes(judgement, "node")["node1"] == "PASS"


@pytest.mark.parametrize(
    ("port", "outcome"),
    [
        ({"link_downed": 1}, "FAIL"),
        ({"symbol_error": 11}, "WARN"),
        ({"port_rcv_errors": 300}, "WARN"),
        ({"packet_seq_err": 20, "port_xmit_packets": 10**6}, "WARN"),
        ({"out_of_sequence": 20_000, "port_rcv_packets": 10**6}, "FAIL"),
    ],
)
def test_rdma_port_with_errors_is_named(port: dict[str, int], outcome: str) -> None:
    judgement = judge(counted(port=port))

    assert findings(judgement) == [("AIC-PORT-003", "node2 mlx5_0/1", outcome)]


@pytest.mark.parametrize(
    "changes",
    [
        {"by": {"rx_errors": 3}},
        {"by": {"rx_errors": -5000, "tx_dropped": -1, "carrier_down_count": -1}},
        {"by": {"rx_dropped": 50}},
        {"port": {"symbol_error": 10}},
        {"port": {"link_downed": -3, "symbol_error": -1}},
        {"interfaces": (), "rdma_ports": ()},
    ],
)
def test_few_errors_and_counters_that_go_backwards_are_no_finding(changes: dict[str, Any]) -> None:
    judgement = judge(counted(**changes))

    assert not judgement.findings
    assert judgement.verdict is RunVerdict.PASS
