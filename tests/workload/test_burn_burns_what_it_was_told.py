"""A burn uses the time, the threads, the memory and the device that it says it uses."""

import json
import subprocess
import textwrap
from datetime import datetime
from pathlib import Path

import pytest

from aiconform.workload.burn import memory
from aiconform.workload.burn.memory import fill_buffer
from aiconform.workload.errors import NotEnoughError
from tests.workload.support import finished, last_line

_MODULE = """\
import time
from aiconform.workload.burn.accelerator import Accelerator

def make_accelerator(buffer_bytes):
    def work():
        time.sleep(0.01)
        {more}
    return {made}
"""


def test_burn_reports_work_and_ends_in_time() -> None:
    done = finished(
        "burn", "--seconds", "1", "--buffer", "2Mi", "--engine", "none", "--report", "0.4",
        "--nonce", "b1",
    )  # fmt: skip

    lines = done.stdout.splitlines()
    told = last_line(done)
    assert done.returncode == 0
    assert [line.split('"')[3] for line in lines][:2] == ["burn.began", "burn.going"]
    assert (told["event"], told["nonce"], told["problem"]) == ("burn.done", "b1", None)
    assert told["hashed_bytes"] > 0
    assert told["processor_s"] > 0.1
    assert 1 <= told["elapsed_s"] < 3


def test_burn_that_waits_says_so_and_begins_afterwards() -> None:
    done = finished("burn", "--after", "0.5", "--seconds", "0.2", "--buffer", "1Mi",
                    "--engine", "none")  # fmt: skip

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    waits, began = (datetime.fromisoformat(line["time"]) for line in lines[:2])
    assert [line["event"] for line in lines[:2]] == ["burn.waits", "burn.began"]
    assert (began - waits).total_seconds() >= 0.5


def test_buffer_is_really_in_memory() -> None:
    before = _resident_bytes()

    buffer = fill_buffer(64 * 1024**2)

    assert _resident_bytes() - before > 60 * 1024**2
    buffer.close()


def test_buffer_that_does_not_fit_is_refused_before_the_kernel_kills() -> None:
    with pytest.raises(NotEnoughError, match="--buffer"):
        fill_buffer(2**50)


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({"memory.max": "1000", "memory.current": "300"}, 700),
        ({"memory.max": "1000", "memory.current": "1300"}, 0),
        ({"memory.max": "max", "memory.current": "300"}, None),
        ({}, None),
    ],
)
def test_memory_limit_of_the_container_is_read(
    files: dict[str, str], left: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "_LIMITS", (str(tmp_path / "memory.max"),))
    monkeypatch.setattr(memory, "_USAGES", (str(tmp_path / "memory.current"),))
    monkeypatch.setattr(memory, "_file_cache_bytes", lambda: 0)

    assert memory._left_in_cgroup() == left


def test_accelerator_of_a_module_is_kept_busy(tmp_path: Path) -> None:
    done = _burn_with(tmp_path, made="Accelerator('mine', 'mine:0', None, work)")

    told = last_line(done)
    assert done.returncode == 0
    assert (told["framework"], told["device"]) == ("mine", "mine:0")
    assert told["products"] > 10


def test_device_that_fails_ends_the_burn_with_its_words(tmp_path: Path) -> None:
    made = "Accelerator('mine', 'mine:0', None, work)"

    done = _burn_with(tmp_path, made=made, more="raise RuntimeError('xid 79')")

    assert done.returncode == 1
    assert "xid 79" in last_line(done)["problem"]


def test_named_engine_without_a_device_is_told_and_not_replaced(tmp_path: Path) -> None:
    """A burn on the processor would leave an exporter's figures as they are, and blame it."""
    done = _burn_with(tmp_path, made="None")

    assert done.returncode == 1
    assert "sees no accelerator" in done.stderr
    assert finished("burn", "--engine", "no_such_module").returncode == 1


def _burn_with(
    directory: Path, *, made: str, more: str = "pass"
) -> subprocess.CompletedProcess[str]:
    (directory / "mine.py").write_text(textwrap.dedent(_MODULE.format(made=made, more=more)))
    return finished(
        "burn", "--seconds", "1", "--engine", "mine", "--buffer", "1Mi",
        environ={"PYTHONPATH": str(directory)},
    )  # fmt: skip


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
