"""What an exercise needs of a framework, in our words."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

DType = Literal["float32", "bfloat16"]
Array = Any  # the framework's own; an exercise only passes it on


@dataclass(frozen=True)
class Device:
    """One device that the framework offers. The processor is called `cpu`."""

    name: str  # cpu, cuda:0, tpu:3
    kind: Literal["cpu", "accelerator"]
    memory_bytes: "int | None" = None


class Engine(Protocol):
    """
    A framework. Calls may return before the work is done; `wait` and `fetch` do not.

    Matrices go in and come out as float32 in the machine's byte order, row by row. Whatever a
    framework raises is passed on: the exercise's process turns it into words.
    """

    name: str
    version: "str | None"
    backend: str  # cpu, cuda, rocm, tpu
    largest_size: "int | None"  # of a square matrix that is still reasonable; None: no bound

    def devices(self) -> "tuple[Device, ...]":
        """Those of this process; the processor only when there is no accelerator."""

    def place(
        self, values: bytes, *, rows: int, columns: int, device: Device, dtype: DType
    ) -> Array:
        """A matrix of these values on the device."""

    def noise(self, *, rows: int, columns: int, device: Device, dtype: DType, seed: int) -> Array:
        """A matrix of normal(0, 1) / sqrt(columns): data that makes the circuits toggle."""

    def matmul(self, left: Array, right: Array) -> Array:
        """left · right, of their dtype. float32 means true float32, never tf32."""

    def copy(self, source: Array) -> Array:
        """Another buffer with the same content, made on the device."""

    def wait(self, *arrays: Array) -> None:
        """Until these are computed."""

    def fetch(self, array: Array) -> bytes:
        """The values as float32."""


def describe(engine: Engine) -> "dict[str, str | None]":
    """As a record names its engine."""
    return {"name": engine.name, "version": engine.version, "backend": engine.backend}
