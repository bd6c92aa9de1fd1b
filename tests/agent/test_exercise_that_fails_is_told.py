"""A probe may hang, die or raise: its end says so, its last words are kept, nothing runs on."""

import time
from pathlib import Path

from tests.agent.support import exercise


def test_hanging_exercise_is_killed_with_all_it_started() -> None:
    began = time.monotonic()

    told = exercise("gemm.known_answer", fault="hang", limit_s=3.0)

    assert time.monotonic() - began < 3.0 + 6.0
    (end,) = told.of("end")
    (missing,) = end.not_run
    assert (missing.exercise, missing.outcome) == ("gemm.known_answer", "timeout")
    assert "3 s" in missing.reason
    (evidence,) = told.of("evidence")
    assert "multiplying for the 1. time" in evidence.data
    assert "hang_in_the_driver" in evidence.data  # where it hung
    assert _gone_within("signal.SIGUSR1, signal.SIG_IGN", limit_s=5.0)


def test_child_that_dies_is_an_error_with_its_last_words() -> None:
    told = exercise("gemm.known_answer", fault="die")

    (end,) = told.of("end")
    assert end.not_run[0].outcome == "error"
    assert "exited with status 7" in end.not_run[0].reason
    assert "multiplying" in told.of("evidence")[0].data


def test_records_of_the_first_device_outlive_the_death_at_the_second() -> None:
    told = exercise("gemm.known_answer", fault="two_devices_second_dies")

    (check,) = told.of("check")
    assert (check.device, check.ok) == ("fake:0", True)
    (end,) = told.of("end")
    assert end.records == 3  # the check, the counters and the evidence
    assert "SIGABRT" in end.not_run[0].reason


def test_exception_of_a_framework_is_told_in_its_words() -> None:
    told = exercise("gemm.rate", fault="raise")

    (end,) = told.of("end")
    assert end.not_run[0].reason == "RuntimeError: the driver said no"
    assert "Traceback" in told.of("evidence")[0].data


def test_engine_that_the_image_lacks_is_an_error_that_names_it() -> None:
    told = exercise("gemm.rate", engine="no_such_engine")

    (end,) = told.of("end")
    assert end.not_run[0].outcome == "error"
    assert "'no_such_engine' cannot be imported in this image" in end.not_run[0].reason


def test_exercise_that_nobody_knows_is_an_error() -> None:
    (end,) = exercise("gemm.sorcery").of("end")

    assert end.not_run[0].outcome == "error"
    assert "knows no exercise" in end.not_run[0].reason


def test_scale_that_nobody_knows_is_an_error() -> None:
    (end,) = exercise("gemm.rate", scale="gigantic").of("end")

    assert "gigantic" in end.not_run[0].reason


def _gone_within(words: str, *, limit_s: float) -> bool:
    """A killed process is listed for another moment."""
    deadline = time.monotonic() + limit_s
    while _processes_with(words):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _processes_with(words: str) -> list[str]:
    """Command lines of this machine's processes that hold the words."""
    found = []
    for place in Path("/proc").iterdir():
        try:
            line = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it ended meanwhile, or it is no process
            continue
        if words in line:
            found.append(line)
    return found
