"""A pid file names a process for all time: no other one is ever killed in its place."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from e2e.lab.processes import Identity, Processes, identity

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    (tmp_path / "pids").mkdir()
    return Processes(tmp_path / "pids", tmp_path / "logs", tmp_path / "cgroup")


def record(processes: Processes, found: Identity) -> None:
    (processes.pids / "one").write_text(str(found))


def test_living_process_is_found(processes: Processes) -> None:
    me = identity(os.getpid())
    assert me is not None
    record(processes, me)

    assert processes.find("one") == me


def test_same_number_with_another_start_is_somebody_else(processes: Processes) -> None:
    me = identity(os.getpid())
    assert me is not None
    record(processes, replace(me, start_ticks=me.start_ticks - 1))

    assert not processes.alive("one")


def test_same_number_after_a_reboot_is_somebody_else(processes: Processes) -> None:
    me = identity(os.getpid())
    assert me is not None
    record(processes, replace(me, boot_id="another"))

    assert not processes.alive("one")


def test_zombie_is_dead() -> None:
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    found = identity(process.pid)

    process.wait()
    assert found is None


def test_half_written_pid_file_is_nobody(processes: Processes) -> None:
    (processes.pids / "one").write_text("12")

    assert processes.find("one") is None
