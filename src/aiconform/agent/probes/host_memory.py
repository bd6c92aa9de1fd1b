"""Copying between two buffers of the node's memory, on several cores at once."""

import contextlib
import mmap
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from aiconform.agent.inventory.cgroup import memory_limit_bytes
from aiconform.agent.inventory.host import available_bytes, last_level_cache_bytes
from aiconform.agent.inventory.read import Tree
from aiconform.agent.probes.sizes import wanted_copy_bytes

SHARE = 8
BLOCK_BYTES = 1 << 20
# Equal shares would wait for the core that something else runs on.
PART_BYTES = 4 << 20


@dataclass(frozen=True)
class Buffer:
    size_bytes: int
    reduced: bool  # smaller than wanted, because the pod has not the memory


def host_buffer(params: Mapping[str, Any], tree: Tree, *, share: int = SHARE) -> Buffer:
    """
    As large as caches and scale ask for, as small as the pod's memory limit asks for.

    Args:
        share: One buffer may have one part in so many of the pod's memory.
    """
    wanted = wanted_copy_bytes(params, cache_bytes=last_level_cache_bytes(tree) or 0)
    limits = [memory_limit_bytes(tree), available_bytes(tree)]
    room = min((each for each in limits if isinstance(each, int)), default=wanted * share)
    if wanted <= room // share:
        return Buffer(size_bytes=wanted, reduced=False)
    # A power of two: peers with about the same memory shall have the very same buffer.
    return Buffer(
        size_bytes=max(BLOCK_BYTES, 1 << ((room // share).bit_length() - 1)), reduced=True
    )


class HostCopy:
    """
    Two buffers and the threads that copy one into the other.

    `ctypes` gives up the interpreter's lock while it copies. An interpreter without it copies
    with one thread.
    """

    def __init__(self, size_bytes: int, *, thread_count: int) -> None:
        # Random and written: an untouched page would be the kernel's one page of zeros.
        self._source = _filled(size_bytes, os.urandom(BLOCK_BYTES))
        self._target = _filled(size_bytes, bytes(BLOCK_BYTES))
        move = _memmove()
        self.method = "memoryview" if move is None else "memmove"
        self.thread_count = 1 if move is None else thread_count
        self._threads = ThreadPoolExecutor(self.thread_count)
        step = PART_BYTES if self.thread_count > 1 else size_bytes
        self._parts = [
            (start, min(step, size_bytes - start)) for start in range(0, size_bytes, step)
        ]
        self._move = move

    def run(self) -> None:
        """One copy of the whole buffer; each thread takes the next part when it has done one."""
        left = iter(self._parts)
        list(self._threads.map(self._copy_all, [left] * self.thread_count))

    def is_right(self) -> bool:
        return self._source[:] == self._target[:]

    def _copy_all(self, left: "Iterator[tuple[int, int]]") -> None:
        for start, length in left:
            if self._move is None:
                memoryview(self._target)[:] = memoryview(self._source)
            else:
                self._move(self._target, self._source, start, length)


def _filled(size_bytes: int, block: bytes) -> mmap.mmap:
    """In huge pages where the kernel gives them: small ones are looked up for half of the time."""
    memory = mmap.mmap(-1, size_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # a kernel without them
            memory.madvise(mmap.MADV_HUGEPAGE)
    for start in range(0, size_bytes, len(block)):
        part = block[: size_bytes - start]
        memory[start : start + len(part)] = part
    return memory


def _memmove() -> "Any":
    """(target, source, start, length) -> None, or None where Python has no ctypes."""
    try:
        import ctypes
    except ImportError:
        return None

    def move(target: mmap.mmap, source: mmap.mmap, start: int, length: int) -> None:
        byte = ctypes.c_char
        ctypes.memmove(
            ctypes.addressof(byte.from_buffer(target, start)),
            ctypes.addressof(byte.from_buffer(source, start)),
            length,
        )

    return move
