"""How much of a check's time was waiting: two parts that wait at once do not wait twice."""

from aiconform.checks.framework.waiting import Waiting


def test_parts_that_sleep_at_once_count_once() -> None:
    now = [0.0]
    waiting = Waiting(lambda: now[0])

    with waiting.asleep():
        now[0] = 2.0
        with waiting.asleep():
            now[0] = 5.0
        now[0] = 6.0
    now[0] = 100.0
    with waiting.asleep():
        now[0] = 101.0

    assert waiting.total_s == 7.0


def test_clock_that_goes_back_takes_nothing_away() -> None:
    now = [10.0]
    waiting = Waiting(lambda: now[0])

    with waiting.asleep():
        now[0] = 4.0

    assert waiting.total_s == 0.0
