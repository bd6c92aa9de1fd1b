"""Matrices of one kind of number, multiplied the way that the device's units want them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiconform.agent.engines.protocol import Array, Device, DType
from aiconform.agent.probes.signs import SignProduct


@dataclass(frozen=True)
class Multiplication:
    """Units for eight bits want the second matrix transposed; all else takes it as it is."""

    dtype: DType

    @property
    def transposed(self) -> bool:
        return self.dtype.startswith("float8")

    def known(self, engine: Any, device: Device, product: SignProduct) -> "tuple[Array, Array]":
        """The two matrices whose product is known, on the device."""
        right = product.right_transposed_values() if self.transposed else product.right_values()
        left, right_there = (
            engine.place(
                values, rows=product.size, columns=product.size, device=device, dtype=self.dtype
            )
            for values in (product.left_values(), right)
        )
        return left, right_there

    def noise(self, engine: Any, device: Device, *, size: int, seed: int) -> "tuple[Array, Array]":
        """Two matrices of normal data, shape (size, size)."""
        left, right = (
            engine.noise(rows=size, columns=size, device=device, dtype=self.dtype, seed=each)
            for each in (seed, seed + 1)
        )
        return left, right

    def run(self, engine: Any, left: Array, right: Array, *, into: "Array | None" = None) -> Array:
        multiply = engine.matmul_transposed if self.transposed else engine.matmul
        return multiply(left, right, into=into)

    def repeated(self, engine: Any, left: Array, right: Array) -> "Callable[[int], None]":
        """Multiplies so many times, always into the same memory, and waits for the last."""
        held: Array = None

        def multiply(calls: int) -> None:
            nonlocal held
            for _ in range(calls):
                held = self.run(engine, left, right, into=held)
            engine.wait(held)

        return multiply


def usual(device: Device) -> Multiplication:
    """What a device is bought for: bfloat16 on accelerators, float32 on processors."""
    return Multiplication("float32" if device.kind == "cpu" else "bfloat16")
