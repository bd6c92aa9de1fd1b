"""Lines of a run in progress: stage, rounds, who is awaited, why, and for how long still."""

import pytest

from aiconform.cli.progress import news, still
from aiconform.cli.view import PlainView
from aiconform.model.status import Awaited
from tests.cli.site import Time, status

NODE = Awaited(object="node node3", reason="Pulling", sentence="pulls x", since=1000, until=1300)


def test_first_sight_tells_the_stage_and_who_is_awaited() -> None:
    now = status("self", message="waiting for 1 of 4 nodes", waiting=(NODE,), waiting_count=1)

    assert news(None, now) == [
        "self: waiting for 1 of 4 nodes",
        "  waiting for node node3: pulls x (300 s left)",
    ]


def test_nothing_new_is_nothing_said() -> None:
    now = status("self", waiting=(NODE,), waiting_count=1)

    assert news(now, now.model_copy(update={"at": 1100.0})) == []


def test_new_reason_is_told() -> None:
    before = status("self", waiting=(NODE,))
    failed = NODE.model_copy(update={"reason": "ImagePullBackOff", "sentence": "no image x"})

    assert news(before, status("self", waiting=(failed,))) == [
        "  waiting for node node3: no image x (300 s left)"
    ]


def test_lost_node_is_told_once() -> None:
    before = status("rounds", nodes={"reporting": 4})
    now = status("rounds", nodes={"reporting": 3, "lost": 1})

    assert news(before, now) == ["nodes: 1 lost, 3 reporting"]
    assert news(now, now) == []


def test_many_awaited_are_not_all_listed() -> None:
    many = tuple(NODE.model_copy(update={"object": f"node n{i}"}) for i in range(20))

    lines = news(None, status("self", waiting=many, waiting_count=900))

    assert lines[-1] == "  … and 894 more"
    assert len(lines) == 8


def test_still_waiting_counts_the_time_on() -> None:
    now = status("self", waiting=(NODE,), waiting_count=3)

    told = still(now, later_s=100)

    assert told == "still waiting for node node3: pulls x (200 s left) and 2 more"


def test_stage_without_awaited_objects_names_the_latest_end() -> None:
    assert "1000 s at the latest" in still(status("judge", deadline=2000), later_s=0)


def test_plain_view_speaks_up_after_a_quiet_while(capsys: pytest.CaptureFixture[str]) -> None:
    time = Time()
    view = PlainView(time.clock)
    now = status("self", waiting=(NODE,), waiting_count=1)
    view.status(now)
    first = capsys.readouterr().err

    time.now_s += 10
    view.status(now)
    assert capsys.readouterr().err == ""
    time.now_s += 25
    view.status(now)

    told = capsys.readouterr().err
    assert first.startswith("[   0 s] self")
    assert "still waiting for node node3: pulls x (265 s left)" in told
