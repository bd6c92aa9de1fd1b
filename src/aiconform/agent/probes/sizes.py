"""
How large and how often: an exercise's parameters, with defaults by scale and kind of device.

Fixed sizes by scale keep nodes comparable. Parameters of the order: `scale` (tiny, quick,
standard, thorough), `size`, `repeats`, `seed`.
"""

import math
import os
from collections.abc import Mapping
from typing import Any

from aiconform.agent.engines.protocol import Device, Engine
from aiconform.agent.inventory.cgroup import cpu_quota_cores
from aiconform.agent.inventory.read import Tree

DEFAULT_SCALE = "quick"
# Square matrices; on accelerators large enough that launching costs nothing, on processors small
# enough for a pod that shares two cores.
_CHECK_ON_CPU = {"tiny": 128, "quick": 512, "standard": 1024, "thorough": 2048}
_CHECK_ON_ACCELERATOR = {"tiny": 256, "quick": 2048, "standard": 4096, "thorough": 4096}
_RATE_ON_CPU = {"tiny": 128, "quick": 512, "standard": 1024, "thorough": 2048}
_RATE_ON_ACCELERATOR = {"tiny": 256, "quick": 8192, "standard": 8192, "thorough": 8192}
_REPEATS = {"tiny": 2, "quick": 5, "standard": 16, "thorough": 30}
# A sample is as many calls as fill this time.
_SAMPLE_S = {"tiny": 0.005, "quick": 0.05, "standard": 0.05, "thorough": 0.1}
# One buffer, unless caches ask for more; `tiny` measures the cache and does not pretend otherwise.
_COPY_BYTES = {"tiny": 1 << 20, "quick": 64 << 20, "standard": 256 << 20, "thorough": 1 << 30}
_DEVICE_BUFFER_SIDE = {"tiny": 512, "quick": 16384, "standard": 16384, "thorough": 32768}
_MOST_THREADS = 64
_HOST_LINK_BYTES = {
    "tiny": (1 << 18,),
    "quick": (256 << 20,),
    "standard": (64 << 20, 256 << 20, 1 << 30),
    "thorough": (64 << 20, 256 << 20, 1 << 30),
}
_PEER_BYTES = {"tiny": 1 << 18, "quick": 256 << 20, "standard": 256 << 20, "thorough": 256 << 20}
_COLLECTIVE_BYTES = {
    "tiny": (1 << 16,),
    "quick": (256 << 20,),
    "standard": (1 << 20, 16 << 20, 256 << 20, 1 << 30),
    "thorough": (1 << 20, 16 << 20, 256 << 20, 1 << 30, 8 << 30),
}
_PATTERN_SHARE = 0.9  # of the free memory
_PATTERN_BYTES = {"tiny": 1 << 20, "quick": 1 << 30}  # at most; else as much as there is
_SUSTAIN_S = {"tiny": 0.6, "quick": 10.0, "standard": 60.0, "thorough": 300.0}


def scale_of(params: Mapping[str, Any]) -> str:
    """
    Raises:
        ValueError: A scale that this agent does not know.
    """
    scale = str(params.get("scale", DEFAULT_SCALE))
    if scale not in _REPEATS:
        raise ValueError(f"scale {scale!r} is none of {', '.join(_REPEATS)}")
    return scale


def seed_of(params: Mapping[str, Any]) -> int:
    return int(params.get("seed", 7))


def repeats_of(params: Mapping[str, Any]) -> int:
    return max(1, int(params.get("repeats", _REPEATS[scale_of(params)])))


def sample_s(params: Mapping[str, Any]) -> float:
    return _SAMPLE_S[scale_of(params)]


def known_answer_size(params: Mapping[str, Any], engine: Engine, device: Device) -> int:
    """A multiple of 8 between 8 and 4096, as the known product wants it."""
    table = _CHECK_ON_CPU if device.kind == "cpu" else _CHECK_ON_ACCELERATOR
    return max(8, min(4096, _size(params, table, engine)) // 8 * 8)


def rate_size(params: Mapping[str, Any], engine: Engine, device: Device) -> int:
    table = _RATE_ON_CPU if device.kind == "cpu" else _RATE_ON_ACCELERATOR
    return max(8, _size(params, table, engine))


def wanted_copy_bytes(params: Mapping[str, Any], *, cache_bytes: int) -> int:
    """One buffer of host memory: beyond four times the last cache, except at scale tiny."""
    scale = scale_of(params)
    if "size" in params:
        return int(params["size"])
    return _COPY_BYTES[scale] if scale == "tiny" else max(_COPY_BYTES[scale], 4 * cache_bytes)


def device_buffer_side(
    params: Mapping[str, Any], device: Device, *, buffers: int
) -> "tuple[int, bool]":
    """Side of square float32 matrices that all fit into 0.6 of the memory; was it shrunk?"""
    wanted = side = int(params.get("side", _DEVICE_BUFFER_SIDE[scale_of(params)]))
    while device.memory_bytes is not None and buffers * 4 * side**2 > 0.6 * device.memory_bytes:
        side //= 2
    return side, side < wanted


def host_link_bytes(params: Mapping[str, Any]) -> "tuple[int, ...]":
    return _own(params, "bytes") or _HOST_LINK_BYTES[scale_of(params)]


def peer_bytes(params: Mapping[str, Any]) -> int:
    return int(params.get("bytes", _PEER_BYTES[scale_of(params)]))


def collective_bytes(params: Mapping[str, Any], device: Device) -> "tuple[int, ...]":
    """Message sizes; none needs more than a sixteenth of the device's memory."""
    wanted = _own(params, "bytes") or _COLLECTIVE_BYTES[scale_of(params)]
    most = device.memory_bytes // 16 if device.memory_bytes else max(wanted)
    return tuple(size for size in wanted if size <= most) or (min(wanted),)


def pattern_bytes(params: Mapping[str, Any], free_bytes: "int | None") -> int:
    """How much memory to write and verify; of a device that does not say, one gibibyte."""
    most = int(params.get("bytes", _PATTERN_BYTES.get(scale_of(params), 1 << 50)))
    room = int(_PATTERN_SHARE * free_bytes) if free_bytes is not None else 1 << 30
    return max(1 << 12, min(most, room))


def sustain_s(params: Mapping[str, Any], *, left_s: float) -> float:
    """As long as the scale asks for, and as the time limit allows."""
    return min(float(params.get("seconds", _SUSTAIN_S[scale_of(params)])), 0.7 * left_s)


def _own(params: Mapping[str, Any], name: str) -> "tuple[int, ...]":
    return (int(params[name]),) if name in params else ()


def usable_cores(tree: Tree) -> int:
    """Threads that can run at once: cores that this process may use, within the quota."""
    quota = cpu_quota_cores(tree)
    allowed = len(os.sched_getaffinity(0))
    within = math.ceil(quota) if isinstance(quota, float) else allowed
    return max(1, min(allowed, within, _MOST_THREADS))


def _size(params: Mapping[str, Any], table: "dict[str, int]", engine: Engine) -> int:
    size = int(params.get("size", table[scale_of(params)]))
    return min(size, engine.largest_size) if engine.largest_size is not None else size
