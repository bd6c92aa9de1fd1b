"""What a simulated agent says: records of the kinds, number and size that real ones send (pure)."""

import random
from collections.abc import Iterator
from typing import Any

from aiconform.agent.records import Body
from aiconform.agent.tasks import PairTask

ENGINE = {"name": "torch", "version": "2.9.1", "backend": "cuda"}
PRODUCT = "NVIDIA H100 80GB HBM3"
SAMPLES = 5
LINK_GBIT_PER_S = 180.0
# Exercise → metric, unit, usual value; measured on every accelerator.
RATES = {
    "gemm.rate": ("gemm.rate", "teraflops_per_second", 805.0),
    "memory.copy": ("memory.copy", "gigabytes_per_second", 2600.0),
    "host.h2d": ("host.h2d", "gigabytes_per_second", 52.0),
    "host.d2h": ("host.d2h", "gigabytes_per_second", 52.0),
    "sustain": ("sustain.rate", "teraflops_per_second", 720.0),
}
ANSWERS = ("gemm.known_answer", "memory.pattern")


def hello(address: str) -> Body:
    return {
        "kind": "hello",
        "agent_version": "0.1.0",
        "agent_sha256": "ab" * 32,
        "python": "3.12.3",
        "address": address,
        "clock_offset_s": 0.004,
    }


def inventory(accelerators: int) -> Body:
    return {
        "kind": "inventory",
        "host": {
            "kernel": "6.8.0-87-generic",
            "cpu_model": "Intel(R) Xeon(R) Platinum 8468",
            "cpu_count": 192,
            "numa_node_count": 2,
            "memory_bytes": 2164236800000,
            "architecture": "x86_64",
        },
        "accelerators": [_accelerator(number) for number in range(accelerators)],
        "interfaces": [{"name": "eth0", "mtu_bytes": 1500, "state": "up"}],
        "rdma_ports": [_port(number) for number in range(accelerators)],
        "limits": {"memory_max_bytes": 64 << 30, "memlock_bytes": None, "nofile": 1048576},
        "software": {"python": "3.12.3", "torch": "2.9.1", "driver": "580.95.05", "nccl": "2.28.9"},
        "knobs": {"hugepages_total": 0, "numa_balancing": 0, "iommu": "pt", "swappiness": 60},
        "accelerators_on_host_count": accelerators,
        "accelerators_given_count": accelerators,
        "accelerators_in_framework_count": accelerators,
        "unknown": [{"path": "/sys/kernel/debug", "reason": "denied"}],
    }


def exercise(name: str, *, accelerators: int, chance: random.Random) -> Iterator[Body]:
    """One body for each device; nothing for an exercise that such a node skips."""
    devices = [f"cuda:{number}" for number in range(accelerators)] or ["cpu"]
    if name in ANSWERS:
        yield from (_answer(name, device) for device in devices)
    elif name in RATES:
        yield from (_measurement(name, device, chance) for device in devices)


def pair(task: PairTask, *, rate_gbit_per_s: float) -> Body:
    """This side's report of a sound test; both sides are given the same rate."""
    moved = int(rate_gbit_per_s * 1e9 / 8 * task.seconds)
    through = [
        {
            "metric": "tcp_throughput",
            "direction": direction,
            "bytes": moved,
            "seconds": task.seconds,
            "value": rate_gbit_per_s,
            "unit": "gigabits_per_second",
            "streams": task.streams,
            "retransmits": 0,
        }
        for direction in ("send", "receive")
    ]
    latency = {
        "metric": "tcp_latency",
        "direction": "round_trip",
        "bytes": 64 * task.pings,
        "seconds": 0.05,
        "value": 42.0,
        "p99": 61.0,
        "unit": "microseconds",
    }
    return {
        "kind": "pair",
        "round": task.round,
        "peer": task.peer,
        "outcome": "ok",
        "reason": "",
        "samples": [*through, latency],
    }


def _accelerator(number: int) -> dict[str, Any]:
    bus = f"0000:{0x19 + 0x11 * number:02x}:00.0"
    return {
        "name": bus,
        "vendor": "nvidia",
        "product": PRODUCT,
        "pci_address": bus,
        "pci_id": "10de:2330",
        "numa_node": number // 4,
        "memory_bytes": 85520809984,
        "device_node": f"/dev/nvidia{number}",
        "link_speed": "32.0 GT/s PCIe",
        "link_width": 16,
        "max_link_speed": "32.0 GT/s PCIe",
        "max_link_width": 16,
        "path_link_width": 16,
        "path_max_link_width": 16,
        "path_max_link_speed": "32.0 GT/s PCIe",
        "pci_root": f"pci0000:{0x17 + 0x11 * number:02x}",
        "identity": f"{number:x}" * 32,
        "uncorrected_errors_count": 0,
        "corrected_errors_count": 0,
        "throttle": "",
        "links_up_count": 18,
        "links_count": 18,
        "details": {"temperature_celsius": 34, "power_watts": 71.5, "sm_clock_mhz": 1980},
    }


def _port(number: int) -> dict[str, Any]:
    return {
        "name": f"mlx5_{number}/1",
        "state": "4: ACTIVE",
        "rate": "400 Gb/sec (4X NDR)",
        "link_layer": "InfiniBand",
        "numa_node": number // 4,
        "phys_state": "5: LinkUp",
        "pci_id": "15b3:1021",
        "given": True,
        "counters": {"symbol_error": 0, "link_downed": 0, "port_rcv_errors": 0},
    }


def _answer(name: str, device: str) -> Body:
    return {
        "kind": "check",
        "exercise": name,
        "device": device,
        "ok": True,
        "wrong_count": 0,
        "total_count": 67108864,
        "seed": 7,
        "repeats": 3,
        "params": {"size": 8192, "dtype": "bfloat16", "product": PRODUCT},
        "engine": ENGINE,
    }


def _measurement(name: str, device: str, chance: random.Random) -> Body:
    metric, unit, usual = RATES[name]
    value = usual * chance.gauss(1.0, 0.004)
    spread = {"min": value * 0.996, "max": value * 1.003, "mad": value * 0.001}
    return {
        "kind": "measurement",
        "exercise": name,
        "device": device,
        "metric": metric,
        "unit": unit,
        "value": value,
        "statistic": {"n": SAMPLES, "median": value, **spread},
        "params": {"size": 8192, "dtype": "bfloat16", "product": PRODUCT},
        "engine": ENGINE,
        "seconds": 4.2,
    }
