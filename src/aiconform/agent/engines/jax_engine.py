"""JAX: CUDA, ROCm, TPU, Neuron, and the processor of the default image."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from aiconform.agent.engines.jax_kernels import (
    JaxCollective,
    count_mismatches,
    write_pattern,
)
from aiconform.agent.engines.jax_training import JaxTrainer
from aiconform.agent.engines.numbers import number_type
from aiconform.agent.engines.protocol import (
    TRIAD_FACTOR,
    Array,
    Collective,
    CollectiveKind,
    Device,
    DType,
    Precision,
    Trainer,
    TrainShape,
)


class JaxEngine:
    """Every function is compiled once per shape; the first call is for warming up."""

    name = "jax"
    largest_size: "int | None" = None

    def __init__(self) -> None:
        self.version: "str | None" = jax.__version__
        self.backend = _backend()
        self._devices = {_name(device): device for device in jax.local_devices()}
        # HIGHEST: without it, float32 is multiplied as tf32 or bfloat16 on some devices.
        self._matmul = _into(lambda a, b: jnp.matmul(a, b, precision=jax.lax.Precision.HIGHEST))
        # An operation of its own, or the compiler would return the very same buffer.
        self._copy = jax.jit(jnp.copy)
        self._triad = _into(lambda a, b: a + TRIAD_FACTOR * b)
        self._matmul_transposed = _into(_matmul_transposed)

    def devices(self) -> "tuple[Device, ...]":
        return tuple(
            Device(
                name=name,
                kind="cpu" if device.platform == "cpu" else "accelerator",
                memory_bytes=_memory_bytes(device),
                product=_product(device),
            )
            for name, device in self._devices.items()
        )

    def group(self) -> "tuple[Device, ...]":
        """The processor's parts are devices of their own here, when JAX is told to split it."""
        return tuple(
            Device(
                name=f"{each.platform}:{each.id}",
                kind="cpu" if each.platform == "cpu" else "accelerator",
                memory_bytes=_memory_bytes(each),
                product=_product(each),
            )
            for each in jax.local_devices()
        )

    def place(
        self, values: bytes, *, rows: int, columns: int, device: Device, dtype: DType
    ) -> Array:
        matrix = np.frombuffer(values, np.float32).reshape(rows, columns)
        return jax.device_put(matrix, self._device(device)).astype(dtype)

    def noise(self, *, rows: int, columns: int, device: Device, dtype: DType, seed: int) -> Array:
        with jax.default_device(self._device(device)):
            if dtype.startswith("float8"):
                values = jax.random.normal(jax.random.key(seed), (rows, columns), "bfloat16")
                return values.astype(dtype)
            values = jax.random.normal(jax.random.key(seed), (rows, columns), dtype)
            return values / jnp.sqrt(columns).astype(dtype)

    def matmul(self, left: Array, right: Array, *, into: "Array | None" = None) -> Array:
        return self._matmul(left, right, into)

    def number_type(self, precision: Precision, device: Device) -> DType:
        found = self._device(device)
        architecture = getattr(found, "compute_capability", None) or found.device_kind
        return number_type(precision, platform=self.backend, architecture=str(architecture))

    def matmul_transposed(self, left: Array, right: Array, *, into: "Array | None" = None) -> Array:
        return self._matmul_transposed(left, right, into)

    def copy(self, source: Array) -> Array:
        return self._copy(source)

    def triad(self, left: Array, right: Array, *, into: Array) -> Array:
        return self._triad(left, right, into)

    def move(self, array: Array, target: Device) -> Array:
        return jax.device_put(array, self._device(target))

    def collective(
        self, kind: CollectiveKind, *, element_count: int, devices: "Sequence[Device]"
    ) -> Collective:
        return JaxCollective(
            kind, element_count=element_count, devices=[self._device(each) for each in devices]
        )

    def trainer(self, devices: "Sequence[Device]", shape: TrainShape, *, seed: int) -> Trainer:
        return JaxTrainer([self._device(each) for each in devices], shape, seed=seed)

    def host_buffer(self, size_bytes: int, *, device: Device, seed: int) -> Array:
        """In memory that the device reaches by itself, where JAX offers it."""
        values = np.random.default_rng(seed).integers(0, 2**31, size_bytes // 4, np.int32)
        place = self._host_place(device)
        return values if place is None else jax.device_put(values, place)

    def upload(self, buffer: Array, device: Device) -> Array:
        return jax.device_put(buffer, self._device(device))

    def download(self, array: Array) -> Array:
        """Into pinned memory where there is some; `wait` tells when it has arrived."""
        place = self._host_place_of(array)
        return np.array(array) if place is None else jax.device_put(array, place)

    def free_bytes(self, device: Device) -> "int | None":
        statistics = self._device(device).memory_stats() or {}
        limit, used = statistics.get("bytes_limit"), statistics.get("bytes_in_use", 0)
        return int(limit) - int(used) if limit else None

    def pattern(self, name: str, *, words: int, device: Device, seed: int) -> Array:
        with jax.default_device(self._device(device)):
            return write_pattern(name, words, seed)

    def mismatches(self, name: str, array: Array, *, seed: int) -> int:
        return int(count_mismatches(name, array, seed))

    @property
    def pinned(self) -> bool:
        device = jax.local_devices()[0]
        return device.platform != "cpu" and _pinned_place(device) is not None

    def _device(self, device: Device) -> Any:
        found = {f"{each.platform}:{each.id}": each for each in jax.local_devices()}
        return found.get(device.name) or self._devices[device.name]

    def _host_place(self, device: Device) -> Any:
        return _pinned_place(self._device(device))

    def _host_place_of(self, array: Array) -> Any:
        (device,) = array.devices()
        return _pinned_place(device)

    def wait(self, *arrays: Array) -> None:
        jax.block_until_ready(arrays)

    def fetch(self, array: Array) -> bytes:
        return bytes(np.asarray(array.astype(jnp.float32)).data)


def _into(function: "Callable[[Array, Array], Array]") -> Any:
    """Compiled with a third argument whose memory is donated to the result; None: it gets new."""

    def with_memory(left: Array, right: Array, _: "Array | None") -> Array:
        return function(left, right)

    return jax.jit(with_memory, donate_argnums=2, keep_unused=True)


def _matmul_transposed(left: Array, right: Array) -> Array:
    rows_of_both = (((1,), (1,)), ((), ()))
    return jax.lax.dot_general(left, right, rows_of_both, preferred_element_type=jnp.bfloat16)


def _backend() -> str:
    """JAX calls CUDA and ROCm both `gpu`; its version string tells them apart."""
    platform = str(jax.default_backend())
    if platform != "gpu":
        return platform
    return (
        "rocm" if "rocm" in str(jax.local_devices()[0].client.platform_version).lower() else "cuda"
    )


def _name(device: Any) -> str:
    """`cpu` for the processor: one device, even when JAX is told to split it."""
    return "cpu" if device.platform == "cpu" else f"{device.platform}:{device.id}"


def _memory_bytes(device: Any) -> "int | None":
    statistics = device.memory_stats() if device.platform != "cpu" else None
    limit = (statistics or {}).get("bytes_limit")
    return int(limit) if limit else None


def _product(device: Any) -> "str | None":
    kind = getattr(device, "device_kind", None)
    return str(kind) if kind and device.platform != "cpu" else None


def _pinned_place(device: Any) -> Any:
    """A sharding in pinned host memory; None where this device has none."""
    try:
        kinds = {memory.kind for memory in device.addressable_memories()}
    except (AttributeError, NotImplementedError, RuntimeError):
        return None
    if device.platform == "cpu" or "pinned_host" not in kinds:
        return None
    return jax.sharding.SingleDeviceSharding(device, memory_kind="pinned_host")
