"""A thread that feeds a device runs on the cores of its NUMA node, where that is known."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.agent.engines.protocol import Device
from aiconform.agent.inventory.read import Tree
from aiconform.agent.probes.host_link import measure_host_link
from aiconform.agent.probes.near import address_of, bound_to, cores_in, near_cores
from aiconform.agent.probes.request import Request
from tests.agent import hosts
from tests.agent.engine_with_addresses import ENGINE

FIRST, SECOND_NODE = "0000:05:00.0", "0000:45:00.0"
OWN = sorted(os.sched_getaffinity(0))


def two_nodes(root: Path, *, second: str = "64-127") -> Tree:
    """Eight accelerators, half of them on the second NUMA node."""
    files = hosts.mi300x()
    for n in range(8):
        bus = f"{0x05 + 0x10 * n:02x}"
        place = f"/sys/devices/pci0000:{bus}/0000:{bus}:01.0/0000:{bus}:00.0"
        files[f"{place}/local_cpulist"] = "0-63\n" if n < 4 else f"{second}\n"
    return Tree(hosts.plant_host(files, root))


def test_cores_are_those_of_the_devices_node_that_the_pod_may_use(tmp_path: Path) -> None:
    tree = two_nodes(tmp_path)

    assert near_cores(tree, FIRST, range(4, 128)) == frozenset(range(4, 64))
    assert near_cores(tree, SECOND_NODE, range(66)) == frozenset({64, 65})
    assert near_cores(tree, SECOND_NODE, range(64)) == frozenset()


def test_device_without_an_address_is_near_when_all_are_on_one_node(tmp_path: Path) -> None:
    assert near_cores(two_nodes(tmp_path / "a"), None, range(128)) == frozenset()
    same = two_nodes(tmp_path / "b", second="0-63")
    assert near_cores(same, None, range(128)) == frozenset(range(64))


def test_host_that_does_not_say_binds_nothing(tmp_path: Path) -> None:
    tree = Tree(hosts.plant_host(hosts.mi300x(), tmp_path))

    assert near_cores(tree, FIRST, range(8)) == frozenset()
    assert near_cores(tree, None, range(8)) == frozenset()


def test_thread_is_bound_inside_and_free_again_after() -> None:
    with bound_to({OWN[0]}) as bound:
        inside = os.sched_getaffinity(0)

    assert bound
    assert inside == {OWN[0]}
    assert sorted(os.sched_getaffinity(0)) == OWN


def test_without_cores_nothing_is_bound() -> None:
    with bound_to(()) as bound:
        assert sorted(os.sched_getaffinity(0)) == OWN

    assert not bound


def test_exception_frees_the_thread() -> None:
    with pytest.raises(RuntimeError), bound_to({OWN[0]}):
        raise RuntimeError("the driver said no")

    assert sorted(os.sched_getaffinity(0)) == OWN


@pytest.mark.parametrize(
    ("listed", "cores"),
    [
        ("0-2,8", {0, 1, 2, 8}),
        ("5", {5}),
        ("", set()),
        ("a-b", set()),
        ("0-", set()),
        ("3-1", set()),
    ],
)
def test_lists_of_cores(listed: str, cores: set[int]) -> None:
    assert cores_in(listed) == cores


@given(st.text(alphabet="0123456789,- x²", max_size=8))
def test_any_list_of_cores_is_survived(listed: str) -> None:
    assert all(core >= 0 for core in cores_in(listed))


@pytest.mark.parametrize("near", [True, False])
def test_figure_says_whether_it_was_near(near: bool, tmp_path: Path) -> None:
    own = f"{OWN[0]}"
    two_nodes(tmp_path, second=own if near else "100000-100001")
    seen: list[set[int]] = []
    bodies: list[Mapping[str, Any]] = []

    request = Request(
        "host.h2d",
        30.0,
        {
            "engine": "tests.agent.engine_with_addresses",
            "root": str(tmp_path),
            "params": {"scale": "tiny", "any_device": 1},
        },
    )
    ENGINE.seen = seen
    measure_host_link(request, bodies.append)

    assert [body["params"].get("numa") for body in bodies] == (["near"] if near else [None])
    assert all((cores == {OWN[0]}) is near for cores in seen)


def test_engine_that_does_not_know_addresses_says_none() -> None:
    assert address_of(SimpleNamespace(), Device("x:0", "accelerator")) is None
