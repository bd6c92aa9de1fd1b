"""
Does each accelerator multiply numbers of another kind right, and how fast?

`gemm.fp32`, `gemm.fp16` and `gemm.fp8`, beside the bfloat16 of `gemm.rate`. Every partial sum of
the known product fits into each of these kinds, so one wrong element is corruption here too.
"""

from typing import cast

from aiconform.agent.engines.protocol import Precision
from aiconform.agent.probes.gemm_rate import measure_rate
from aiconform.agent.probes.known_answer import check_product
from aiconform.agent.probes.multiplication import Multiplication
from aiconform.agent.probes.needs import accelerators, engine_for_accelerators
from aiconform.agent.probes.request import Emit, Request
from aiconform.agent.probes.together import at_once


def exercise_precision(request: Request, emit: Emit) -> None:
    """
    A check of each accelerator, then a figure of each, those all at the same time.

    Raises:
        SkipError: There is no accelerator, or one that does not multiply such numbers by itself.
    """
    precision = cast(Precision, request.exercise.partition(".")[2])
    engine = engine_for_accelerators(request, "number_type", "matmul_transposed")
    devices = accelerators(request, engine.devices())
    by_device = {d: Multiplication(engine.number_type(precision, d)) for d in devices}
    for device, multiplication in by_device.items():
        emit(check_product(engine, device, request, multiplication))
    at_once(devices, lambda d: measure_rate(engine, d, request, by_device[d]), emit)
