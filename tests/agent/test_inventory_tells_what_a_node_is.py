"""The inventory of recorded machines: what is there is named, nothing is invented."""

import os
from pathlib import Path
from typing import Any

import pytest

from aiconform.agent.inventory import assemble
from aiconform.agent.probes.supervise import supervise
from aiconform.model.wire import AGENT_RECORD, Inventory
from tests.agent import trees
from tests.agent.support import Collected, environ


def inventory_of(root: Path, **more: str) -> Inventory:
    (inventory,) = _records(root, environ(**more))
    assert isinstance(inventory, Inventory)
    return inventory


def _records(
    root: Path, environment: dict[str, str], *, engine: str = "tests.agent.fake_engine"
) -> list[Any]:
    collected = Collected("inventory")
    for body in assemble.take_inventory(
        supervise=supervise,
        environ=environment,
        engine=engine,
        root=str(root),
    ):
        collected.stream.add(body)
    return collected.records


def test_one_narrow_link_of_eight_is_seen(tmp_path: Path) -> None:
    root = trees.plant(trees.nvidia_host(narrow=5), tmp_path)

    found = inventory_of(root)

    widths = [each.link_width for each in found.accelerators]
    assert widths == [16, 16, 16, 16, 16, 8, 16, 16]
    assert {each.max_link_width for each in found.accelerators} == {16}
    assert {each.pci_id for each in found.accelerators} == {"10de:2330"}
    assert {each.product for each in found.accelerators} == {"NVIDIA H100 80GB HBM3"}
    assert [each.numa_node for each in found.accelerators] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert found.software["nvidia_driver"] == "580.95.05"
    (port,) = found.rdma_ports
    assert (port.name, port.state, port.rate) == ("mlx5_0/1", "ACTIVE", "400 Gb/sec (4X NDR)")


def test_on_host_given_and_in_framework_are_three_counts(tmp_path: Path) -> None:
    root = trees.plant(trees.nvidia_host(), tmp_path)

    found = inventory_of(root)

    assert found.accelerators_on_host_count == 8
    assert found.accelerators_given_count == 4
    assert found.accelerators_in_framework_count == 0  # the fake engine has a processor only
    nodes = [each.device_node for each in found.accelerators]
    assert nodes == ["/dev/nvidia0", "/dev/nvidia1", "/dev/nvidia2", "/dev/nvidia3", *[None] * 4]


def test_amd_accelerators_are_found_with_memory_and_render_node(tmp_path: Path) -> None:
    root = trees.plant(trees.amd_host(), tmp_path)

    found = inventory_of(root)

    assert [each.vendor for each in found.accelerators] == ["amd", "amd"]
    assert {each.memory_bytes for each in found.accelerators} == {206141652992}
    assert [each.device_node for each in found.accelerators] == [
        "/dev/dri/renderD128",
        "/dev/dri/renderD129",
    ]
    assert found.accelerators_given_count == 2


def test_node_with_processors_alone_has_no_accelerator(tmp_path: Path) -> None:
    root = trees.plant(trees.CPU_ONLY, tmp_path)

    found = inventory_of(root, CUDA_VISIBLE_DEVICES="3")

    assert found.accelerators == ()
    assert found.accelerators_on_host_count == found.accelerators_given_count == 0
    assert found.accelerators_in_framework_count is None  # nobody asked
    assert found.host["cpu_model"] == "AMD EPYC 9354"
    assert found.host["memory_bytes"] == 16384 * 1024
    assert found.host["last_level_cache_bytes"] == 32 << 20
    assert found.limits["cpu_quota_cores"] == 1.5
    assert found.limits["memory_max_bytes"] == 1 << 30
    assert found.knobs["env.CUDA_VISIBLE_DEVICES"] == "3"
    (interface,) = found.interfaces
    assert (interface.name, interface.mtu_bytes) == ("eth0", 1450)
    assert interface.speed_megabit_per_s is None


def test_machine_without_a_bus_has_an_unknown_count(tmp_path: Path) -> None:
    found = inventory_of(tmp_path)

    assert found.accelerators_on_host_count is None
    assert found.host["kernel"] is None
    reasons = {each.path: each.reason for each in found.unknown}
    assert reasons[trees.PCI] == "absent"
    assert reasons["/proc/cpuinfo"] == "absent"


def test_framework_that_cannot_say_leaves_its_count_open_with_evidence(tmp_path: Path) -> None:
    root = trees.plant(trees.amd_host(), tmp_path)

    inventory, evidence = _records(root, environ(), engine="no_such_engine")

    assert inventory.accelerators_given_count == 2
    assert inventory.accelerators_in_framework_count is None
    assert evidence.about == "framework"
    assert "'no_such_engine' cannot be imported" in evidence.data


def test_device_node_without_a_bus_is_listed_by_itself(tmp_path: Path) -> None:
    root = trees.plant({"/dev/neuron0": "", "/dev/neuron1": ""}, tmp_path)

    found = inventory_of(root)

    assert [each.name for each in found.accelerators] == ["/dev/neuron0", "/dev/neuron1"]
    assert {each.vendor for each in found.accelerators} == {"aws"}
    assert found.accelerators_given_count == 2


def test_hanging_read_is_named_and_what_was_read_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A FIFO without a writer blocks like a driver that does not answer."""
    root = trees.plant(trees.nvidia_host(), tmp_path)
    sick = f"{trees.PCI}/0000:3b:00.0/current_link_speed"
    (root / sick.lstrip("/")).unlink()
    os.mkfifo(root / sick.lstrip("/"))
    monkeypatch.setattr(assemble, "INVENTORY_LIMIT_S", 3.0)

    inventory, evidence = _records(root, environ())

    assert inventory.unknown[0].path == sick
    assert inventory.unknown[0].reason == "timeout"
    assert inventory.host["cpu_model"] == "AMD EPYC 9354"
    assert inventory.interfaces
    assert inventory.accelerators_on_host_count is None
    assert "no result within 3 s" in evidence.data
    assert "pci.py" in evidence.data  # the stack of the hung thread


def test_inventory_of_a_host_with_many_functions_fits_into_one_record(tmp_path: Path) -> None:
    many = {
        path: content
        for index in range(256)
        for path, content in trees.pci_function(
            f"0000:{index:02x}:00.0", vendor="0x10de", device="0x2330", kind="0x030200"
        ).items()
    }
    extra = {f"/sys/class/net/veth{index:06d}/mtu": "1500\n" for index in range(300)}
    root = trees.plant({**trees.CPU_ONLY, **many, **extra}, tmp_path)

    found = inventory_of(root)

    assert found.accelerators_on_host_count == 256
    assert found.host["left_out_count"]
    assert len(found.model_dump_json(exclude_unset=True)) < 64 * 1024
    assert AGENT_RECORD.validate_json(found.model_dump_json()) == found
