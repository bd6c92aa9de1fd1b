"""The picture on a terminal: stage, rounds, nodes, who is awaited; no markup from names."""

import pytest

from aiconform.cli.coordinator import Coordinator, Phase
from aiconform.cli.view import LiveView, PlainView, make_view
from aiconform.model.status import Awaited
from tests.cli.site import Time, status

pytest.importorskip("rich")


def picture(view: LiveView) -> str:
    return str(view._picture())  # what rich calls twice a second


def test_before_the_first_status_the_coordinator_is_awaited() -> None:
    view = LiveView(Time().clock)
    view.coordinator(Coordinator(Phase.AWAITED, sentence="no node takes its pod"))

    assert "waiting for the coordinator: no node takes its pod" in picture(view)


def test_status_is_drawn_and_its_times_go_on() -> None:
    time = Time()
    view = LiveView(time.clock)
    awaited = Awaited(
        object="node [red]n1[/red]\x1b", reason="Pulling", sentence="", since=1000, until=1100
    )
    view.status(
        status("rounds", nodes={"lost": 1}, rounds_done=1, rounds_expected=4, waiting=(awaited,))
    )
    time.now_s += 40

    shown = picture(view)
    assert "stage rounds" in shown
    assert "█████░░░░░░░░░░░░░░░ 1/4" in shown
    assert "1 lost" in shown
    assert "[red]n1[/red]\ufffd: Pulling (60 s left)" in shown


def test_without_a_terminal_there_are_plain_lines() -> None:
    assert isinstance(make_view(Time().clock), PlainView)
