"""Lost, absent, busy or unfinished: UNKNOWN with its reason, and nobody else's fault."""

from collections.abc import Iterable, Iterator

import pytest

from aiconform.judge import judge
from aiconform.model.plan import NodeFacts
from aiconform.model.records import (
    Delivered,
    Entry,
    NodeChanged,
    RunClosed,
    Surveyed,
)
from aiconform.model.verdict import LedgerState, RunVerdict
from aiconform.model.wire import End, NotRun
from tests.judge.verdicts import findings, outcomes, verdict
from tests.support.journals import (
    Faults,
    JournalWriter,
    answer,
    changed,
    end,
    hello,
    inventory,
    measurement,
    node_facts,
    run_journal,
    sound_journal,
)


def surveyed(entries: Iterable[Entry], *nodes: NodeFacts) -> Iterator[Entry]:
    """The journal of a survey that found other nodes."""
    for entry in entries:
        if isinstance(entry.record, Surveyed):
            record = entry.record.model_copy(update={"nodes": nodes})
            yield Entry(n=entry.n, at=entry.at, record=record)
        else:
            yield entry


@pytest.mark.parametrize("lost_in", [0, 1, 3, 5])
def test_lost_node_is_unknown_and_the_others_complete(lost_in: int) -> None:
    judgement = judge(run_journal(Faults(lost={"node2": lost_in})))

    assert judgement.verdict is RunVerdict.INCOMPLETE
    nodes = outcomes(judgement, "node")
    assert nodes.pop("node2") == "UNKNOWN"
    assert set(nodes.values()) == {"PASS"}
    paths = outcomes(judgement, "tcp.path")
    others = {link: o for link, o in paths.items() if "node2" not in link}
    assert others == dict.fromkeys(others, "PASS")
    assert len(others) == 3
    assert "FAIL" not in paths.values()
    (finding,) = judgement.findings
    assert "node2 was lost" in finding.sentence


def test_each_node_that_never_began_has_its_reason() -> None:
    faults = Faults(
        excluded={"node1": ("Tainted", "its taint team=vision:NoSchedule")},
        failed={
            "node2": ("Unschedulable", "insufficient cpu"),
            "node3": ("ErrImageNeverPull", "image engine:1 is not there"),
        },
    )

    judgement = judge(run_journal(faults))

    ledger = {e.name: (e.state, e.reason, e.sentence) for e in judgement.ledger if e.kind == "node"}
    assert ledger["node1"][:2] == ("excluded", "Tainted")
    assert "team=vision:NoSchedule" in ledger["node1"][2]
    assert ledger["node2"][:2] == ("not_run", "Unschedulable")
    assert "insufficient cpu" in ledger["node2"][2]
    assert "engine:1" in ledger["node3"][2]
    assert ledger["node4"][0] == "tested"
    assert outcomes(judgement, "node") == {
        "node1": "SKIP", "node2": "UNKNOWN", "node3": "UNKNOWN", "node4": "PASS"
    }  # fmt: skip
    assert judgement.verdict is RunVerdict.INCOMPLETE
    assert [code for code, _, _ in findings(judgement)] == ["AIC-NODE-002", "AIC-NODE-002"]


@pytest.mark.parametrize("reason", ["Tainted", "Cordoned", "ControlPlane", "NotSelected"])
def test_node_left_out_on_purpose_does_not_hold_up_a_pass(reason: str) -> None:
    judgement = judge(run_journal(Faults(excluded={"node4": (reason, "left out")})))

    assert judgement.verdict is RunVerdict.PASS
    assert "1 node left out" in verdict(judgement, "coverage").sentence


@pytest.mark.parametrize(("reason", "state"), [("NotReady", "excluded"), ("Busy", "busy")])
def test_node_that_could_not_take_part_makes_a_run_incomplete(reason: str, state: str) -> None:
    judgement = judge(run_journal(Faults(excluded={"node4": (reason, "not now")})))

    assert judgement.verdict is RunVerdict.INCOMPLETE
    assert findings(judgement) == [("AIC-NODE-003", "node4", "UNKNOWN")]
    assert {e.state for e in judgement.ledger if e.name == "node4"} == {LedgerState(state)}


@pytest.mark.parametrize("outcome", ["skip", "error", "timeout"])
def test_known_answer_that_was_not_run_is_unknown_with_its_reason(outcome: str) -> None:
    missing = NotRun.model_validate(
        {"exercise": "gemm.known_answer", "outcome": outcome, "reason": "no such dtype"}
    )

    judgement = judge(run_journal(Faults(not_run={"node2": missing}), tcp=False))

    found = verdict(judgement, "gemm.known_answer", node="node2")
    assert (found.outcome, found.required) == ("UNKNOWN", True)
    assert "no such dtype" in found.sentence
    assert judgement.verdict is RunVerdict.INCOMPLETE


@pytest.mark.parametrize(
    ("outcome", "expected"), [("skip", "SKIP"), ("error", "UNKNOWN"), ("timeout", "UNKNOWN")]
)
def test_rate_that_was_not_run_is_skipped_only_when_it_does_not_apply(
    outcome: str, expected: str
) -> None:
    missing = NotRun.model_validate(
        {"exercise": "memory.copy", "outcome": outcome, "reason": "not here"}
    )

    judgement = judge(run_journal(Faults(not_run={"node2": missing}), tcp=False))

    assert outcomes(judgement, "memory.copy")["node2"] == expected
    assert outcomes(judgement, "node")["node2"] == ("PASS" if expected == "SKIP" else "UNKNOWN")


def test_accelerators_that_did_not_answer_are_missed() -> None:
    entries = run_journal(
        nodes=2, tcp=False, devices=("gpu0", "gpu1"), resources={"nvidia.com/gpu": 3}
    )

    judgement = judge(entries)

    assert "2 of 3 accelerators" in verdict(judgement, "gemm.known_answer", node="node1").sentence
    assert findings(judgement)[0] == ("AIC-DEV-003", "node1", "UNKNOWN")
    assert judgement.verdict is RunVerdict.INCOMPLETE
    assert ("node1/*", "untested") in {(e.name, e.state.value) for e in judgement.ledger}


def test_host_does_not_stand_in_for_its_accelerators() -> None:
    """An engine that falls back to the CPU has proven no accelerator."""
    judgement = judge(run_journal(nodes=2, tcp=False, resources={"nvidia.com/gpu": 1}))

    assert verdict(judgement, "gemm.known_answer", node="node1").reason == "DevicesMissing"


def test_accelerators_in_use_are_ledgered_as_busy() -> None:
    from aiconform.model.records import Entry, Planned, Surveyed

    def with_more(entry: Entry) -> Entry:
        if isinstance(entry.record, Surveyed):
            nodes = tuple(
                n.model_copy(update={"accelerators": {"nvidia.com/gpu": 8}})
                for n in entry.record.nodes
            )
            return entry.model_copy(
                update={"record": entry.record.model_copy(update={"nodes": nodes})}
            )
        return entry

    entries = run_journal(nodes=2, devices=("gpu0",), resources={"nvidia.com/gpu": 1})
    assert any(isinstance(entry.record, Planned) for entry in entries)

    judgement = judge(map(with_more, entries))

    busy = [e for e in judgement.ledger if e.state is LedgerState.BUSY]
    assert [e.name for e in busy] == ["node1/nvidia.com/gpu", "node2/nvidia.com/gpu"]
    assert "7" in busy[0].sentence
    assert judgement.verdict is RunVerdict.INCOMPLETE
    assert findings(judgement) == [("AIC-RUN-003", "cluster", "UNKNOWN")]


def test_plan_that_forgets_a_node_is_incomplete() -> None:
    from aiconform.model.records import Surveyed

    entries = [
        e.model_copy(
            update={
                "record": e.record.model_copy(
                    update={"nodes": (*e.record.nodes, node_facts("node9"))}
                )
            }
        )
        if isinstance(e.record, Surveyed)
        else e
        for e in sound_journal(2)
    ]

    judgement = judge(entries)

    assert verdict(judgement, "node", node="node9").reason == "NotPlanned"
    assert judgement.verdict is RunVerdict.INCOMPLETE


def test_failed_inventory_counts_name_the_node() -> None:
    writer = JournalWriter()
    for entry in sound_journal(1)[:8]:
        writer.add(entry.record)
    counts = {"accelerators_given_count": 8, "accelerators_in_framework_count": 7}
    writer.say("node1", "inventory", hello(clock_offset_s=9.0), inventory(**counts), End)
    figures = (measurement("gemm.rate", 2.0, device="cpu"), measurement("memory.copy", 9.0))
    writer.say("node1", "self", answer(), *figures, end(3))
    writer.add(NodeChanged(node="node1", state="finished"), RunClosed(how="complete"))

    judgement = judge(writer.entries)

    assert findings(judgement) == [
        ("AIC-NODE-005", "node1", "FAIL"),
        ("AIC-NODE-006", "node1", "WARN"),
    ]
    assert "7 of the 8" in judgement.findings[0].sentence


def test_clock_that_is_off_is_a_warning() -> None:
    entries = sound_journal(1)
    greeting = next(
        e for e in entries if isinstance(e.record, Delivered) and e.record.record.kind == "hello"
    )

    judgement = judge(changed(entries, greeting.id, clock_offset_s=-7.5))

    assert findings(judgement) == [("AIC-NODE-006", "node1", "WARN")]
    assert judgement.verdict is RunVerdict.PASS_WITH_WARNINGS
