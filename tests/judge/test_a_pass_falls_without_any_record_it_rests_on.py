"""The one property that everything rests on: no verdict without its records."""

import pytest

from aiconform.judge import judge
from aiconform.model.records import Entry
from aiconform.model.verdict import RunVerdict
from aiconform.model.wire import End
from tests.judge.verdicts import passes
from tests.support.journals import (
    Faults,
    JournalWriter,
    answer,
    hello,
    inventory,
    run_journal,
    sound_journal,
    without,
)

JOURNALS = {
    "sound, 2 nodes": sound_journal(2),
    "sound, 3 nodes": sound_journal(3),
    "sound, 4 nodes": sound_journal(4),
    "no tcp, 9 nodes with peers": run_journal(nodes=9, tcp=False),
    "one node": sound_journal(1),
    "slow": run_journal(Faults(slow={("node3", "send"): 0.3})),
    "lost": run_journal(Faults(lost={"node2": 2})),
    "failed": run_journal(Faults(failed={"node2": ("Unschedulable", "no cpu")})),
    "left out": run_journal(Faults(excluded={"node1": ("Tainted", "its taint")})),
    "cut pair": run_journal(Faults(cut_pairs=frozenset({("node1", "node2")})), nodes=3),
    "corrupt": run_journal(Faults(corrupt={"node3": False}), tcp=False),
    "deadline": run_journal(nodes=3, how="deadline"),
    "several devices": run_journal(
        nodes=2, devices=("gpu0", "gpu1"), resources={"nvidia.com/gpu": 2}
    ),
}


@pytest.mark.parametrize("entries", JOURNALS.values(), ids=JOURNALS.keys())
def test_every_pass_falls_without_any_record_it_rests_on(entries: tuple[Entry, ...]) -> None:
    earned = passes(entries)
    assert earned
    known = {entry.id for entry in entries}

    for taken in {i for verdict in earned.values() for i in verdict.rests_on}:
        left = passes(without(entries, taken))
        kept = {key for key, verdict in earned.items() if taken in verdict.rests_on and key in left}
        assert taken in known
        assert not kept, f"{kept} pass without {taken}"


def test_large_cluster_likewise() -> None:
    """Nine nodes go by the other schedule; every third record is enough to see it."""
    entries = sound_journal(9)
    earned = passes(entries)
    taken_ids = sorted({i for verdict in earned.values() for i in verdict.rests_on})[::3]

    for taken in taken_ids:
        left = passes(without(entries, taken))
        assert not [k for k, v in earned.items() if taken in v.rests_on and k in left]


def test_agent_that_started_again_passes_on_its_second_report() -> None:
    """What a killed agent left behind proves nothing; what it said after its restart does."""
    whole = sound_journal(1)
    writer = JournalWriter()
    for entry in whole:
        if entry.n < 8:
            writer.add(entry.record)
    writer.say("node1", "inventory", hello(), inventory(), End, boot="aaaaaaaa")
    writer.say("node1", "self", answer(), boot="aaaaaaaa")
    for entry in whole[8:]:
        writer.add(entry.record)
    entries = tuple(writer.entries)
    earned = passes(entries)
    assert ("gemm.known_answer", "node1 cpu") in earned

    for taken in {i for verdict in earned.values() for i in verdict.rests_on}:
        left = passes(without(entries, taken))
        assert not [k for k, v in earned.items() if taken in v.rests_on and k in left]


@pytest.mark.parametrize("size", [1, 2, 4])
def test_run_passes_only_as_a_whole(size: int) -> None:
    """Without any one record of a sound run but the chatter, the run does not pass."""
    entries = sound_journal(size)
    assert judge(entries).verdict is RunVerdict.PASS

    for entry in entries:
        chatter = entry.record.kind == "stage_entered" or (
            entry.record.kind == "node_changed" and entry.record.state != "finished"
        )
        passed = judge(without(entries, entry.id)).verdict is RunVerdict.PASS
        assert passed == chatter, entry
