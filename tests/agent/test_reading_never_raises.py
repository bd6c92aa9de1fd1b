"""A file may be absent, forbidden, empty, garbled or endless: each is a reason, never an error."""

from pathlib import Path

import pytest

from aiconform.agent.inventory.cgroup import UNLIMITED, cpu_quota_cores, memory_limit_bytes
from aiconform.agent.inventory.read import Reason, Tree, Unknown
from tests.agent import trees


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "absent"), ("", "empty"), ("\0\n", "empty"), ("0x16", "malformed")],
)
def test_number_that_is_none_has_a_reason(
    tmp_path: Path, content: str | None, reason: Reason
) -> None:
    if content is not None:
        trees.plant({"/sys/lanes": content}, tmp_path)

    value = Tree(tmp_path).number("/sys/lanes")

    assert value == Unknown("/sys/lanes", reason)


def test_endless_file_is_too_large(tmp_path: Path) -> None:
    trees.plant({"/proc/flood": "x" * (1 << 21)}, tmp_path)

    assert Tree(tmp_path).text("/proc/flood") == Unknown("/proc/flood", "too_large")


def test_directory_in_place_of_a_file_is_malformed(tmp_path: Path) -> None:
    trees.plant({"/sys/lanes/deep": "1"}, tmp_path)

    assert Tree(tmp_path).text("/sys/lanes") == Unknown("/sys/lanes", "malformed")


def test_forbidden_file_is_denied_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run as root, who is denied nothing: the refusal is played."""
    told: list[Unknown] = []
    monkeypatch.setattr(Path, "open", _denied)

    value = Tree(tmp_path, on_unknown=told.append).text("/sys/secret")

    assert value == Unknown("/sys/secret", "denied")
    assert told == [value]


def test_absent_file_is_told_only_when_expected(tmp_path: Path) -> None:
    told: list[Unknown] = []
    tree = Tree(tmp_path, on_unknown=told.append)

    tree.text("/sys/optional")
    tree.text("/proc/cpuinfo", expected=True)

    assert [each.path for each in told] == ["/proc/cpuinfo"]


def test_names_are_sorted_as_people_count(tmp_path: Path) -> None:
    trees.plant({f"/dev/nvidia{index}": "" for index in (10, 2, 1)}, tmp_path)

    assert Tree(tmp_path).names("/dev") == ("nvidia1", "nvidia2", "nvidia10")


@pytest.mark.parametrize(
    ("files", "cores", "memory"),
    [
        ({"cpu.max": "max 100000", "memory.max": "max"}, UNLIMITED, UNLIMITED),
        ({"cpu.max": "50000 100000", "memory.max": "4096"}, 0.5, 4096),
        (
            {
                "cpu,cpuacct/cpu.cfs_quota_us": "200000",
                "cpu,cpuacct/cpu.cfs_period_us": "100000",
                "memory/memory.limit_in_bytes": "536870912",
            },
            2.0,
            536870912,
        ),
        (
            {
                "cpu/cpu.cfs_quota_us": "-1",
                "cpu/cpu.cfs_period_us": "100000",
                "memory/memory.limit_in_bytes": "9223372036854771712",
            },
            UNLIMITED,
            UNLIMITED,
        ),
        ({}, None, None),
    ],
)
def test_limits_of_both_control_group_versions_are_understood(
    tmp_path: Path, files: dict[str, str], cores: object, memory: object
) -> None:
    trees.plant({f"/sys/fs/cgroup/{name}": text for name, text in files.items()}, tmp_path)

    tree = Tree(tmp_path)

    assert cpu_quota_cores(tree) == cores
    assert memory_limit_bytes(tree) == memory


def test_limit_of_the_own_group_is_read_below_a_shared_mount(tmp_path: Path) -> None:
    files = {
        "/proc/self/cgroup": "4:memory:/kubepods/pod7\n0::/\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        "/sys/fs/cgroup/memory/kubepods/pod7/memory.limit_in_bytes": "1024",
    }

    assert memory_limit_bytes(Tree(trees.plant(files, tmp_path))) == 1024


def _denied(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")
