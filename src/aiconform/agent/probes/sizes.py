"""
How large and how often: an exercise's parameters, with defaults by scale and kind of device.

Fixed sizes by scale keep nodes comparable. Parameters of the order: `scale` (tiny, quick,
standard, thorough), `size`, `repeats`, `seed`.
"""

from collections.abc import Mapping
from typing import Any

from aiconform.agent.engines.protocol import Device, Engine

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
_MEMORY_CAP_BYTES = {"tiny": 1 << 20, "quick": 256 << 20, "standard": 1 << 30, "thorough": 1 << 30}


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


def memory_cap_bytes(params: Mapping[str, Any]) -> int:
    """The largest buffer worth copying at this scale; `size` of the order wins."""
    return int(params.get("size", _MEMORY_CAP_BYTES[scale_of(params)]))


def _size(params: Mapping[str, Any], table: "dict[str, int]", engine: Engine) -> int:
    size = int(params.get("size", table[scale_of(params)]))
    return min(size, engine.largest_size) if engine.largest_size is not None else size
