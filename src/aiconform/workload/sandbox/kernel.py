"""Which kernel this is: by system calls, by /proc, and whether /proc itself was covered."""

import os
import re
from collections.abc import Sequence
from typing import Any

from aiconform.workload.devices.mounts import Mount
from aiconform.workload.files import read_text

TOLD = {
    "boot_id": "/proc/sys/kernel/random/boot_id",
    "proc_version": "/proc/version",
    "cmdline": "/proc/cmdline",
}


def kernel_facts(mounts: "Sequence[Mount]") -> "dict[str, Any]":
    """JSON; a file that cannot be read is null. `covered`: something is mounted over it."""
    name = os.uname()
    covered = {mount.point for mount in mounts}
    return {
        "release": name.release,
        "version": name.version,
        "machine": name.machine,
        **{key: read_text(path) for key, path in TOLD.items()},
        "covered": sorted(key for key, path in TOLD.items() if path in covered),
        "hypervisor": _hypervisor(read_text("/proc/cpuinfo", limit=200_000)),
        "memory_total_bytes": _memory(read_text("/proc/meminfo")),
        "uid_map": read_text("/proc/self/uid_map"),
    }


def _hypervisor(cpuinfo: "str | None") -> "bool | None":
    """The processor's flag; None: there are no flags, as on other architectures than x86."""
    flags = re.search(r"^flags\s*:(.*)$", cpuinfo or "", re.MULTILINE)
    return None if flags is None else "hypervisor" in flags[1].split()


def _memory(meminfo: "str | None") -> "int | None":
    found = re.search(r"^MemTotal:\s+(\d+) kB$", meminfo or "", re.MULTILINE)
    return int(found[1]) * 1024 if found else None
