"""
How fast does each device's memory feed a sum? c = a + s·b: two reads and one write.

Nearer to what programs do than a copy, and no copy engine can do it. Of the processor's memory
too where there is no accelerator, as far as the framework uses its cores.
"""

import time
from typing import Any

from aiconform.agent.engines.choose import make_engine
from aiconform.agent.engines.protocol import Device, describe
from aiconform.agent.errors import SkipError
from aiconform.agent.inventory.read import Tree
from aiconform.agent.probes.bandwidth import sample_bandwidth
from aiconform.agent.probes.host_memory import host_buffer
from aiconform.agent.probes.needs import product
from aiconform.agent.probes.request import Emit, Request
from aiconform.agent.probes.sizes import device_buffer_side, seed_of
from aiconform.agent.probes.together import at_once
from aiconform.agent.records import Body

FLOAT_BYTES = 4
BUFFERS = 3
MOVED = 3  # buffers that are read or written in one call
COLUMNS = 1024
HOST_SHARE = 16  # three buffers, the framework, and what it needs to fill them


def measure_memory_triad(request: Request, emit: Emit) -> None:
    """
    One body for each device, all at the same time, in gigabytes (1e9) per second.

    Raises:
        SkipError: The engine has no triad.
    """
    engine: Any = make_engine(str(request.values["engine"]))
    if not callable(getattr(engine, "triad", None)):
        raise SkipError(f"the engine {engine.name} cannot do this (it has no triad)")
    at_once(engine.devices(), lambda device: _measure(engine, device, request), emit)


def _measure(engine: Any, device: Device, request: Request) -> Body:
    started = time.monotonic()
    rows, columns, reduced = _shape(request, device)
    left = engine.noise(
        rows=rows, columns=columns, device=device, dtype="float32", seed=seed_of(request.params)
    )
    right, target = engine.copy(left), engine.copy(left)  # making noise takes memory of its own
    engine.wait(left, right, target)

    def triad() -> None:
        # Always into the same buffer: a new one would be paid for by the page on a processor.
        nonlocal target
        target = engine.triad(left, right, into=target)
        engine.wait(target)

    size_bytes = rows * columns * FLOAT_BYTES
    sampled = sample_bandwidth(request, triad, moved_bytes=MOVED * size_bytes)
    return {
        "kind": "measurement",
        "exercise": request.exercise,
        "device": device.name,
        "metric": "memory.triad",
        "unit": "gigabytes_per_second",
        **sampled.fields(reduced=reduced),
        "params": {"bytes": size_bytes, **product(device)},
        "engine": describe(engine),
        "seconds": time.monotonic() - started,
    }


def _shape(request: Request, device: Device) -> "tuple[int, int, bool]":
    """Rows and columns of each buffer of float32, and whether memory made them smaller."""
    if device.kind == "cpu":
        buffer = host_buffer(request.params, Tree(), share=HOST_SHARE)
        return max(1, buffer.size_bytes // FLOAT_BYTES // COLUMNS), COLUMNS, buffer.reduced
    side, reduced = device_buffer_side(request.params, device, buffers=BUFFERS)
    return side, side, reduced
