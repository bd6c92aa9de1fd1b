"""Everything measured and well: a PASS for each node, device and path, and nothing found."""

import random

from hypothesis import given
from hypothesis import strategies as st

from aiconform.judge import closed_rounds, judge, round_results
from aiconform.model.verdict import LedgerState, RunVerdict
from tests.judge.verdicts import outcomes, verdict
from tests.support.journals import names, run_journal, sound_journal


def test_sound_cluster_passes_everywhere() -> None:
    judgement = judge(sound_journal(4))

    assert judgement.verdict is RunVerdict.PASS
    assert "4 nodes, 4 devices, 6 paths" in judgement.sentence
    assert outcomes(judgement, "node") == dict.fromkeys(names(4), "PASS")
    assert set(outcomes(judgement, "tcp.path").values()) == {"PASS"}
    assert len(outcomes(judgement, "tcp.path")) == 6
    assert len(outcomes(judgement, "tcp.rate")) == 12
    assert set(outcomes(judgement, "tcp.rate").values()) == {"PASS"}
    assert judgement.findings == ()
    assert {entry.state for entry in judgement.ledger} == {LedgerState.TESTED}


def test_ledger_has_every_node_device_and_pair() -> None:
    kinds = [entry.kind for entry in judge(sound_journal(4)).ledger]

    assert [kinds.count(kind) for kind in ("node", "accelerator", "pair")] == [4, 4, 6]


def test_rate_without_peers_is_shown_and_claims_nothing() -> None:
    found = verdict(judge(sound_journal(4)), "memory.copy", node="node1")

    assert (found.outcome, found.required, found.reason) == ("UNKNOWN", False, "NoReference")
    assert found.figures[0].unit == "gigabytes_per_second"
    assert "nothing to compare with" in found.sentence


def test_nine_nodes_have_peers() -> None:
    judgement = judge(run_journal(nodes=9, sigma=0.01))

    assert judgement.verdict is RunVerdict.PASS
    assert set(outcomes(judgement, "memory.copy").values()) == {"PASS"}
    assert set(outcomes(judgement, "gemm.rate").values()) == {"PASS"}
    assert "peers" in verdict(judgement, "memory.copy", node="node1").figures[0].compared_with


def test_one_node_passes_and_says_that_it_had_nobody_to_meet() -> None:
    judgement = judge(sound_journal(1))

    assert judgement.verdict is RunVerdict.PASS
    assert verdict(judgement, "tcp.path").reason == "OneNode"


@given(st.integers(0, 10**6))
def test_order_in_memory_is_of_no_account(seed: int) -> None:
    entries = list(sound_journal(3))
    judgement = judge(entries)

    random.Random(seed).shuffle(entries)

    assert judge(entries) == judgement


def test_rounds_are_read_back_as_they_were_run() -> None:
    entries = sound_journal(4)

    results = round_results(entries)

    assert closed_rounds(entries) == frozenset(range(6))
    assert [len(result.tests) for result in results] == [2] * 6
    assert all(
        test.outcome == "ok" and test.latency_us == 90.0 for r in results for test in r.tests
    )
