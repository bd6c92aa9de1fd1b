"""`aiconform simulate` answers without a cluster, in lines or as one JSON object."""

import json

import pytest

from aiconform.cli import simulate as command
from aiconform.cli.main import main
from aiconform.fabric.simulation import KINDS, SCHEDULES, TOPOLOGIES

CONTRACT = [
    *("simulate", "--nodes", "232", "--faults", "5", "--kind", "dead"),
    *("--topology", "leaf-spine", "--schedule", "ours", "--trials", "2", "--seed", "1"),
    *("--format", "json"),
]


def test_json_has_what_was_promised(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(CONTRACT) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["precision"] == told["recall"] == 1.0
    assert told["rounds"] <= 4
    assert told["pair_tests"] > 0
    assert told["minutes"] < 10


def test_same_seed_gives_the_same_answer(capsys: pytest.CaptureFixture[str]) -> None:
    main(CONTRACT)
    first = capsys.readouterr().out
    main(CONTRACT)

    assert capsys.readouterr().out == first


def test_lines_tell_people_what_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--nodes", "20", "--kind", "none", "--trials", "1"]) == 0

    said = capsys.readouterr().out
    assert "20 nodes, leaf-spine" in said
    assert "recall     none" in said


def test_what_cannot_be_simulated_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--nodes", "20", "--kind", "uplink"]) == 2
    assert "3 leaves" in capsys.readouterr().err


def test_names_are_those_of_the_simulation() -> None:
    assert set(command.KINDS) == {*KINDS, "mixed", "none"}
    assert set(command.TOPOLOGIES) == set(TOPOLOGIES)
    assert set(command.SCHEDULES) == set(SCHEDULES)


def test_help_explains_every_name(capsys: pytest.CaptureFixture[str]) -> None:
    main(["simulate", "--help"])

    said = capsys.readouterr().out
    for table in (KINDS, TOPOLOGIES, SCHEDULES):
        for name in table:
            assert f"\n      {name} " in said
