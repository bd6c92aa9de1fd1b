"""Plain Python that can be told to fail: FAKE_ENGINE_FAULT names how."""

import faulthandler
import os
import subprocess
import sys
import time
from array import array
from collections.abc import Sequence
from dataclasses import replace

from aiconform.agent.engines.protocol import (
    TRIAD_FACTOR,
    Collective,
    CollectiveKind,
    Device,
    DType,
    Precision,
)
from aiconform.agent.engines.python_engine import Matrix, PythonEngine
from aiconform.agent.errors import SkipError


class FakeEngine(PythonEngine):
    name = "fake"
    largest_size = 32

    def __init__(self, fault: str) -> None:
        self._fault = fault
        self._calls = 0

    def devices(self) -> tuple[Device, ...]:
        if self._fault == "two_devices_second_dies":
            return (Device("fake:0", "accelerator"), Device("fake:1", "accelerator"))
        return super().devices()

    def place(self, values: bytes, **where: object) -> Matrix:
        device = where["device"]
        assert isinstance(device, Device)
        if self._fault == "two_devices_second_dies" and device.name == "fake:1":
            os.abort()
        return super().place(values, **where)  # type: ignore[arg-type]

    def matmul(self, left: Matrix, right: Matrix, *, into: Matrix | None = None) -> Matrix:
        self._calls += 1
        print(f"multiplying for the {self._calls}. time", flush=True)
        if self._fault == "hang":
            hang_in_the_driver()
        if self._fault == "die":
            os._exit(7)
        if self._fault == "raise":
            raise RuntimeError("the driver said no")
        product = super().matmul(left, right)
        if self._fault == "tires":
            time.sleep(0.0005 * self._calls)
        if self._fault == "steady":  # beside which the turns of one interpreter do not matter
            time.sleep(0.02)
        if self._fault == "flip" or (self._fault == "flip_once" and self._calls == 2):
            product = flipped(product)
        return product


class FakeGroup(FakeEngine):
    """Three devices that can do everything together."""

    pinned = True

    def group(self) -> tuple[Device, ...]:
        return tuple(Device(f"fake:{n}", "accelerator", 1 << 20, "Fake 1") for n in range(3))

    def devices(self) -> tuple[Device, ...]:
        return self.group()

    def move(self, source: Matrix, target: Device) -> Matrix:
        if self._fault == "slow_to_2" and target.name == "fake:2":
            time.sleep(0.005)
        return self.copy(source)

    def host_buffer(self, size_bytes: int, *, device: Device, seed: int) -> bytes:
        return bytes(size_bytes)

    def upload(self, buffer: bytes, device: Device) -> bytes:
        return bytes(bytearray(buffer))

    def download(self, held: bytes) -> bytes:
        return bytes(bytearray(held))

    def free_bytes(self, device: Device) -> int | None:
        return 1 << 14

    def pattern(self, name: str, *, words: int, device: Device, seed: int) -> "array[int]":
        value = {"0": 0, "55555555": 0x55555555}.get(name.lstrip("~"), 0x1234)
        values = array("I", [value ^ (0xFFFFFFFF if name.startswith("~") else 0)]) * words
        if self._fault == "stuck_bit" and device.name == "fake:1":
            values[17] |= 1
        return values

    def mismatches(self, name: str, held: "array[int]", *, seed: int) -> int:
        good = self.pattern(name, words=len(held), device=self.group()[0], seed=seed)
        return sum(map(int.__ne__, good, held))

    def number_type(self, precision: Precision, device: Device) -> DType:
        if precision == "fp8":
            raise SkipError("Fake 1 is not known to multiply eight-bit floats by itself")
        return "float32" if precision == "fp32" else "float16"

    def matmul_transposed(
        self, left: Matrix, right: Matrix, *, into: Matrix | None = None
    ) -> Matrix:
        raise AssertionError("nothing here has eight bits")

    def triad(self, left: Matrix, right: Matrix, *, into: Matrix) -> Matrix:
        for n, (a, b) in enumerate(zip(left.values, right.values, strict=True)):
            into.values[n] = a + TRIAD_FACTOR * b
        return into

    def collective(
        self, kind: CollectiveKind, *, element_count: int, devices: Sequence[Device]
    ) -> Collective:
        return FakeCollective(wrong=3 if self._fault == "wrong_sum" else 0)


class FakeCollective:
    def __init__(self, *, wrong: int) -> None:
        self._wrong = wrong

    def run(self) -> None:
        time.sleep(0.001)

    def wrong_count(self) -> int:
        return self._wrong


def flipped(product: Matrix) -> Matrix:
    values = product.values[:]
    values[3 * product.columns + 5] += 2.0
    return replace(product, values=values)


def hang_in_the_driver() -> None:
    """Deaf to SIGTERM, and with a helper process that must not outlive the exercise."""
    assert faulthandler.is_enabled()
    subprocess.run([sys.executable, "-c", _DEAF])


_DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
time.sleep(600)
"""


def make_engine() -> FakeEngine:
    fault = os.environ.get("FAKE_ENGINE_FAULT", "")
    return FakeGroup(fault.partition("/")[2]) if fault.startswith("group") else FakeEngine(fault)
