"""Copying between two buffers of the node's memory, on several cores at once."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from aiconform.agent.inventory.cgroup import memory_limit_bytes
from aiconform.agent.inventory.host import available_bytes, last_level_cache_bytes
from aiconform.agent.inventory.read import Tree
from aiconform.agent.probes.sizes import wanted_copy_bytes

SHARE = 8  # of the pod's memory, one buffer may have one part in so many
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Buffer:
    size_bytes: int
    reduced: bool  # smaller than wanted, because the pod has not the memory


def host_buffer(params: Mapping[str, Any], tree: Tree) -> Buffer:
    """As large as caches and scale ask for, as small as the pod's memory limit asks for."""
    wanted = wanted_copy_bytes(params, cache_bytes=last_level_cache_bytes(tree) or 0)
    limits = [memory_limit_bytes(tree), available_bytes(tree)]
    room = min((each for each in limits if isinstance(each, int)), default=wanted * SHARE)
    if wanted <= room // SHARE:
        return Buffer(size_bytes=wanted, reduced=False)
    # A power of two: peers with about the same memory shall have the very same buffer.
    return Buffer(
        size_bytes=max(BLOCK_BYTES, 1 << ((room // SHARE).bit_length() - 1)), reduced=True
    )


class HostCopy:
    """
    Two buffers and the threads that copy one into the other.

    `ctypes` gives up the interpreter's lock while it copies. An interpreter without it copies
    with one thread.
    """

    def __init__(self, size_bytes: int, *, thread_count: int) -> None:
        blocks = -(-size_bytes // BLOCK_BYTES)
        # Random and written: an untouched page would be the kernel's one page of zeros.
        self._source = (bytearray(os.urandom(BLOCK_BYTES)) * blocks)[:size_bytes]
        self._target = bytearray(size_bytes)
        move = _memmove()
        self.method = "memoryview" if move is None else "memmove"
        self.thread_count = 1 if move is None else thread_count
        self._threads = ThreadPoolExecutor(self.thread_count)
        step = -(-size_bytes // self.thread_count)
        self._parts = [
            (start, min(step, size_bytes - start)) for start in range(0, size_bytes, step)
        ]
        self._move = move

    def run(self) -> None:
        """One copy of the whole buffer."""
        list(self._threads.map(self._copy, self._parts))

    def is_right(self) -> bool:
        return self._source == self._target

    def _copy(self, part: "tuple[int, int]") -> None:
        start, length = part
        if self._move is None:
            memoryview(self._target)[:] = self._source
        else:
            self._move(self._target, self._source, start, length)


def _memmove() -> "Any":
    """(target, source, start, length) -> None, or None where Python has no ctypes."""
    try:
        import ctypes
    except ImportError:
        return None

    def move(target: bytearray, source: bytearray, start: int, length: int) -> None:
        byte = ctypes.c_char
        ctypes.memmove(
            ctypes.addressof(byte.from_buffer(target, start)),
            ctypes.addressof(byte.from_buffer(source, start)),
            length,
        )

    return move
