"""A host of each vendor: how many, which product by the catalogue, what link, what health."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aiconform.agent.inventory import assemble
from aiconform.agent.inventory.collect import collect_inventory
from aiconform.agent.probes.request import Request
from aiconform.agent.probes.supervise import Ending
from aiconform.catalogue.accelerators import identify
from aiconform.model.wire import Inventory
from tests.agent import hosts
from tests.agent.support import Collected, environ
from tests.agent.trees import CPU_ONLY


def told(files: hosts.Files, tmp_path: Path, **more: str) -> Inventory:
    """As the agent tells it, without asking a framework."""
    root = hosts.plant_host(files, tmp_path)
    collected = Collected("inventory")
    for body in assemble.take_inventory(
        supervise=in_process(root, **more), environ=environ(), engine="none", root=str(root),
        salt="r1",
    ):  # fmt: skip
        collected.stream.add(body)
    (inventory,) = (r for r in collected.records if isinstance(r, Inventory))
    return inventory


def in_process(root: Path, **more: str) -> Callable[..., Ending]:
    """The inventory's exercise, without a process of its own."""

    def supervise(exercise: str, order: object, **how: object) -> Ending:
        if exercise != "inventory":
            return Ending("error", "no framework here", "", 0.0)
        before = dict(os.environ)
        os.environ.update(more)
        try:
            request = Request("inventory", 20.0, {"root": str(root)})
            collect_inventory(request, how["on_body"])  # type: ignore[arg-type]
        finally:
            os.environ.clear()
            os.environ.update(before)
        return Ending("done", "", "", 0.0)

    return supervise


HOSTS: dict[str, tuple[hosts.Files, int, str, int | None, int | None]] = {
    # files, devices, product's id, lanes, PCIe GT/s
    "8 H100 SXM": (
        hosts.nvidia("NVIDIA H100 80GB HBM3", "10de:2330"), 8, "nvidia-h100-sxm5-80gb", 16, 32),
    "8 H200": (hosts.nvidia("NVIDIA H200", "10de:2335"), 8, "nvidia-h200-sxm5-141gb", 16, 32),
    "GB200": (
        hosts.nvidia("NVIDIA GB200", "10de:2941", count=4, ports=4), 4, "nvidia-gb200-186gb",
        16, 32),
    "L4": (
        hosts.nvidia("NVIDIA L4", "10de:27b8", count=1, speed="16.0", ports=0), 1,
        "nvidia-l4-24gb", 16, 16),
    "T4": (
        hosts.nvidia("Tesla T4", "10de:1eb8", count=1, speed="8.0", ports=0), 1,
        "nvidia-t4-16gb", 16, 8),
    "8 MI300X": (hosts.mi300x(), 8, "amd-mi300x-192gb", 16, 32),
    "8 Gaudi3": (hosts.gaudi3(), 8, "intel-gaudi3-128gb", 16, 32),
    "TPU v5e": (hosts.tpu("1ae0:0063", count=8), 8, "google-tpu-v5e", None, None),
    "TPU v6e": (hosts.tpu("1ae0:006f", count=4), 4, "google-tpu-v6e", None, None),
    "Trn2": (hosts.trn2(), 16, "aws-trainium2", None, None),
    "Intel Max": (hosts.intel_max(), 6, "intel-max-1550", 16, 32),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTS)
def test_host_is_told_as_it_is(name: str, tmp_path: Path) -> None:
    files, count, product, lanes, speed = HOSTS[name]

    found = told(files, tmp_path)

    assert found.accelerators_on_host_count == count
    assert found.accelerators_given_count == count
    assert len(found.accelerators) == count
    kinds = {identify(pci_id=a.pci_id, product=a.product) for a in found.accelerators}
    assert {kind.id if kind else None for kind in kinds} == {product}
    assert {a.path_link_width for a in found.accelerators} == {lanes}
    speeds = {a.path_max_link_speed for a in found.accelerators}
    assert speeds == {f"{speed}.0 GT/s PCIe" if speed else None}
    assert all(a.device_node for a in found.accelerators) or name.startswith("TPU")
    assert not [a for a in found.accelerators if a.uncorrected_errors_count or a.partition]
    assert not found.unknown or {u.reason for u in found.unknown} == {"absent"}


def test_node_with_processors_alone_has_none(tmp_path: Path) -> None:
    found = told(dict(CPU_ONLY), tmp_path)

    assert found.accelerators == ()
    assert found.accelerators_on_host_count == 0


def test_narrow_bridge_above_a_device_narrows_its_path(tmp_path: Path) -> None:
    files = hosts.nvidia("NVIDIA H100 80GB HBM3", "10de:2330", bridges={5: 8})

    found = told(files, tmp_path)

    assert [a.link_width for a in found.accelerators] == [16] * 8
    assert [a.path_link_width for a in found.accelerators] == [16] * 5 + [8] + [16] * 2
    assert {a.path_max_link_width for a in found.accelerators} == {16}
    assert found.accelerators[0].pci_root == "pci0000:1b"


def test_device_that_reads_as_ones_is_off_the_bus(tmp_path: Path) -> None:
    files = hosts.nvidia("NVIDIA H100 80GB HBM3", "10de:2330", widths={3: 63})

    found = told(files, tmp_path)

    assert [a.state for a in found.accelerators] == [None] * 3 + ["off the bus"] + [None] * 4


def test_device_that_is_gone_is_not_counted(tmp_path: Path) -> None:
    files = hosts.nvidia("NVIDIA H100 80GB HBM3", "10de:2330")
    for path in [p for p in files if "0000:3b:00.0" in p]:
        del files[path]

    found = told(files, tmp_path)

    assert found.accelerators_on_host_count == 7
    assert found.accelerators_given_count == 8  # its device node stayed behind


def test_ports_say_state_owner_and_counters(tmp_path: Path) -> None:
    files = hosts.nvidia("NVIDIA H100 80GB HBM3", "10de:2330", down=3)
    del files["/dev/infiniband/uverbs7"]

    ports = told(files, tmp_path).rdma_ports

    assert [p.state for p in ports] == ["ACTIVE"] * 3 + ["DOWN"] + ["ACTIVE"] * 4
    assert [p.phys_state for p in ports][3] == "Disabled"
    assert [p.given for p in ports] == [True] * 7 + [False]
    assert ports[0].counters == {"port_xmit_data": 1000, "symbol_error": 0, "out_of_sequence": 3}
    assert (ports[1].pci_id, ports[1].pci_address) == ("15b3:1021", "0000:81:00.0")


def test_serial_numbers_and_uuids_leave_only_as_salted_hashes(tmp_path: Path) -> None:
    found = told(hosts.nvidia("NVIDIA H100 80GB HBM3", "10de:2330"), tmp_path)

    identities = {a.identity for a in found.accelerators}
    assert len(identities) == 8
    assert "GPU-0" not in found.model_dump_json()
    assert assemble.hidden("GPU-00", salt="r1") in identities
    assert assemble.hidden("GPU-00", salt="r2") not in identities


def test_amd_tells_errors_partition_links_and_power(tmp_path: Path) -> None:
    found = told(hosts.mi300x(errors={6: 2}, partition="CPX"), tmp_path)

    assert [a.uncorrected_errors_count for a in found.accelerators] == [0] * 6 + [2, 0]
    assert {a.corrected_errors_count for a in found.accelerators} == {4}
    assert {a.partition for a in found.accelerators} == {"CPX"}
    assert {a.links_up_count for a in found.accelerators} == {7}
    assert found.accelerators[0].details["power_limit_watts"] == 750.0
    assert found.software["amdgpu_driver"] == "6.12.12"


def test_gaudi_tells_its_state(tmp_path: Path) -> None:
    found = told(hosts.gaudi3(status={4: "Malfunction"}), tmp_path)

    assert [a.state for a in found.accelerators].count("operational") == 7
    assert found.accelerators[4].state == "malfunction"
    assert found.accelerators[0].details["clk_max_freq_mhz"] == 1600


def test_neuron_tells_errors_by_device_node(tmp_path: Path) -> None:
    found = told(hosts.trn2(uncorrected={9: 1}), tmp_path)

    assert [a.name for a in found.accelerators if a.uncorrected_errors_count] == ["/dev/neuron9"]
    assert found.accelerators[0].details["core_count"] == 8


def test_intel_tells_what_holds_its_clock_back(tmp_path: Path) -> None:
    found = told(hosts.intel_max(hot=1), tmp_path)

    assert [a.throttle for a in found.accelerators] == ["", "hw_thermal", "", "", "", ""]
    assert {a.details["tile_count"] for a in found.accelerators} == {2}


def test_older_tpu_host_is_known_by_its_environment(tmp_path: Path) -> None:
    files: hosts.Files = {**CPU_ONLY, "/dev/accel0": "", "/dev/accel1": ""}

    found = told(files, tmp_path, TPU_ACCELERATOR_TYPE="v4-8")

    assert [a.vendor for a in found.accelerators] == ["google", "google"]
