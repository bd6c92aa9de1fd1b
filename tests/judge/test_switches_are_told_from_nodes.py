"""With switches known: one finding for what is ill, and a ledger of which leaves met."""

from dataclasses import replace

import pytest

from aiconform.fabric import Blamed
from aiconform.fabric.simulation.faults import Fault
from aiconform.judge import judge
from aiconform.judge.blame import sentence_of, subject_of
from aiconform.judge.findings import NETWORK_CODES
from aiconform.model.records import RoundsStopped
from aiconform.model.verdict import LedgerState, RunVerdict
from tests.fabric.studied import found_in, network, run
from tests.judge.verdicts import findings, outcomes, verdict
from tests.support.journals import Faults, run_journal

LEAVES = {"nodes": 24, "leaf_size": 12, "exercises": ()}


def only(tested: str, kind: str, *, nodes: int = 128) -> Blamed:
    simulated = network(nodes, tested, kind=kind)
    (blamed,) = found_in(simulated, run(simulated)).blamed
    return blamed


def test_sound_run_passes_with_every_leaf_met() -> None:
    judgement = judge(run_journal(**LEAVES))

    assert judgement.verdict is RunVerdict.PASS, judgement.findings
    leaves = [entry for entry in judgement.ledger if entry.kind == "leaf"]
    assert [(e.name, e.state) for e in leaves] == [
        ("leaf0", LedgerState.TESTED), ("leaf1", LedgerState.TESTED)
    ]  # fmt: skip
    assert "1 of 1 other leaves" in leaves[0].sentence
    met = next(f for f in verdict(judgement, "coverage").figures if f.metric == "leaf_pairs_tested")
    assert (met.value, met.compared_with) == (1, "of 1")


def test_slow_node_is_one_finding_and_its_partners_pass() -> None:
    judgement = judge(run_journal(Faults(slow={("node05", "send"): 2.0}), **LEAVES))

    assert findings(judgement) == [("AIC-NET-001", "node05 sending", "FAIL")]
    assert "fine with others" in judgement.findings[0].sentence
    nodes = outcomes(judgement, "node")
    assert [node for node, outcome in nodes.items() if outcome != "PASS"] == ["node05"]


def test_budget_that_was_spent_is_incomplete_and_named() -> None:
    stopped = RoundsStopped(
        reason="Budget", sentence="2 rounds did not fit into 60 s", left=("leaf", "leaf")
    )

    judgement = judge(run_journal(stopped=stopped, **LEAVES))

    assert judgement.verdict is RunVerdict.INCOMPLETE
    assert verdict(judgement, "coverage").reason == "BudgetSpent"
    (entry,) = [e for e in judgement.ledger if e.kind == "round"]
    assert (entry.name, entry.state) == ("2 rounds (leaf)", LedgerState.NOT_RUN)


@pytest.mark.parametrize(
    ("topology", "kind", "code", "said"),
    [
        ("rail-optimised", "leaf-rail", "AIC-NET-007", "the switch of leaf"),
        ("leaf-spine", "uplink", "AIC-NET-008", "an uplink of leaf"),
        ("rail-optimised", "rail", "AIC-NET-009", "in most leaves"),
        ("leaf-spine", "leaf-pair", "AIC-NET-010", "the path between leaf"),
    ],
)
def test_each_part_of_the_network_has_its_words(
    topology: str, kind: str, code: str, said: str
) -> None:
    blamed = only(topology, kind)

    assert NETWORK_CODES[blamed.kind] == code
    assert said in sentence_of(blamed)
    assert "is typical" in sentence_of(blamed)
    assert subject_of(blamed).node is None
    assert str(subject_of(blamed)) != "cluster"


def test_node_ill_now_and_then_is_told_with_all_its_tests() -> None:
    fault = Fault("intermittent", ("node", "n07"), 0.5, chance=0.5, node="n07")
    tested = replace(network(48, "leaf-spine"), faults=(fault,))
    (blamed,) = found_in(tested, run(tested)).blamed

    assert blamed.test_count is not None
    assert f" of {blamed.test_count} tests with " in sentence_of(blamed)


def test_rail_of_a_port_is_named() -> None:
    fault = Fault("nic", ("node", "n07"), 0.5, node="n07", rail=3, sends=False)
    tested = replace(network(48), faults=(fault,))
    (blamed,) = found_in(tested, run(tested)).blamed

    assert str(subject_of(blamed)) == "n07 rail 3 receiving"
    assert sentence_of(blamed).startswith("n07 rail 3 receiving: ")
