"""One device on the second NUMA node of a host, and what cores its copies ran on."""

import os

from aiconform.agent.engines.protocol import Device
from tests.agent.fake_engine import FakeGroup


class EngineWithAddresses(FakeGroup):
    def __init__(self) -> None:
        super().__init__("")
        self.seen: list[set[int]] = []

    def devices(self) -> tuple[Device, ...]:
        return self.group()[:1]

    def bus_address(self, device: Device) -> str:
        return "0000:45:00.0"

    def upload(self, buffer: bytes, device: Device) -> bytes:
        self.seen.append(set(os.sched_getaffinity(0)))
        return super().upload(buffer, device)


ENGINE = EngineWithAddresses()
