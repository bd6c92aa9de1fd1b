"""
Collectives over all accelerators of the node: are the sums right, and how much bus bandwidth?

Bus bandwidth is comparable with a link's speed whatever the number of ranks.
Source of the factors: NVIDIA/nccl-tests, doc/PERFORMANCE.md.
"""

import time
from typing import Any, cast

from aiconform.agent.engines.protocol import Collective, CollectiveKind, Device, describe
from aiconform.agent.errors import SkipError
from aiconform.agent.probes.bandwidth import sample_bandwidth
from aiconform.agent.probes.needs import engine_for_accelerators, product, several
from aiconform.agent.probes.request import Emit, Request
from aiconform.agent.probes.sizes import collective_bytes
from aiconform.agent.records import Body

FLOAT_BYTES = 4
ALL = "all"  # how records call the devices of a node together
KINDS = ("all_reduce", "all_gather", "reduce_scatter", "all_to_all")


def bus_factor(kind: str, ranks: int) -> float:
    """What bytes per second are multiplied with to become bus bandwidth."""
    return (2.0 if kind == "all_reduce" else 1.0) * (ranks - 1) / ranks


def measure_collective(request: Request, emit: Emit) -> None:
    """For each size a check and a figure, in gigabytes (1e9) per second on the bus."""
    kind = request.exercise.partition(".")[2]
    if kind not in KINDS:
        raise SkipError(f"this agent knows no collective {kind!r}")
    engine = engine_for_accelerators(request, "group", "collective")
    devices = several(request, engine.group())
    for size_bytes in collective_bytes(request.params, devices[0]):
        if not request.has_time():
            return
        # Whole parts for each rank, of which the ranks send whole parts to each other.
        unit = FLOAT_BYTES * len(devices) ** 2
        even = max(unit, size_bytes // unit * unit)
        collective = engine.collective(
            cast(CollectiveKind, kind), element_count=even // FLOAT_BYTES, devices=devices
        )
        for body in _measure(engine, collective, kind, devices, request, even):
            emit(body)


def _measure(
    engine: Any,
    collective: Collective,
    kind: str,
    devices: "tuple[Device, ...]",
    request: Request,
    size_bytes: int,
) -> "tuple[Body, Body]":
    started = time.monotonic()
    ranks = len(devices)
    collective.run()
    wrong = collective.wrong_count()
    moved_bytes = bus_factor(kind, ranks) * size_bytes
    sampled = sample_bandwidth(request, collective.run, moved_bytes=moved_bytes)
    wrong += collective.wrong_count()
    common = {
        "exercise": request.exercise,
        "device": ALL,
        "params": {"bytes": size_bytes, "ranks": ranks, **product(devices[0])},
        "engine": describe(engine),
    }
    check = {
        **common,
        "kind": "check",
        "ok": wrong == 0,
        "wrong_count": wrong,
        "total_count": 2 * ranks * _result_elements(kind, size_bytes // FLOAT_BYTES, ranks),
        "seed": 0,
        "repeats": 2,
        "repeated": wrong > 0 if wrong else None,
    }
    figure = {
        **common,
        "kind": "measurement",
        "metric": request.exercise,
        "unit": "gigabytes_per_second",
        **sampled.fields(),
        "seconds": time.monotonic() - started,
    }
    return check, figure


def _result_elements(kind: str, elements: int, ranks: int) -> int:
    """On one rank."""
    return elements // ranks if kind == "reduce_scatter" else elements
