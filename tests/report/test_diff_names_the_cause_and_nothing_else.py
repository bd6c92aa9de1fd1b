"""Two runs held against each other: noise is silent, one cause is one line, no loss is hidden."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aiconform.cli.diff import diff
from aiconform.judge import judge
from aiconform.model.requirement import Level, RequirementVerdict
from aiconform.model.verdict import Judgement, Outcome
from aiconform.report import write_results
from aiconform.report.diff import Comparison, Kind, Trend, compare
from aiconform.report.diff.text import document, lines
from tests.browser.runs import requirement
from tests.support.journals import Faults, run_journal


def judged(faults: Faults | None = None, **shape: Any) -> Judgement:
    return judge(run_journal(faults or Faults(), **shape))


def named(found: Comparison) -> list[tuple[Trend, Kind, str]]:
    return [(change.trend, change.kind, change.name) for change in found.changes]


@pytest.mark.parametrize("nodes", [2, 4, 12])
@pytest.mark.parametrize("seed", [2, 3, 4, 5])
def test_two_sound_runs_differ_in_nothing(nodes: int, seed: int) -> None:
    found = compare(judged(nodes=nodes, seed=1), judged(nodes=nodes, seed=seed))

    assert named(found) == []
    assert found.shifts == ()
    assert found.exit_code == 0
    assert found.compared_count > 0


def test_slowed_link_is_named_and_nothing_else() -> None:
    slowed = Faults(slow_links={("node1", "node2"): 1.0})

    found = compare(judged(seed=1), judged(slowed, seed=2))

    assert named(found) == [(Trend.WORSE, Kind.LINK, "node1 – node2")]
    assert "tcp.rate of node1 → node2" in " ".join(found.changes[0].details)
    assert found.exit_code == 1


def test_mended_link_is_an_improvement() -> None:
    slowed = Faults(slow_links={("node1", "node2"): 1.0})

    found = compare(judged(slowed, seed=1), judged(seed=2))

    assert named(found) == [(Trend.BETTER, Kind.LINK, "node1 – node2")]
    assert found.exit_code == 0


def test_port_at_fault_speaks_for_its_links() -> None:
    slow = Faults(slow={("node2", "send"): 1.0})

    found = compare(judged(seed=1), judged(slow, seed=2))

    assert named(found) == [(Trend.WORSE, Kind.NODE, "node2 sending")]


def test_lost_node_speaks_for_its_devices_and_links() -> None:
    found = compare(judged(seed=1), judged(Faults(lost={"node3": 0}), seed=2))

    assert named(found) == [(Trend.UNTESTED, Kind.NODE, "node3")]
    assert found.exit_code == 3


def test_node_that_is_gone_and_node_that_is_new_are_told() -> None:
    found = compare(judged(nodes=4), judged(nodes=3, seed=2))

    assert named(found) == [(Trend.UNTESTED, Kind.NODE, "node4")]
    assert named(compare(judged(nodes=3), judged(nodes=4, seed=2))) == [
        (Trend.TESTED, Kind.NODE, "node4")
    ]


def test_device_that_computes_wrong_is_named() -> None:
    found = compare(
        judged(devices=("gpu0",)), judged(Faults(corrupt={"node2": True}), devices=("gpu0",))
    )

    assert named(found) == [(Trend.WORSE, Kind.DEVICE, "node2 gpu0")]


def test_device_that_is_not_there_any_more_is_not_tested_any_more() -> None:
    found = compare(judged(devices=("gpu0", "gpu1")), judged(devices=("gpu0",), seed=2))

    assert {change.trend for change in found.changes} == {Trend.UNTESTED}
    assert len(found.changes) == 4
    assert found.exit_code == 3


def test_whole_fabric_that_slows_is_one_line() -> None:
    found = compare(judged(gbit_per_s=9.0), judged(gbit_per_s=6.0, seed=2))

    assert named(found) == []
    assert [(shift.trend, shift.item) for shift in found.shifts] == [(Trend.WORSE, "tcp.rate")]
    assert -36 < found.shifts[0].percent < -30
    assert found.exit_code == 1


def test_exercise_that_was_left_out_is_a_note_and_no_change() -> None:
    found = compare(judged(), judged(exercises=("gemm.known_answer",), seed=2))

    assert named(found) == []
    assert "memory.copy is in the first run alone and was not compared" in found.notes


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (Outcome.PASS, Outcome.FAIL, Trend.WORSE),
        (Outcome.PASS, Outcome.WARN, Trend.WORSE),
        (Outcome.PASS, Outcome.UNKNOWN, Trend.UNTESTED),
        (Outcome.PASS, Outcome.SKIP, Trend.UNTESTED),
        (Outcome.FAIL, Outcome.ERROR, Trend.UNTESTED),
        (Outcome.UNKNOWN, Outcome.FAIL, Trend.WORSE),
        (Outcome.UNKNOWN, Outcome.PASS, Trend.TESTED),
        (Outcome.FAIL, Outcome.PASS, Trend.BETTER),
        (Outcome.UNKNOWN, Outcome.ERROR, None),
        (Outcome.PASS, Outcome.PASS, None),
    ],
)
def test_requirement_that_goes(was: Outcome, now: Outcome, expected: Trend | None) -> None:
    found = compare(_with(was), _with(now))

    wanted = [] if expected is None else [(expected, Kind.REQUIREMENT, "gang_scheduling")]
    assert named(found) == wanted


def _with(outcome: Outcome) -> Judgement:
    checked: RequirementVerdict = requirement("gang_scheduling", outcome, "as seen", Level.MUST)
    return judged().model_copy(update={"requirements": (checked,)})


def test_lines_and_json_say_the_same() -> None:
    found = compare(judged(seed=1), judged(Faults(slow={("node2", "send"): 1.0}), seed=2))

    told = json.loads(json.dumps(document(found), allow_nan=False))
    text = "\n".join(lines(found))
    assert told["counts"]["worse"] == 1
    for change in told["changes"]:
        assert change["name"] in text
        assert all(sentence in text for sentence in change["details"])


def test_command_reads_results_and_ends_with_its_exit_code(tmp_path: Path) -> None:
    for name, faults in (("a", Faults()), ("b", Faults(slow_links={("node1", "node2"): 1.0}))):
        entries = run_journal(faults)
        write_results(tmp_path / name, entries, judge(entries))

    worse = CliRunner().invoke(
        diff, [str(tmp_path / "a"), str(tmp_path / "b")], standalone_mode=False
    )
    same = CliRunner().invoke(
        diff, [str(tmp_path / "a"), str(tmp_path / "a"), "-o", "json"], standalone_mode=False
    )

    assert (worse.return_value, same.return_value) == (1, 0)
    assert "link node1 – node2" in worse.output
    assert json.loads(same.output)["changes"] == []
