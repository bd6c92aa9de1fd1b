"""What the pod may use: control groups in version 2 and 1, process limits, shared memory."""

import os
import resource
from typing import Union

from aiconform.agent.inventory.read import Tree, Unknown

UNLIMITED = "unlimited"
Limit = Union[int, float, str, None]  # None: not known; "unlimited": read, and there is none
# Version 1 says "no limit" with the largest page-aligned number.
_V1_NO_LIMIT = 2**60
_V1_CPU = ("cpu", "cpu,cpuacct", "cpuacct,cpu")


def cpu_quota_cores(tree: Tree) -> "float | str | None":
    """Cores that this pod may use at once; "unlimited", or None when it cannot be read."""
    for path in _candidates(tree, "cpu.max", controllers=("",)):
        value = tree.text(path)
        if isinstance(value, str):
            quota, _, period = value.partition(" ")
            return _cores(quota, period or "100000")
    for path in _candidates(tree, "cpu.cfs_quota_us", controllers=_V1_CPU):
        quota_v1 = tree.text(path)
        period_v1 = tree.text(path.replace("quota", "period"))
        if isinstance(quota_v1, str) and isinstance(period_v1, str):
            return _cores(quota_v1, period_v1)
    return None


def memory_limit_bytes(tree: Tree) -> "int | str | None":
    """Bytes that this pod may use; "unlimited", or None when it cannot be read."""
    names = [("memory.max", ("",)), ("memory.limit_in_bytes", ("memory",))]
    for name, controllers in names:
        for path in _candidates(tree, name, controllers=controllers):
            value = tree.text(path)
            if isinstance(value, str):
                return _bytes(value)
    return None


def read_limits(tree: Tree) -> "dict[str, Limit]":
    """The limits of this pod, and of this very process."""
    return {
        "cpu_quota_cores": cpu_quota_cores(tree),
        "cpus_allowed_count": len(os.sched_getaffinity(0)),
        "memory_max_bytes": memory_limit_bytes(tree),
        "pids_max": _pids(tree),
        "memlock_bytes": _rlimit(resource.RLIMIT_MEMLOCK),
        "nofile": _rlimit(resource.RLIMIT_NOFILE),
        "nproc": _rlimit(resource.RLIMIT_NPROC),
        "stack_bytes": _rlimit(resource.RLIMIT_STACK),
        "shm_bytes": _shared_memory_bytes(),
        **_process_status(tree),
    }


def _candidates(tree: Tree, name: str, *, controllers: "tuple[str, ...]") -> "list[str]":
    """
    Where the file may be: the pod's own group, then the root of the hierarchy as mounted.

    In a container with its own cgroup namespace both are the same.
    """
    groups = _own_groups(tree)
    paths = []
    for controller in controllers:
        base = f"/sys/fs/cgroup/{controller}".rstrip("/")
        own = groups.get(controller, "/").rstrip("/")
        paths += [f"{base}{own}/{name}", f"{base}/{name}"]
    return paths


def _own_groups(tree: Tree) -> "dict[str, str]":
    """Controller (empty for version 2) to path, from lines like `4:memory:/pod`."""
    value = tree.text("/proc/self/cgroup")
    groups: "dict[str, str]" = {}
    for line in value.splitlines() if isinstance(value, str) else ():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        groups[controllers] = path
    return groups


def _cores(quota: str, period: str) -> "float | str | None":
    try:
        if quota == "max" or int(quota) < 0:
            return UNLIMITED
        return int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None


def _bytes(value: str) -> "int | str | None":
    try:
        return UNLIMITED if value == "max" or int(value) >= _V1_NO_LIMIT else int(value)
    except ValueError:
        return None


def _pids(tree: Tree) -> "int | str | None":
    for path in _candidates(tree, "pids.max", controllers=("", "pids")):
        value = tree.text(path)
        if isinstance(value, str):
            return _bytes(value)
    return None


def _rlimit(which: int) -> "int | str":
    soft, _ = resource.getrlimit(which)
    return UNLIMITED if soft == resource.RLIM_INFINITY else soft


def _shared_memory_bytes() -> "int | None":
    try:
        found = os.statvfs("/dev/shm")
    except OSError:
        return None
    return found.f_blocks * found.f_frsize


def _process_status(tree: Tree) -> "dict[str, Limit]":
    """Rights of this process: effective capabilities, seccomp mode, no-new-privileges."""
    value = tree.text("/proc/self/status")
    if isinstance(value, Unknown):
        return {}
    fields = dict(line.split(":", 1) for line in value.splitlines() if ":" in line)
    wanted = {"CapEff": "capabilities", "Seccomp": "seccomp_mode", "NoNewPrivs": "no_new_privs"}
    return {name: fields[key].strip() for key, name in wanted.items() if key in fields}
