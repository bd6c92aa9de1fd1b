"""How fast do bytes go between host and device, in each direction, and do they arrive whole?"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from aiconform.agent.engines.protocol import Array, Device, describe
from aiconform.agent.inventory.read import Tree
from aiconform.agent.probes.bandwidth import sample_bandwidth
from aiconform.agent.probes.near import address_of, bound_to, near_cores
from aiconform.agent.probes.needs import accelerators, engine_for_accelerators, product
from aiconform.agent.probes.request import Emit, Request
from aiconform.agent.probes.sampling import Sampled
from aiconform.agent.probes.sizes import host_link_bytes, seed_of
from aiconform.agent.probes.together import at_once
from aiconform.agent.records import Body

UPLOAD = "host.h2d"


def measure_host_link(request: Request, emit: Emit) -> None:
    """
    One body for each accelerator, all at the same time, in gigabytes (1e9) per second.

    `host.h2d` is to the device, `host.d2h` from it. The best of the sizes counts.
    """
    engine = engine_for_accelerators(request, "host_buffer", "upload", "download")
    devices = accelerators(request, engine.devices())
    at_once(devices, lambda device: _measure(engine, device, request), emit)


# The engine is one with the verbs of HostLinkEngine; `engine_for_accelerators` has seen to it.
def _measure(engine: "Array", device: Device, request: Request) -> Body:
    """The buffer is made on the bound thread too: memory comes from where it is first written."""
    started = time.monotonic()
    tree = Tree(Path(str(request.values.get("root", "/"))))
    cores = near_cores(tree, address_of(engine, device), os.sched_getaffinity(0))
    sizes = host_link_bytes(request.params)
    with bound_to(cores) as bound:
        measured = {size: _sampled(engine, device, request, size) for size in sizes}
    best = max(measured, key=lambda size: measured[size].statistic.median)
    return {
        "kind": "measurement",
        "exercise": request.exercise,
        "device": device.name,
        "metric": request.exercise,
        "unit": "gigabytes_per_second",
        **measured[best].fields(),
        "params": {
            "bytes": best,
            "pinned": bool(engine.pinned),
            **({"numa": "near"} if bound else {}),
            **product(device),
        },
        "engine": describe(engine),
        "seconds": time.monotonic() - started,
    }


def _sampled(engine: "Array", device: Device, request: Request, size_bytes: int) -> Sampled:
    buffer = engine.host_buffer(size_bytes, device=device, seed=seed_of(request.params))
    there = engine.upload(buffer, device)
    engine.wait(there)
    copy: "Callable[[], Array]" = (
        (lambda: engine.upload(buffer, device))
        if request.exercise == UPLOAD
        else (lambda: engine.download(there))
    )
    return sample_bandwidth(request, lambda: engine.wait(copy()), moved_bytes=size_bytes)
