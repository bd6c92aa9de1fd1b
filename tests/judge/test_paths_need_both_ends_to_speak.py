"""A path passes when both ends report it; what nobody reported is nobody's fault."""

from typing import Any

import pytest

from aiconform.judge import judge
from aiconform.model.records import (
    Delivered,
    NodeChanged,
    PairNotRun,
    RoundClosed,
    RunClosed,
)
from aiconform.model.verdict import RunVerdict
from aiconform.model.wire import End, Pair
from tests.judge.verdicts import findings, outcomes, verdict
from tests.support.journals import (
    JournalWriter,
    changed,
    pair_report,
    run_journal,
    sound_journal,
)


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


def test_failure_with_a_peer_that_vanished_is_no_paths_fault() -> None:
    """The survivor says that it failed; the coordinator learnt later that its peer was lost."""
    writer = two_nodes(closed=RoundClosed(round=0), a="failed")
    writer.add(NodeChanged(node="node2", state="lost", reason="NodeLost", sentence="no power"))

    judgement = judge(writer.entries)

    found = verdict(judgement, "tcp.path", node="node1", peer="node2")
    assert (found.outcome, found.reason) == ("UNKNOWN", "NodeLost")
    assert findings(judgement) == [("AIC-NODE-001", "node2", "UNKNOWN")]


def test_low_rate_that_no_component_explains_is_a_warning() -> None:
    """Two low tests of one path may be chance."""
    entries = sound_journal(4)
    for entry in entries:
        record = entry.record.record if isinstance(entry.record, Delivered) else None
        if isinstance(record, Pair) and {record.node, record.peer} == {"node1", "node2"}:
            slower = [s.model_dump() | {"seconds": s.seconds * 1.5} for s in record.samples]
            entries = changed(entries, entry.id, samples=slower)

    judgement = judge(entries)

    assert outcomes(judgement, "tcp.rate")["node1 → node2"] == "WARN"
    assert verdict(judgement, "tcp.rate", node="node1", peer="node2").reason == "NotLocated"
    assert judgement.verdict is RunVerdict.PASS_WITH_WARNINGS
