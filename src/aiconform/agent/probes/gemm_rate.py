"""How fast does each device multiply matrices? 2·n³ operations a call, normal data."""

import time
from typing import Any

from aiconform.agent.engines.choose import make_engine
from aiconform.agent.engines.protocol import Device, describe
from aiconform.agent.probes.multiplication import Multiplication, usual
from aiconform.agent.probes.needs import product
from aiconform.agent.probes.request import Emit, Request
from aiconform.agent.probes.sampling import calls_to_fill, take_samples
from aiconform.agent.probes.sizes import rate_size, repeats_of, sample_s, seed_of
from aiconform.agent.probes.together import at_once
from aiconform.agent.records import Body


def measure_gemm_rate(request: Request, emit: Emit) -> None:
    """One body for each device, all at the same time, in teraflops (1e12 operations) per second."""
    engine = make_engine(str(request.values["engine"]))
    at_once(engine.devices(), lambda d: measure_rate(engine, d, request, usual(d)), emit)


def measure_rate(
    engine: Any, device: Device, request: Request, multiplication: Multiplication
) -> Body:
    """Of one device, in teraflops (1e12 operations) per second."""
    started = time.monotonic()
    params = request.params
    size = rate_size(params, engine, device)
    left, right = multiplication.noise(engine, device, size=size, seed=seed_of(params))
    multiply = multiplication.repeated(engine, left, right)
    calls = calls_to_fill(lambda: multiply(1), seconds=sample_s(params))

    def teraflops_per_second() -> float:
        began = time.perf_counter()
        multiply(calls)
        return 2.0 * size**3 * calls / (time.perf_counter() - began) / 1e12

    sampled = take_samples(
        teraflops_per_second,
        repeats=repeats_of(params),
        has_time=request.has_time,
    )
    return {
        "kind": "measurement",
        "exercise": request.exercise,
        "device": device.name,
        "metric": "gemm.rate",
        "unit": "teraflops_per_second",
        **sampled.fields(),
        "params": {"size": size, "dtype": multiplication.dtype, **product(device)},
        "engine": describe(engine),
        "seconds": time.monotonic() - started,
    }
