"""A container tells its kernel truly, and finds what was placed for it to find."""

import os
from pathlib import Path

import pytest

from aiconform.workload.devices.mounts import parse_mountinfo
from aiconform.workload.errors import WorkloadError
from aiconform.workload.sandbox import trying
from aiconform.workload.sandbox.canary import canaries
from aiconform.workload.sandbox.command import _of_the_host
from aiconform.workload.sandbox.kernel import kernel_facts
from tests.workload.support import finished, last_line, process

# Of its own for each process of the tests: they share this machine.
WORD = f"canary-{os.getpid()}"
PORT = 20_000 + os.getpid() % 10_000


def test_kernel_is_told_by_calls_and_by_files() -> None:
    facts = kernel_facts(())

    assert facts["release"] == os.uname().release
    assert facts["proc_version"] == Path("/proc/version").read_text().strip()
    assert facts["memory_total_bytes"] > 2**20
    assert facts["covered"] == []


def test_file_that_something_is_mounted_over_is_told() -> None:
    line = "9 1 0:5 /x /proc/cmdline ro - tmpfs tmpfs rw\n"

    assert kernel_facts(parse_mountinfo(line))["covered"] == ["cmdline"]


def test_neighbour_finds_its_own_canaries_and_takes_them_away(tmp_path: Path) -> None:
    with canaries(WORD, folder=str(tmp_path), port=PORT):
        processes = trying.process_facts(WORD)
        network = trying.network_facts(PORT, WORD)
        assert (tmp_path / WORD).exists()

    assert len(processes["canaries"]) == 1
    assert network["canary"] is True
    assert "lo" in network["interfaces"]
    assert not (tmp_path / WORD).exists()
    assert trying.process_facts(WORD)["canaries"] == []
    assert trying.network_facts(PORT, WORD)["canary"] is False


def test_canaries_that_cannot_be_placed_are_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(WorkloadError, match="cannot place"),
        canaries(WORD, folder=str(tmp_path / "none"), port=PORT),
    ):
        pass


def test_another_word_is_no_canary(tmp_path: Path) -> None:
    with canaries(WORD, folder=str(tmp_path), port=PORT):
        assert trying.network_facts(PORT, "other-word")["canary"] is False
        assert trying.process_facts("other-word")["canaries"] == []


def test_opening_counts_and_nothing_is_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("kept")

    writable, absent = trying.write_facts([str(file), str(tmp_path / "none")])
    read, none = trying.memory_facts([str(file), str(tmp_path / "none")])

    assert (writable["error"], absent["error"]) == (None, "ENOENT")
    assert (read["bytes"], none["error"]) == (4, "ENOENT")
    assert file.read_text() == "kept"


def test_mounts_that_name_the_nodes_directories_are_told_but_for_what_all_have() -> None:
    text = """\
1 0 0:1 / / rw - overlay overlay rw,lowerdir=/var/lib/containerd/x
2 1 0:2 /var/lib/kubelet/pods/u/etc-hosts /etc/hosts rw - ext4 /dev/vda1 rw
3 1 0:2 /var/lib/kubelet/pods/u/volumes/v /data rw - ext4 /dev/vda1 rw
4 1 0:3 / /proc rw - proc proc rw
"""

    assert [mount["point"] for mount in _of_the_host(parse_mountinfo(text))] == ["/data"]


def test_program_looks_once_or_stays_as_a_neighbour(tmp_path: Path) -> None:
    flags = ("--canary", WORD, "--nonce", "n1", "--port", str(PORT))
    with process("sandbox", *flags, "--place", str(tmp_path), "--sleep", "60") as neighbour:
        seen = neighbour.line()
        assert (seen["event"], seen["nonce"], seen["placed"]) == ("sandbox.seen", "n1", True)
        assert seen["network"]["canary"]
        other = last_line(finished("sandbox", *flags))
        assert other["placed"] is False
        assert other["network"]["canary"]  # of one network, and so no sandbox
        assert neighbour.end() == 143


@pytest.mark.parametrize("word", ["a b", "*", "x", "../x"])
def test_word_that_is_no_word_is_refused(word: str) -> None:
    assert finished("sandbox", "--canary", word).returncode == 2
