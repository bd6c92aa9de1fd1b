"""JAX: CUDA, ROCm, TPU, Neuron, and the processor of the default image."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from aiconform.agent.engines.protocol import Array, Device, DType


class JaxEngine:
    """Every function is compiled once per shape; the first call is for warming up."""

    name = "jax"
    largest_size: "int | None" = None

    def __init__(self) -> None:
        self.version: "str | None" = jax.__version__
        self.backend = _backend()
        self._devices = {_name(device): device for device in jax.local_devices()}
        # HIGHEST: without it, float32 is multiplied as tf32 or bfloat16 on some devices.
        self._matmul = jax.jit(lambda a, b: jnp.matmul(a, b, precision=jax.lax.Precision.HIGHEST))
        # An operation of its own, or the compiler would return the very same buffer.
        self._copy = jax.jit(jnp.copy)

    def devices(self) -> "tuple[Device, ...]":
        return tuple(
            Device(
                name=name,
                kind="cpu" if device.platform == "cpu" else "accelerator",
                memory_bytes=_memory_bytes(device),
            )
            for name, device in self._devices.items()
        )

    def place(
        self, values: bytes, *, rows: int, columns: int, device: Device, dtype: DType
    ) -> Array:
        matrix = np.frombuffer(values, np.float32).reshape(rows, columns)
        return jax.device_put(matrix, self._devices[device.name]).astype(dtype)

    def noise(self, *, rows: int, columns: int, device: Device, dtype: DType, seed: int) -> Array:
        with jax.default_device(self._devices[device.name]):
            values = jax.random.normal(jax.random.key(seed), (rows, columns), dtype)
            return values / jnp.sqrt(columns).astype(dtype)

    def matmul(self, left: Array, right: Array) -> Array:
        return self._matmul(left, right)

    def copy(self, source: Array) -> Array:
        return self._copy(source)

    def wait(self, *arrays: Array) -> None:
        jax.block_until_ready(arrays)

    def fetch(self, array: Array) -> bytes:
        return bytes(np.asarray(array.astype(jnp.float32)).data)


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
