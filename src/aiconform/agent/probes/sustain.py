"""
Does a device keep its rate under lasting load? Matrices on all devices, a sample each second.

`sustain.drift` is the rate of the last fifth of the time over that of a fifth at the beginning,
after warming up: 1 for a device that keeps its pace, less for one that is throttled.
"""

import statistics
import time
from collections.abc import Sequence
from typing import Any

from aiconform.agent.engines.protocol import Device, describe
from aiconform.agent.errors import SkipError
from aiconform.agent.probes.multiplication import usual
from aiconform.agent.probes.needs import accelerators, engine_for_accelerators, product
from aiconform.agent.probes.request import Emit, Request
from aiconform.agent.probes.sampling import calls_to_fill, summarise
from aiconform.agent.probes.sizes import rate_size, seed_of, sustain_s
from aiconform.agent.probes.together import at_once
from aiconform.agent.records import Body

SAMPLES = 60  # of the whole time; none longer than a second
WARM_UP_SHARE = 1 / 6
SHARE = 0.2
FEWEST_SAMPLES = 6


def measure_sustained_load(request: Request, emit: Emit) -> None:
    """One body for each accelerator, all at the same time."""
    engine = engine_for_accelerators(request)
    devices = accelerators(request, engine.devices())
    at_once(devices, lambda device: _measure(engine, device, request), emit)


def drift_samples(rates: Sequence[float]) -> "list[float]":
    """
    The last samples over the median of the early ones.

    Args:
        rates: Shape (n,), in the order of time, n >= FEWEST_SAMPLES.
    """
    warm = rates[int(len(rates) * WARM_UP_SHARE) :]
    part = max(2, int(len(warm) * SHARE))
    early = statistics.median(warm[:part])
    return [rate / early for rate in warm[-part:]]


def _measure(engine: Any, device: Device, request: Request) -> Body:
    started = time.monotonic()
    params = request.params
    size = rate_size(params, engine, device)
    seconds = sustain_s(params, left_s=request.left_s())
    multiplication = usual(device)
    left, right = multiplication.noise(engine, device, size=size, seed=seed_of(params))
    multiply = multiplication.repeated(engine, left, right)
    sample = min(1.0, seconds / SAMPLES)
    calls = calls_to_fill(lambda: multiply(1), seconds=sample)
    rates: "list[float]" = []
    until = time.monotonic() + seconds

    def wanted() -> bool:
        # A busy machine may take far longer for a sample than was reckoned before the start.
        too_few = len(rates) < FEWEST_SAMPLES
        return time.monotonic() < until or (too_few and request.has_time())

    while wanted():
        began = time.perf_counter()
        multiply(calls)
        rates.append(2.0 * size**3 * calls / (time.perf_counter() - began) / 1e12)
    if len(rates) < FEWEST_SAMPLES:
        raise SkipError(f"{device.name}: only {len(rates)} samples in {seconds:.0f} s")
    found = summarise(drift_samples(rates))
    return {
        "kind": "measurement",
        "exercise": request.exercise,
        "device": device.name,
        "metric": "sustain.drift",
        "unit": "ratio",
        "value": found.median,
        "statistic": vars(found),
        "params": {
            "size": size,
            "dtype": multiplication.dtype,
            "scale": str(params.get("scale", "quick")),
            **product(device),
        },
        "engine": describe(engine),
        "seconds": time.monotonic() - started,
    }
