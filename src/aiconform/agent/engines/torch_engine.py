"""PyTorch: CUDA, ROCm, XPU, HPU, or the processor."""

import contextlib
import ctypes
import importlib
import math
from typing import Any

import torch

from aiconform.agent.engines.numbers import number_type
from aiconform.agent.engines.protocol import TRIAD_FACTOR, Array, Device, DType, Precision
from aiconform.agent.errors import SkipError

_KINDS = ("cuda", "xpu", "hpu")  # torch.cuda serves ROCm too


class TorchEngine:
    """Eager, nothing compiled; float32 is true float32."""

    name = "torch"
    largest_size: "int | None" = None

    def __init__(self) -> None:
        self.version: "str | None" = torch.__version__
        self._kind = _accelerator_kind()
        self.backend = _backend(self._kind)
        torch.backends.cuda.matmul.allow_tf32 = False

    def devices(self) -> "tuple[Device, ...]":
        if self._kind is None:
            return (Device(name="cpu", kind="cpu"),)
        return tuple(
            Device(
                name=f"{self._kind}:{index}",
                kind="accelerator",
                memory_bytes=_memory_bytes(self._kind, index),
                product=_product(self._kind, index),
            )
            for index in range(getattr(torch, self._kind).device_count())
        )

    def place(
        self, values: bytes, *, rows: int, columns: int, device: Device, dtype: DType
    ) -> Array:
        matrix = torch.frombuffer(bytearray(values), dtype=torch.float32).reshape(rows, columns)
        return matrix.to(device=device.name, dtype=getattr(torch, dtype))

    def noise(self, *, rows: int, columns: int, device: Device, dtype: DType, seed: int) -> Array:
        torch.manual_seed(seed)
        if dtype.startswith("float8"):
            values = torch.randn(rows, columns, device=device.name, dtype=torch.bfloat16)
            return values.to(getattr(torch, dtype))
        values = torch.randn(rows, columns, device=device.name, dtype=getattr(torch, dtype))
        return values / math.sqrt(columns)

    def matmul(self, left: Array, right: Array, *, into: "Array | None" = None) -> Array:
        return torch.mm(left, right, out=into)

    def number_type(self, precision: Precision, device: Device) -> DType:
        if precision == "fp8" and not hasattr(torch, "_scaled_mm"):
            raise SkipError(f"torch {self.version} cannot multiply eight-bit floats")
        architecture = _architecture(device) if self._kind == "cuda" else ""
        return number_type(precision, platform=self.backend, architecture=architecture)

    def matmul_transposed(self, left: Array, right: Array, *, into: "Array | None" = None) -> Array:
        one = torch.ones((), device=left.device)
        return torch._scaled_mm(left, right.t(), one, one, out_dtype=torch.bfloat16, out=into)

    def copy(self, source: Array) -> Array:
        return source.clone()

    def triad(self, left: Array, right: Array, *, into: Array) -> Array:
        return torch.add(left, right, alpha=TRIAD_FACTOR, out=into)

    def bus_address(self, device: Device) -> "str | None":
        """None where PyTorch does not say it."""
        if self._kind != "cuda":
            return None
        return _bus_address(torch.cuda.get_device_properties(device.name))

    def group(self) -> "tuple[Device, ...]":
        return self.devices()

    def move(self, array: Array, target: Device) -> Array:
        return array.to(device=target.name, copy=True)

    @property
    def pinned(self) -> bool:
        return self._kind == "cuda"

    def host_buffer(self, size_bytes: int, *, device: Device, seed: int) -> Array:
        torch.manual_seed(seed)
        values = torch.randint(0, 256, (size_bytes,), dtype=torch.uint8)
        return values.pin_memory() if self.pinned else values

    def upload(self, buffer: Array, device: Device) -> Array:
        return buffer.to(device=device.name, non_blocking=True, copy=True)

    def download(self, array: Array) -> Array:
        """Into pinned memory where there is some; the copy has ended when this returns."""
        host = torch.empty_like(array, device="cpu", pin_memory=self.pinned)
        host.copy_(array, non_blocking=True)
        self.wait(array)
        return host

    def free_bytes(self, device: Device) -> "int | None":
        if self._kind is None:
            return None
        free, _ = getattr(torch, self._kind).mem_get_info(device.name)
        return int(free)

    def pattern(self, name: str, *, words: int, device: Device, seed: int) -> Array:
        inverted = name.startswith("~")
        plain = _pattern(name.lstrip("~"), words, device.name, seed)
        return ~plain if inverted else plain

    def mismatches(self, name: str, array: Array, *, seed: int) -> int:
        where = Device(name=str(array.device), kind="accelerator")
        good = self.pattern(name, words=array.numel(), device=where, seed=seed)
        return int((array != good).sum().item())

    def wait(self, *arrays: Array) -> None:
        if self._kind is not None:
            for device in {array.device for array in arrays} - {torch.device("cpu")}:
                getattr(torch, self._kind).synchronize(device)

    def fetch(self, array: Array) -> bytes:
        """Without NumPy, which not every image with PyTorch has."""
        matrix = array.to(device="cpu", dtype=torch.float32).contiguous()
        return ctypes.string_at(matrix.data_ptr(), matrix.numel() * matrix.element_size())


def _accelerator_kind() -> "str | None":
    with contextlib.suppress(ImportError):  # Gaudi's part registers torch.hpu
        importlib.import_module("habana_frameworks.torch")
    for kind in _KINDS:
        module = getattr(torch, kind, None)
        if module is not None and module.is_available():
            return kind
    return None


def _backend(kind: "str | None") -> str:
    if kind == "cuda" and getattr(torch.version, "hip", None):
        return "rocm"
    return kind or "cpu"


def _architecture(device: Device) -> str:
    """`gfx942` with ROCm, `9.0` with CUDA."""
    if getattr(torch.version, "hip", None):
        return str(torch.cuda.get_device_properties(device.name).gcnArchName)
    major, minor = torch.cuda.get_device_capability(device.name)
    return f"{major}.{minor}"


def _bus_address(properties: Any) -> "str | None":
    parts = [getattr(properties, f"pci_{part}_id", None) for part in ("domain", "bus", "device")]
    if not all(isinstance(part, int) for part in parts):
        return None
    domain, bus, slot = parts
    return f"{domain:04x}:{bus:02x}:{slot:02x}.0"


def _memory_bytes(kind: str, index: int) -> "int | None":
    properties: Any = getattr(torch, kind).get_device_properties(index)
    total = getattr(properties, "total_memory", None)
    return int(total) if total else None


def _product(kind: str, index: int) -> "str | None":
    name = getattr(getattr(torch, kind), "get_device_name", None)
    return str(name(index)) if name is not None else None


def _pattern(name: str, words: int, device: str, seed: int) -> Array:
    """Signed words of 32 bits, since not every device has unsigned ones."""
    if name not in {"address", "hash"}:
        return torch.full((words,), int(name, 16), dtype=torch.int32, device=device)
    index = torch.arange(words, dtype=torch.int32, device=device)
    if name == "hash":  # wraps around, as integers of a device do
        index = (index ^ (index >> 16)) * 0x45D9F3B
        index = index ^ (index >> 16)
    return index ^ seed
