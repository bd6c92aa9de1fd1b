"""
How fast does memory copy? Of the node itself, and of each accelerator that the pod was given.

A copy reads and writes: 2 bytes moved for each byte of the buffer.
"""

import os
import time
from collections.abc import Callable

from aiconform.agent.engines.choose import make_engine
from aiconform.agent.engines.protocol import Device, Engine, describe
from aiconform.agent.inventory.given import given_here
from aiconform.agent.inventory.read import Tree
from aiconform.agent.probes.bandwidth import sample_bandwidth
from aiconform.agent.probes.host_memory import HostCopy, host_buffer
from aiconform.agent.probes.needs import product
from aiconform.agent.probes.request import Emit, Request
from aiconform.agent.probes.sizes import (
    device_buffer_side,
    seed_of,
    usable_cores,
)
from aiconform.agent.probes.together import at_once
from aiconform.agent.records import Body

FLOAT_BYTES = 4


def measure_memory_copy(request: Request, emit: Emit) -> None:
    """One body for the node and one for each accelerator, in gigabytes (1e9) per second."""
    tree = Tree()
    emit(_measure_host(request, tree))
    # A framework takes seconds to import: not for a node that has nothing else to copy.
    if given_here(tree, environ=os.environ):
        engine = make_engine(str(request.values["engine"]))
        devices = [device for device in engine.devices() if device.kind == "accelerator"]
        if devices:
            at_once(devices, lambda device: _measure_device(engine, device, request), emit)


def _measure_host(request: Request, tree: Tree) -> Body:
    started = time.monotonic()
    buffer = host_buffer(request.params, tree)
    copy = HostCopy(buffer.size_bytes, thread_count=usable_cores(tree))
    body = _sampled(request, copy.run, moved_bytes=2 * buffer.size_bytes, reduced=buffer.reduced)
    return {
        **body,
        "params": {
            "bytes": buffer.size_bytes,
            "threads": copy.thread_count,
            "method": copy.method,
        },
        "seconds": time.monotonic() - started,
    }


def _measure_device(engine: Engine, device: Device, request: Request) -> Body:
    started = time.monotonic()
    side, reduced = device_buffer_side(request.params, device, buffers=2)
    source = engine.noise(
        rows=side, columns=side, device=device, dtype="float32", seed=seed_of(request.params)
    )
    body = _sampled(
        request,
        lambda: engine.wait(engine.copy(source)),
        moved_bytes=2 * side * side * FLOAT_BYTES,
        reduced=reduced,
    )
    return {
        **body,
        "device": device.name,
        "params": {"bytes": side * side * FLOAT_BYTES, **product(device)},
        "engine": describe(engine),
        "seconds": time.monotonic() - started,
    }


def _sampled(
    request: Request, copy: Callable[[], None], *, moved_bytes: int, reduced: bool
) -> Body:
    sampled = sample_bandwidth(request, copy, moved_bytes=moved_bytes)
    return {
        "kind": "measurement",
        "exercise": request.exercise,
        "metric": "memory.copy",
        "unit": "gigabytes_per_second",
        **sampled.fields(reduced=reduced),
    }
