"""Whose kernel it is, and what came through the walls (pure)."""

from collections.abc import Mapping
from typing import Any

from aiconform.checks.framework import TUNNELS

Facts = Mapping[str, Any]

MOST_PROCESSES = 100


def same_kernel(inside: Facts, outside: Facts) -> str:
    """
    Why it is the node's kernel; empty: it is another one.

    What something was mounted over is no evidence, and nor is a boot ID alone: both could be put
    on. Release and version come from a system call.
    """
    boot = _told(inside, "boot_id")
    if boot is not None and boot == outside["boot_id"]:
        return f"boot ID {boot}, release {inside['release']}"
    differs = [key for key in ("release", "version") if inside[key] != outside[key]]
    line = _told(inside, "cmdline")
    if line is not None and line != outside["cmdline"]:
        differs.append("cmdline")
    if not differs:
        return f"release {inside['release']}, version {inside['version']}, and the command line"
    return ""


def leaks(line: Facts, neighbour: Facts) -> list[str]:
    """What no sandbox may let through."""
    found = []
    network, files = line["network"], line["files"]
    if line["processes"]["canaries"]:
        found.append("it sees a process of its neighbour")
    if files["canaries"]:
        found.append(f"it sees a file of its neighbour, {files['canaries'][0]}")
    if network["canary"]:
        found.append("it reaches the loopback of its neighbour")
    ports = [port for port, how in network["host_ports"].items() if how == "open"]
    if ports:
        found.append(f"it reaches port {', '.join(ports)} of a kubelet by its loopback")
    readable = [each["path"] for each in line["memory"] if each["bytes"]]
    if readable:
        found.append(f"it reads {', '.join(readable)}")
    total = line["kernel"]["memory_total_bytes"]
    if total is not None and total == neighbour["kernel"]["memory_total_bytes"]:
        found.append(f"it is shown the node's memory, {total} bytes")
    if files["mounts"]:
        first = files["mounts"][0]
        found.append(f"its mounts name directories of the node: {first['root']} {first['source']}")
    if line["block_devices"]:
        found.append(f"it has block devices: {', '.join(line['block_devices'][:3])}")
    return found


def oddities(line: Facts) -> list[str]:
    """What a sandbox better had not, and may have a reason for."""
    found = []
    kernel, processes, network = line["kernel"], line["processes"], line["network"]
    if _told(kernel, "boot_id") is None:
        found.append("no boot ID is told, so only release, version and command line differ")
    if kernel["memory_total_bytes"] is None:
        found.append("the size of its memory is not told")
    if processes["count"] >= MOST_PROCESSES:
        found.append(f"it sees {processes['count']} processes")
    if processes["own_pid"] != 1 and "aiconform" not in processes["first"]:
        found.append(f"its first process is not ours: {processes['first'][:80]}")
    interfaces = [i for i in network["interfaces"] or () if i != "lo" and i not in TUNNELS]
    if network["interfaces"] is None or len(interfaces) > 1:
        found.append(f"its network interfaces: {', '.join(interfaces) or 'not told'}")
    writable = [each["path"] for each in line["writable"] if each["error"] is None]
    if writable:
        found.append(f"it may write to {', '.join(writable)} of its kernel")
    if not line["files"]["searched"]:
        found.append("its files could not be searched to the end")
    return found


def _told(kernel: Facts, key: str) -> str | None:
    """None: it is not told, or it is covered."""
    return None if key in kernel["covered"] else kernel[key]
