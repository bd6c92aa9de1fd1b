"""
Which kind of number is meant by a precision, and does a device multiply such numbers by itself?

What a framework only emulates has no rate worth comparing: such a precision is skipped, with the
reason.
"""

import re

from aiconform.agent.engines.protocol import DType, Precision
from aiconform.agent.errors import SkipError

_FIRST_NVIDIA_WITH_FLOAT8 = (8, 9)
# AMD's two kinds of eight-bit floats: MI300 has the one without a negative zero.
_AMD_FLOAT8: "tuple[tuple[str, DType], ...]" = (
    ("gfx94", "float8_e4m3fnuz"),
    ("gfx95", "float8_e4m3fn"),
    ("gfx12", "float8_e4m3fn"),
)
_FIRST_TPU_WITH_FLOAT8 = 7


def number_type(precision: Precision, *, platform: str, architecture: str) -> DType:
    """
    Args:
        platform: cpu, cuda, rocm, tpu, or what else a framework calls its devices.
        architecture: `9.0` on CUDA, `gfx942` on ROCm, `TPU7x` on TPU; anything elsewhere.

    Raises:
        SkipError: The device has no unit for it, or that is not known.
    """
    if precision == "fp32":
        return "float32"
    if precision == "fp16":
        return _float16(platform)
    found = _float8(platform, architecture)
    if found is None:
        called = f"{platform} {architecture}".strip()
        raise SkipError(f"{called} is not known to multiply eight-bit floats by itself")
    return found


def _float16(platform: str) -> DType:
    if platform == "tpu":
        raise SkipError("a TPU multiplies bfloat16, and float16 only by way of float32")
    return "float16"


def _float8(platform: str, architecture: str) -> "DType | None":
    if platform == "cpu":  # emulated; exercises keep off processors by themselves
        return "float8_e4m3fn"
    if platform == "cuda":
        version = re.fullmatch(r"(\d+)\.(\d+)", architecture)
        new = version is not None and _pair(version) >= _FIRST_NVIDIA_WITH_FLOAT8
        return "float8_e4m3fn" if new else None
    if platform == "rocm":
        return next((kind for name, kind in _AMD_FLOAT8 if architecture.startswith(name)), None)
    if platform == "tpu":
        generation = re.match(r"TPU ?v?(\d+)", architecture)
        new = generation is not None and int(generation[1]) >= _FIRST_TPU_WITH_FLOAT8
        return "float8_e4m3fn" if new else None
    return None


def _pair(version: "re.Match[str]") -> "tuple[int, int]":
    return int(version[1]), int(version[2])
