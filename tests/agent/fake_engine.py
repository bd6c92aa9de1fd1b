"""Plain Python that can be told to fail: FAKE_ENGINE_FAULT names how."""

import faulthandler
import os
import subprocess
import sys
from dataclasses import replace

from aiconform.agent.engines.protocol import Device
from aiconform.agent.engines.python_engine import Matrix, PythonEngine


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

    def matmul(self, left: Matrix, right: Matrix) -> Matrix:
        self._calls += 1
        print(f"multiplying for the {self._calls}. time", flush=True)
        if self._fault == "hang":
            hang_in_the_driver()
        if self._fault == "die":
            os._exit(7)
        if self._fault == "raise":
            raise RuntimeError("the driver said no")
        product = super().matmul(left, right)
        if self._fault == "flip" or (self._fault == "flip_once" and self._calls == 2):
            product = flipped(product)
        return product


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
    return FakeEngine(os.environ.get("FAKE_ENGINE_FAULT", ""))
