"""
How fast do bytes go from each accelerator of the node to each other one?

One ordered pair at a time: a slow cell is a link in one direction, a slow row or column a device.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from aiconform.agent.engines.protocol import Device, describe
from aiconform.agent.probes.bandwidth import sample_bandwidth
from aiconform.agent.probes.needs import engine_for_accelerators, product, several
from aiconform.agent.probes.request import Emit, Request
from aiconform.agent.probes.sizes import peer_bytes, seed_of
from aiconform.agent.records import Body

FLOAT_BYTES = 4
Pair = tuple[Device, Device]


def measure_peer_copy(request: Request, emit: Emit) -> None:
    """One body for each ordered pair, named `cuda:0>cuda:1`, in gigabytes (1e9) per second."""
    engine = engine_for_accelerators(request, "group", "move")
    devices = several(request, engine.group())
    side = max(8, int((peer_bytes(request.params) / FLOAT_BYTES) ** 0.5))
    sources = {
        device.name: engine.noise(
            rows=side, columns=side, device=device, dtype="float32", seed=seed_of(request.params)
        )
        for device in devices
    }
    for pairs in rounds(devices):
        for source, target in pairs:
            array = sources[source.name]
            emit(_measure(engine, array, side**2 * FLOAT_BYTES, (source, target), request))


def rounds(devices: Sequence[Device]) -> "Iterator[tuple[Pair, ...]]":
    """Every ordered pair once; in a round, no device sends or receives twice."""
    for shift in range(1, len(devices)):
        yield tuple(
            (device, devices[(n + shift) % len(devices)]) for n, device in enumerate(devices)
        )


def _measure(engine: Any, array: Any, size_bytes: int, pair: Pair, request: Request) -> Body:
    started = time.monotonic()
    source, target = pair
    sampled = sample_bandwidth(
        request, lambda: engine.wait(engine.move(array, target)), moved_bytes=size_bytes
    )
    return {
        "kind": "measurement",
        "exercise": request.exercise,
        "device": f"{source.name}>{target.name}",
        "metric": request.exercise,
        "unit": "gigabytes_per_second",
        **sampled.fields(),
        "params": {"bytes": size_bytes, "ranks": 2, **product(source)},
        "engine": describe(engine),
        "seconds": time.monotonic() - started,
    }
