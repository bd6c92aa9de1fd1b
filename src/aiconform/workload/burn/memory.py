"""A buffer whose every page is really there."""

import mmap
import os

from aiconform.workload.errors import NotEnoughError
from aiconform.workload.files import WHOLE, read_text

KEEP_FREE_BYTES = 32 * 1024**2
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_STATISTICS = ("/sys/fs/cgroup/memory.stat", "/sys/fs/cgroup/memory/memory.stat")
_USAGES = ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes")


def fill_buffer(size: int) -> mmap.mmap:
    """
    Anonymous memory of `size` bytes, written to, so that it is counted as used.

    Raises:
        NotEnoughError: It does not fit, and the kernel would kill us half-way.
    """
    available = available_bytes()
    if available is not None and size + KEEP_FREE_BYTES > available:
        raise NotEnoughError(
            f"a buffer of {size} bytes does not fit into the {available} that are available; "
            "raise the memory limit or lower --buffer"
        )
    buffer = mmap.mmap(-1, max(size, mmap.PAGESIZE))
    block = os.urandom(1024**2)  # nothing that same-page merging or compression could save
    for start in range(0, size, len(block)):
        end = min(start + len(block), size)
        buffer[start:end] = block[: end - start]
    return buffer


def available_bytes() -> "int | None":
    """What the container's limit and the node leave; None when neither is told."""
    found = [value for value in (_left_in_cgroup(), _left_on_node()) if value is not None]
    return min(found) if found else None


def _left_in_cgroup() -> "int | None":
    limit, usage = _first_number(_LIMITS), _first_number(_USAGES)
    if limit is None or usage is None:
        return None
    return max(0, limit - usage + _file_cache_bytes())


def _file_cache_bytes() -> int:
    """Counted as used, but the kernel drops it when memory is wanted."""
    text = next(filter(None, (read_text(path, limit=WHOLE) for path in _STATISTICS)), "")
    fields = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    return sum(int(fields.get(name, 0)) for name in ("inactive_file", "active_file"))


def _left_on_node() -> "int | None":
    text = read_text("/proc/meminfo", limit=WHOLE) or ""
    for line in text.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _first_number(paths: "tuple[str, ...]") -> "int | None":
    texts = (read_text(path) for path in paths)
    return next((int(text) for text in texts if text and text.isdecimal()), None)
