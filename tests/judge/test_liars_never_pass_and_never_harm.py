"""Agents are not trusted: garbage neither passes, nor crashes, nor moves another node's verdict."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.judge import judge
from aiconform.model.records import Delivered, Entry, JournalRecord
from aiconform.model.verdict import Outcome
from aiconform.model.wire import Pair
from tests.judge.verdicts import outcomes, verdict
from tests.support.journals import RUN, changed, run_journal, sound_journal
from tests.support.strategies import journal_records

SOUND = sound_journal(4)
NODES = st.sampled_from(["node1", "node2", "node3", "node4"])
STREAMS = st.sampled_from(["inventory", "self", "round-0", "round-1", "round-9"])
BOOTS = st.sampled_from(["b007b007", "deadbeef"])


def garbage(node: st.SearchStrategy[str] = NODES) -> st.SearchStrategy[Any]:
    return journal_records(
        run=st.just(RUN),
        node=node,
        stream=STREAMS,
        boot=BOOTS,
        seq=st.integers(0, 8),
    )


def numbered(records: list[JournalRecord], *, start: int = 10_000) -> list[Entry]:
    return [Entry(n=start + n, at=0.0, record=record) for n, record in enumerate(records)]


@given(st.lists(garbage(), max_size=20))
def test_any_journal_is_judged(records: list[JournalRecord]) -> None:
    judgement = judge(numbered(records))

    assert judgement.verdict.value in {"incomplete", "error"}
    assert not [v for v in judgement.verdicts if v.outcome is Outcome.PASS]


@given(st.lists(garbage(), max_size=10), st.integers(0, len(SOUND)))
def test_sound_run_with_garbage_is_judged(records: list[JournalRecord], at: int) -> None:
    mixed = [*SOUND[:at], *numbered(records, start=at), *SOUND[at:]]

    judge(Entry(n=n, at=0.0, record=entry.record) for n, entry in enumerate(mixed))


@given(st.lists(garbage(st.just("node4")), max_size=10))
def test_garbage_of_one_agent_moves_no_other_node(records: list[JournalRecord]) -> None:
    said = [record for record in records if isinstance(record, Delivered)]

    judgement = judge([*SOUND, *numbered([*said])])

    nodes = outcomes(judgement, "node")
    assert [nodes[node] for node in ("node1", "node2", "node3")] == ["PASS"] * 3
    assert not [
        f
        for f in judgement.findings
        if f.subject.node in {"node1", "node2", "node3"}
        and f.outcome is Outcome.FAIL
        and f.subject.peer is None
    ]


def pair_entry(node: str) -> Entry:
    return next(
        e
        for e in SOUND
        if isinstance(e.record, Delivered)
        and isinstance(e.record.record, Pair)
        and e.record.record.node == node
    )


def told(entry: Entry, which: str, /, **changes: Any) -> tuple[Entry, ...]:
    """The sound journal in which one sample of one report is another."""
    assert isinstance(entry.record, Delivered)
    assert isinstance(entry.record.record, Pair)
    samples = [
        s.model_dump() | (changes if s.direction == which else {})
        for s in entry.record.record.samples
    ]
    return changed(SOUND, entry.id, samples=samples)


@pytest.mark.parametrize(
    "changes",
    [
        {"bytes": 0},
        {"bytes": 2**62},
        {"seconds": 0.0},
        {"seconds": 1e-12},
        {"seconds": 1e300},
        {"value": None},
        {"value": -1.0},
        {"metric": "tcp_latency"},
        {"direction": "send"},
    ],
)
def test_rate_that_cannot_be_true_proves_no_path(changes: dict[str, Any]) -> None:
    entry = pair_entry("node2")
    assert isinstance(entry.record, Delivered)
    assert isinstance(entry.record.record, Pair)
    peer = entry.record.record.peer
    a, b = sorted(("node2", peer))

    judgement = judge(told(entry, "receive", **changes))

    found = verdict(judgement, "tcp.path", node=a, peer=b)
    assert found.outcome is not Outcome.PASS or changes == {"seconds": 1e300}
    assert outcomes(judgement, "node")[peer] == "PASS"


def test_slow_beyond_belief_is_at_least_not_a_passing_rate() -> None:
    entry = pair_entry("node2")
    assert isinstance(entry.record, Delivered)
    assert isinstance(entry.record.record, Pair)
    peer = entry.record.record.peer

    judgement = judge(told(entry, "receive", seconds=1e300))

    assert outcomes(judgement, "tcp.rate")[f"{peer} → node2"] != "PASS"


@pytest.mark.parametrize("latency", [-5.0, 0.0, 1e12])
def test_latency_that_cannot_be_true_is_not_shown(latency: float) -> None:
    entries = run_journal(nodes=2)
    for entry in entries:
        if isinstance(entry.record, Delivered) and isinstance(entry.record.record, Pair):
            samples = [
                s.model_dump() | ({"value": latency} if s.direction == "round_trip" else {})
                for s in entry.record.record.samples
            ]
            entries = changed(entries, entry.id, samples=samples)

    found = verdict(judge(entries), "tcp.latency", node="node1", peer="node2")

    assert (found.outcome, found.figures) == (Outcome.UNKNOWN, ())


ANSWER = next(
    e for e in SOUND if isinstance(e.record, Delivered) and e.record.record.kind == "check"
)


@pytest.mark.parametrize(
    ("changes", "outcome", "reason"),
    [
        ({"ok": True, "wrong_count": 3}, "UNKNOWN", "NotCredible"),
        ({"ok": False, "wrong_count": 0}, "UNKNOWN", "NotCredible"),
        ({"ok": False, "wrong_count": 9, "total_count": 4}, "UNKNOWN", "NotCredible"),
        ({"total_count": 0}, "UNKNOWN", "NothingChecked"),
        ({"ok": False, "wrong_count": 9, "repeated": True}, "FAIL", "Sdc"),
    ],
)
def test_answer_that_contradicts_itself_is_not_believed(
    changes: dict[str, Any], outcome: str, reason: str
) -> None:
    judgement = judge(changed(SOUND, ANSWER.id, **changes))

    found = verdict(judgement, "gemm.known_answer", node="node1", device="cpu")
    assert (found.outcome, found.reason) == (outcome, reason)


def test_wrong_answer_counts_even_without_an_end() -> None:
    """What was seen to be wrong stays wrong when the agent dies before it can close its report."""
    said = changed(SOUND, ANSWER.id, ok=False, wrong_count=1, repeated=True, boot="deadbeef")

    judgement = judge(said)

    found = verdict(judgement, "gemm.known_answer", node="node1", device="cpu")
    assert found.outcome is Outcome.FAIL


def test_answer_of_an_exercise_that_was_not_ordered_is_no_verdict() -> None:
    judgement = judge(changed(SOUND, ANSWER.id, exercise="free.lunch"))

    assert "free.lunch" not in {v.item for v in judgement.verdicts}
    assert verdict(judgement, "gemm.known_answer", node="node1").reason == "NoAnswer"


def test_report_of_a_round_that_was_never_opened_is_no_test() -> None:
    entry = pair_entry("node1")

    judgement = judge(changed(SOUND, entry.id, round=77))

    assert verdict(judgement, "node", node="node1").outcome is Outcome.UNKNOWN


def test_node_that_is_not_planned_cannot_join_by_talking() -> None:
    judgement = judge(changed(SOUND, ANSWER.id, node="stranger"))

    assert "stranger" not in outcomes(judgement, "node")
    assert "stranger" not in str(judgement.ledger)
