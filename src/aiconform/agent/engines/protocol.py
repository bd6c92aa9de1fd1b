"""What an exercise needs of a framework, in our words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

DType = Literal["float32", "bfloat16", "float16", "float8_e4m3fn", "float8_e4m3fnuz"]
Precision = Literal["fp32", "fp16", "fp8"]
Array = Any  # the framework's own; an exercise only passes it on


@dataclass(frozen=True)
class Device:
    """One device that the framework offers. The processor is called `cpu`."""

    name: str  # cpu, cuda:0, tpu:3
    kind: Literal["cpu", "accelerator"]
    memory_bytes: "int | None" = None
    product: "str | None" = None  # as the framework calls it: NVIDIA H100 80GB HBM3


TRIAD_FACTOR = 3.0
CollectiveKind = Literal["all_reduce", "all_gather", "reduce_scatter", "all_to_all"]


class Collective(Protocol):
    """One collective over several devices, ready to run again and again."""

    def run(self) -> None:
        """Until the result is on every device."""

    def wrong_count(self) -> int:
        """Elements of the last result that are not exactly what they must be, on all devices."""


class HostLinkEngine(Protocol):
    """An engine that can copy between host and device."""

    pinned: bool  # is the host's side memory that the device reaches by itself

    def host_buffer(self, size_bytes: int, *, device: "Device", seed: int) -> Array:
        """Bytes in the host's memory, of no pattern that a link could shorten."""

    def upload(self, buffer: Array, device: "Device") -> Array:
        """A copy on the device."""

    def download(self, array: Array) -> Array:
        """A copy in the host's memory."""


class AddressEngine(Protocol):
    """An engine that knows where its devices are on the host's bus."""

    def bus_address(self, device: "Device") -> "str | None":
        """0000:1b:00.0; None when it is not known."""


class GroupEngine(Protocol):
    """An engine that has several devices do something together."""

    def group(self) -> "tuple[Device, ...]":
        """All devices of this process; several of them may be parts of one processor."""

    def move(self, array: Array, target: "Device") -> Array:
        """A copy on another device."""

    def collective(
        self, kind: CollectiveKind, *, element_count: int, devices: "Sequence[Device]"
    ) -> Collective:
        """
        Args:
            element_count: float32 elements of the buffer that message sizes are counted by: of one
                rank, or of the gathered whole for all_gather. A multiple of the number of devices.
        """


@dataclass(frozen=True)
class TrainShape:
    """A decoder-only transformer and how it is trained."""

    width: int
    layers: int
    heads: int
    sequence: int
    vocabulary: int  # a power of two
    batch: int  # sequences on each device
    steps: int
    dtype: DType
    learning_rate: float = 1e-3
    warm_up_steps: int = 5

    @property
    def parameter_count(self) -> int:
        """Of the matrices, the tied embedding counted once."""
        return 12 * self.layers * self.width**2 + self.vocabulary * self.width

    @property
    def flops_per_token(self) -> int:
        """Forward and backward; attention not halved for causality."""
        return 6 * self.parameter_count + 12 * self.layers * self.width * self.sequence


class Trainer(Protocol):
    """One training in progress."""

    def step(self) -> float:
        """One step on the next batch; its loss before the step."""

    def checksums(self) -> "tuple[int, ...]":
        """Of all parameters, on each device."""


class TrainEngine(Protocol):
    """An engine that trains."""

    def trainer(self, devices: "Sequence[Device]", shape: TrainShape, *, seed: int) -> Trainer:
        """Data-parallel over the devices, with the framework's own all-reduce."""


class PrecisionEngine(Protocol):
    """An engine that multiplies numbers of several kinds."""

    def number_type(self, precision: Precision, device: "Device") -> DType:
        """
        Raises:
            SkipError: The device does not multiply such numbers by itself.
        """

    def matmul_transposed(self, left: Array, right: Array, *, into: "Array | None" = None) -> Array:
        """left · rightᵀ of eight-bit floats with scales of 1, in bfloat16; `into` as in matmul."""


class TriadEngine(Protocol):
    """An engine that adds a multiple of one buffer to another, on the device."""

    def triad(self, left: Array, right: Array, *, into: Array) -> Array:
        """left + TRIAD_FACTOR · right, in the memory of `into`, which is given up for it."""


class PatternEngine(Protocol):
    """An engine that writes and checks patterns in a device's memory, on the device."""

    def free_bytes(self, device: "Device") -> "int | None":
        """What can be taken now; None when the framework does not say."""

    def pattern(self, name: str, *, words: int, device: "Device", seed: int) -> Array:
        """Words of 32 bits; see `probes.patterns`."""

    def mismatches(self, name: str, array: Array, *, seed: int) -> int:
        """How many words are not what `pattern` writes."""


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
        """
        A matrix of normal(0, 1) / sqrt(columns): data that makes the circuits toggle.

        Eight-bit floats are not divided: most would end below their smallest normal number.
        """

    def matmul(self, left: Array, right: Array, *, into: "Array | None" = None) -> Array:
        """
        left · right, of their dtype. float32 means true float32, never tf32.

        Args:
            into: An earlier result, given up: its memory may be taken for this one.
        """

    def copy(self, source: Array) -> Array:
        """Another buffer with the same content, made on the device."""

    def wait(self, *arrays: Array) -> None:
        """Until these are computed."""

    def fetch(self, array: Array) -> bytes:
        """The values as float32."""


def describe(engine: Engine) -> "dict[str, str | None]":
    """As a record names its engine."""
    return {"name": engine.name, "version": engine.version, "backend": engine.backend}
