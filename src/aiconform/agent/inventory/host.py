"""The host beneath the pod: processor, memory, NUMA nodes, kernel, and the knobs that slow it."""

import os
import platform
import re
from typing import Any

from aiconform.agent.inventory.read import Tree, known, known_text

_NODES = "/sys/devices/system/node"
_KNOBS = {
    "transparent_hugepage": "/sys/kernel/mm/transparent_hugepage/enabled",
    "numa_balancing": "/proc/sys/kernel/numa_balancing",
    "rmem_max_bytes": "/proc/sys/net/core/rmem_max",
    "wmem_max_bytes": "/proc/sys/net/core/wmem_max",
    "tcp_rmem": "/proc/sys/net/ipv4/tcp_rmem",
    "tcp_wmem": "/proc/sys/net/ipv4/tcp_wmem",
    "tcp_congestion_control": "/proc/sys/net/ipv4/tcp_congestion_control",
    "scaling_governor": "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
    "rdma_netns_mode": "/sys/module/ib_core/parameters/netns_mode",  # Y: shared, N: exclusive
}
_MODULES = ("nvidia_peermem", "amdgpu", "efa", "mlx5_ib", "irdma")
_IOMMU_WORDS = re.compile(r"(?:intel_iommu|amd_iommu|iommu|pci)=\S+")


def read_host(tree: Tree) -> "dict[str, Any]":
    cpu = _cpu_info(tree)
    return {
        "kernel": known(tree.text("/proc/sys/kernel/osrelease", expected=True)),
        "architecture": platform.machine(),
        "cpu_model": cpu.get("model name") or cpu.get("CPU part"),  # x86, arm64
        "cpu_vendor": cpu.get("vendor_id") or cpu.get("CPU implementer"),
        "cpu_count": os.cpu_count(),
        "numa_node_count": len(_numa_nodes(tree)) or None,
        "memory_bytes": memory_bytes(tree),
        "last_level_cache_bytes": last_level_cache_bytes(tree),
        "os": _os_release(tree),
    }


def read_knobs(tree: Tree) -> "dict[str, Any]":
    """Settings of the host that explain a slow result."""
    knobs: "dict[str, Any]" = {name: known(tree.text(path)) for name, path in _KNOBS.items()}
    for size in tree.listed("/sys/kernel/mm/hugepages"):
        count = tree.number(f"/sys/kernel/mm/hugepages/{size}/nr_hugepages")
        knobs[f"{size}_count"] = known(count)
    knobs["iommu_arguments"] = _iommu_arguments(tree)
    knobs["iommu_count"] = len(tree.listed("/sys/class/iommu"))
    loaded = [module for module in _MODULES if tree.exists(f"/sys/module/{module}")]
    knobs["modules_loaded"] = " ".join(loaded)
    return knobs


def memory_bytes(tree: Tree) -> "int | None":
    return _meminfo_bytes(tree, "MemTotal")


def available_bytes(tree: Tree) -> "int | None":
    """What the host can give without swapping."""
    return _meminfo_bytes(tree, "MemAvailable")


def last_level_cache_bytes(tree: Tree) -> "int | None":
    """The largest cache that CPU 0 sees: one instance, not the sum over the socket."""
    base = "/sys/devices/system/cpu/cpu0/cache"
    sizes = (tree.text(f"{base}/{index}/size") for index in tree.listed(base))
    return max(
        (
            int(size[:-1]) * 1024
            for size in sizes
            if isinstance(size, str) and re.fullmatch(r"[0-9]{1,9}K", size)
        ),
        default=None,
    )


def _meminfo_bytes(tree: Tree, key: str) -> "int | None":
    page = known_text(tree.text("/proc/meminfo", expected=True)) or ""
    found = re.search(rf"^{key}:\s+(\d{{1,12}}) kB", page, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else None


def _cpu_info(tree: Tree) -> "dict[str, str]":
    """Fields of the first processor."""
    page = known_text(tree.text("/proc/cpuinfo", expected=True)) or ""
    first = page.partition("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _numa_nodes(tree: Tree) -> "list[str]":
    return [name for name in tree.listed(_NODES) if re.fullmatch(r"node\d+", name)]


def _iommu_arguments(tree: Tree) -> "str | None":
    arguments = known_text(tree.text("/proc/cmdline"))
    return " ".join(_IOMMU_WORDS.findall(arguments)) if arguments is not None else None


def _os_release(tree: Tree) -> "str | None":
    """Of the image, which is not the host's."""
    page = known_text(tree.text("/etc/os-release")) or ""
    found = re.search(r'^PRETTY_NAME="?([^"\n]+)', page, re.MULTILINE)
    return found.group(1) if found else None
