"""Lost, absent, busy or unfinished: UNKNOWN with its reason, and nobody else's fault."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from aiconform.judge import judge
from aiconform.model.plan import NodeFacts
from aiconform.model.records import (
    Delivered,
    Entry,
    NodeChanged,
    PairNotRun,
    RoundClosed,
    RunClosed,
    RunOpened,
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
    pair_report,
    run_journal,
    sound_journal,
    without,
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


def test_dry_run_tested_nothing() -> None:
    judgement = judge(run_journal(how="dry_run"))

    assert judgement.verdict is RunVerdict.INCOMPLETE
    assert judgement.sentence == "dry run: nothing was tested"
    assert judgement.findings == ()


def test_run_without_probes_is_never_a_pass() -> None:
    judgement = judge(run_journal(exercises=(), tcp=False))

    assert judgement.verdict is RunVerdict.INCOMPLETE
    assert set(outcomes(judgement, "node").values()) == {"UNKNOWN"}


def test_plan_without_nodes_is_never_a_pass() -> None:
    everybody = {f"node{n}": ("Tainted", "its taint") for n in range(1, 5)}

    judgement = judge(run_journal(Faults(excluded=everybody)))

    assert judgement.verdict is RunVerdict.INCOMPLETE


def test_inventories_alone_prove_no_component() -> None:
    judgement = judge(run_journal(nodes=2, exercises=("memory.copy",), tcp=False))

    assert judgement.verdict is RunVerdict.INCOMPLETE
    assert "nothing was tested that could be judged" in judgement.sentence


@pytest.mark.parametrize("how", ["deadline", "interrupted"])
def test_run_that_was_cut_short_is_incomplete(how: str) -> None:
    judgement = judge(run_journal(how=how))

    assert judgement.verdict is RunVerdict.INCOMPLETE
    assert findings(judgement) == [("AIC-RUN-002", "cluster", "UNKNOWN")]


@pytest.mark.parametrize("faults", [Faults(), Faults(trouble=("not permitted to list nodes",))])
def test_run_that_broke_is_an_error(faults: Faults) -> None:
    judgement = judge(run_journal(faults, how="broken"))

    assert judgement.verdict is RunVerdict.ERROR
    assert [f.outcome for f in judgement.findings] == ["ERROR"]


def test_trouble_of_the_run_is_an_error_even_when_it_went_on() -> None:
    judgement = judge(run_journal(Faults(trouble=("not permitted to create tokenreviews",))))

    assert judgement.verdict is RunVerdict.ERROR
    assert "create tokenreviews" in judgement.sentence


def test_fault_is_told_even_when_the_run_broke() -> None:
    judgement = judge(run_journal(Faults(corrupt={"node1": True}), how="broken", tcp=False))

    assert judgement.verdict is RunVerdict.FAIL


def test_journal_of_nothing_is_incomplete() -> None:
    judgement = judge(())

    assert judgement.verdict is RunVerdict.INCOMPLETE
    assert judgement.run == "unknown"
    assert verdict(judgement, "coverage").outcome == "UNKNOWN"


def test_journal_that_just_began_is_incomplete() -> None:
    for length in range(len(sound_journal(2))):
        judgement = judge(sound_journal(2)[:length])
        assert judgement.verdict is RunVerdict.INCOMPLETE, length


def test_unfinished_nodes_are_unknown() -> None:
    entries = [
        e
        for e in sound_journal(4)
        if not (isinstance(e.record, NodeChanged) and e.record.state == "finished")
    ]

    judgement = judge(entries)

    assert set(outcomes(judgement, "node").values()) == {"UNKNOWN"}
    assert {code for code, _, _ in findings(judgement)} == {"AIC-NODE-004"}


def two_nodes(*, closed: RoundClosed | None, a: Any = None, b: Any = None) -> JournalWriter:
    """A run of two nodes up to its first round, in which each side says what it is told to."""
    writer = JournalWriter()
    for entry in sound_journal(2):
        if entry.record.kind == "round_opened":
            writer.add(entry.record)
            break
        writer.add(entry.record)
    for node, peer, said in (("node1", "node2", a), ("node2", "node1", b)):
        if said is not None:
            writer.say(node, "round-0", pair_report(0, peer, outcome=said), End)
    if closed:
        writer.add(closed)
    writer.add(*(NodeChanged(node=f"node{n}", state="finished") for n in (1, 2)))
    writer.add(RunClosed(how="complete"))
    return writer


@pytest.mark.parametrize(
    ("a", "b", "outcome", "reason"),
    [
        ("ok", "ok", "PASS", "Carried"),
        ("ok", None, "UNKNOWN", "ReportMissing"),
        (None, None, "UNKNOWN", "ReportMissing"),
        ("ok", "peer_late", "UNKNOWN", "PeerLate"),
        ("peer_late", None, "UNKNOWN", "PeerLate"),
        ("ok", "failed", "FAIL", "PathFailed"),
        ("timeout", None, "FAIL", "PathFailed"),
    ],
)
def test_path_passes_only_when_both_sides_say_so(
    a: str | None, b: str | None, outcome: str, reason: str
) -> None:
    writer = two_nodes(closed=RoundClosed(round=0), a=a, b=b)

    found = verdict(judge(writer.entries), "tcp.path", node="node1", peer="node2")

    assert (found.outcome, found.reason) == (outcome, reason)


def test_round_that_was_never_closed_proves_nothing() -> None:
    judgement = judge(two_nodes(closed=None, a="ok", b="ok").entries)

    assert verdict(judgement, "tcp.path", node="node1", peer="node2").reason == "RoundNotClosed"
    assert outcomes(judgement, "node") == {"node1": "UNKNOWN", "node2": "UNKNOWN"}


def test_pair_that_was_called_off_did_not_run_whatever_was_reported_later() -> None:
    off = PairNotRun(pair=("node1", "node2"), reason="Deadline")
    judgement = judge(
        two_nodes(closed=RoundClosed(round=0, not_run=(off,)), a="ok", b="ok").entries
    )

    assert verdict(judgement, "tcp.path", node="node1", peer="node2").reason == "Deadline"
    assert ("AIC-NET-005", "node1 → node2", "UNKNOWN") in findings(judgement)


def test_pairs_whose_turn_never_came_are_untested() -> None:
    entries = [
        e
        for e in run_journal(how="deadline")
        if not (
            e.record.kind in {"round_opened", "round_closed"}
            or (isinstance(e.record, Delivered) and e.record.record.kind == "pair")
        )
    ]

    judgement = judge(entries)

    assert {e.state.value for e in judgement.ledger if e.kind == "pair"} == {"untested"}
    assert verdict(judgement, "tcp.path", node="node1", peer="node2").reason == "NotScheduled"
    assert verdict(judgement, "node", node="node1").reason == "NoPathProven"


def test_peers_silence_is_not_held_against_a_node() -> None:
    """Node 4 never reports its rounds; the paths are open, and the others pass."""
    entries = [
        e
        for e in sound_journal(4)
        if not (
            isinstance(e.record, Delivered)
            and e.record.record.node == "node4"
            and e.record.record.stream.startswith("round-")
        )
    ]

    judgement = judge(entries)

    nodes = outcomes(judgement, "node")
    assert nodes.pop("node4") == "UNKNOWN"
    assert set(nodes.values()) == {"PASS"}
    assert findings(judgement) == [("AIC-NODE-004", "node4", "UNKNOWN")]


def test_unstable_path_is_a_warning() -> None:
    entries = sound_journal(3)
    first = next(
        e
        for e in entries
        if isinstance(e.record, Delivered)
        and e.record.record.kind == "pair"
        and e.record.record.node == "node1"
    )

    judgement = judge(changed(entries, first.id, outcome="failed", reason="reset", samples=[]))

    assert judgement.verdict is RunVerdict.PASS_WITH_WARNINGS
    assert {code for code, _, _ in findings(judgement)} == {"AIC-NET-006"}


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


def test_journal_without_its_opening_is_incomplete() -> None:
    entries = sound_journal(2)
    opened = next(e for e in entries if isinstance(e.record, RunOpened))

    judgement = judge(without(entries, opened.id))

    assert judgement.verdict is RunVerdict.INCOMPLETE
    assert "the run's configuration" in verdict(judgement, "coverage").sentence


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

    assert findings(judgement) == [("AIC-NODE-005", "node1", "FAIL")]
    assert "7 of the 8" in judgement.findings[0].sentence


def test_clock_that_is_off_is_a_warning() -> None:
    entries = sound_journal(1)
    greeting = next(
        e for e in entries if isinstance(e.record, Delivered) and e.record.record.kind == "hello"
    )

    judgement = judge(changed(entries, greeting.id, clock_offset_s=-7.5))

    assert findings(judgement) == [("AIC-NODE-005", "node1", "WARN")]
    assert judgement.verdict is RunVerdict.PASS_WITH_WARNINGS
