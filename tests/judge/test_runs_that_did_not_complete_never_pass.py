"""Dry, empty, cut short or broken: such a run is never a pass, and says why."""

import pytest

from aiconform.judge import judge
from aiconform.model.records import (
    NodeChanged,
    RunOpened,
)
from aiconform.model.verdict import RunVerdict
from tests.judge.verdicts import findings, outcomes, verdict
from tests.support.journals import (
    Faults,
    run_journal,
    sound_journal,
    without,
)


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


def test_journal_without_its_opening_is_incomplete() -> None:
    entries = sound_journal(2)
    opened = next(e for e in entries if isinstance(e.record, RunOpened))

    judgement = judge(without(entries, opened.id))

    assert judgement.verdict is RunVerdict.INCOMPLETE
    assert "the run's configuration" in verdict(judgement, "coverage").sentence
