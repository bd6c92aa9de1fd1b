"""Journals of accelerated nodes: eight alike on each, and whatever a test changes about them."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.model.plan import Cost, Group, Plan
from aiconform.model.records import Entry, NodeChanged, Planned, RunClosed, RunOpened, Surveyed
from aiconform.model.wire import Accelerator, AgentRecord, End, RdmaPort
from tests.support.records import (
    RUN,
    JournalWriter,
    answer,
    end,
    hello,
    inventory,
    measurement,
    names,
    node_facts,
    run_config,
)

H100 = {"vendor": "nvidia", "product": "NVIDIA H100 80GB HBM3", "pci_id": "10de:2330"}
SOFTWARE = {"nvidia_driver": "580.95.05", "torch": "2.9.1"}


def device(index: int, **changes: Any) -> Accelerator:
    address = f"0000:{0x1B + 0x10 * index:02x}:00.0"
    words: dict[str, Any] = {
        **H100,
        "name": address,
        "pci_address": address,
        "link_speed": "32.0 GT/s PCIe", "max_link_speed": "32.0 GT/s PCIe",
        "link_width": 16, "max_link_width": 16, "path_link_width": 16, "path_max_link_width": 16,
        "links_up_count": 18, "links_count": 18, "throttle": "sw_power_cap",
        "uncorrected_errors_count": 0, "repair_pending": False, "repair_failed": False,
    }  # fmt: skip
    return Accelerator(**words | changes)


def port(index: int, **changes: Any) -> RdmaPort:
    words: dict[str, Any] = {
        "name": f"mlx5_{index}/1", "state": "ACTIVE", "phys_state": "LinkUp",
        "rate": "400 Gb/sec (4X NDR)", "link_layer": "InfiniBand", "given": True,
    }  # fmt: skip
    return RdmaPort(**words | changes)


def host(**changes: Any) -> dict[str, Any]:
    """The fields of a sound node's inventory."""
    devices = changes.pop("accelerators", tuple(device(n) for n in range(8)))
    words: dict[str, Any] = {
        "host": {"kernel": "6.8.0-45-generic", "architecture": "x86_64"},
        "accelerators": devices,
        "rdma_ports": tuple(port(n) for n in range(8)),
        "software": SOFTWARE,
        "limits": {"memlock_bytes": "unlimited", "shm_bytes": 64 << 30},
        "accelerators_on_host_count": len(devices),
        "accelerators_given_count": len(devices),
        "accelerators_in_framework_count": len(devices),
    }
    return words | changes


def hosts_journal(
    changes: Mapping[str, Mapping[str, Any]] = {},
    /,
    *,
    nodes: int = 4,
    rates: Mapping[str, Sequence[AgentRecord]] = {},
    exercises: tuple[str, ...] = ("gemm.known_answer",),
    labels: Mapping[str, Mapping[str, str]] = {},
    greeting: Mapping[str, Mapping[str, Any]] = {},
) -> tuple[Entry, ...]:
    """
    Args:
        changes: Node → fields of its inventory that differ from a sound one.
        rates: Node → measurements beside its right answers.
    """
    writer, all_nodes = JournalWriter(), names(nodes)
    group = Group(
        name="gpu", nodes=all_nodes, architecture="amd64", resources={"nvidia.com/gpu": 8}
    )
    plan = Plan(groups=(group,), exercises=exercises, cost=Cost(seconds=1, bytes=0))
    survey = tuple(node_facts(n, labels=dict(labels.get(n, {}))) for n in all_nodes)
    config = run_config(accelerators={"claim": False}, probes={"tcp": False})
    writer.add(
        RunOpened(run=RUN, version="0.1.0", config=config),
        Surveyed(server_version="v1.37.2", nodes=survey),
        Planned(plan=plan),
    )
    for node in all_nodes:
        told = inventory(**host(**changes.get(node, {})))
        writer.say(node, "inventory", hello(**greeting.get(node, {})), told, End)
        said = [*(answer(f"cuda:{n}") for n in range(8)), *rates.get(node, ())]
        writer.say(node, "self", *said, end(len(said)))
        writer.add(NodeChanged(node=node, state="finished"))
    writer.add(RunClosed(how="complete"))
    return tuple(writer.entries)


def gemm(value: float, *, index: int = 0, **changes: Any) -> AgentRecord:
    params = {"size": 8192, "dtype": "bfloat16", "product": H100["product"]}
    words: dict[str, Any] = {"unit": "teraflops_per_second", "params": params, **changes}
    return measurement("gemm.rate", value, device=f"cuda:{index}", **words)
