"""
Does a small training work? A transformer over all devices of the node, and what must hold for it.

The loss falls, the same seed gives the same losses bit for bit, and all devices hold the same
parameters. The figure is tokens per second; how much of the peak that is, is for the judge.
"""

import math
import statistics
import time
from collections.abc import Sequence
from typing import Any

from aiconform.agent.engines.protocol import Device, TrainShape, describe
from aiconform.agent.errors import SkipError
from aiconform.agent.probes.needs import accelerators, engine_for_accelerators, product
from aiconform.agent.probes.request import Emit, Request
from aiconform.agent.probes.sampling import Sampled, summarise
from aiconform.agent.probes.sizes import scale_of, seed_of
from aiconform.agent.records import Body, sentence

ALL = "all"
LEARNT = 0.7  # of the loss of one who guesses
LAST, REPEATED, WARM_UP = 5, 5, 10
KEEP_FREE = 0.3  # of the time limit: the repeat and its compilation come after
SMALL = TrainShape(
    width=64, layers=2, heads=4, sequence=32, vocabulary=64, batch=8, steps=60,
    dtype="float32", learning_rate=1e-2,
)  # fmt: skip
WHOLE = TrainShape(
    width=1024, layers=8, heads=16, sequence=1024, vocabulary=8192, batch=8, steps=60,
    dtype="bfloat16", learning_rate=1e-3,
)  # fmt: skip


def exercise_training(request: Request, emit: Emit) -> None:
    """One check and one figure for all devices together."""
    engine = engine_for_accelerators(request, "group", "trainer")
    devices = accelerators(request, engine.group())
    small = devices[0].kind == "cpu" or scale_of(request.params) == "tiny"
    for body in _train(engine, devices, SMALL if small else WHOLE, request):
        emit(body)


def faults(
    losses: Sequence[float],
    repeated: Sequence[float],
    checksums: Sequence[Sequence[int]],
    *,
    vocabulary: int,
) -> "list[str]":
    """
    What does not hold, in words.

    Args:
        losses: Shape (steps,).
        repeated: Shape (REPEATED,): the first losses, of a second training with the same seed.
        checksums: Shape (times, devices).
    """
    found = []
    if not all(math.isfinite(loss) for loss in losses):
        found.append("the loss is not finite")
    elif statistics.mean(losses[-LAST:]) >= LEARNT * math.log(vocabulary):
        found.append(f"the loss fell from {losses[0]:.3g} to {losses[-1]:.3g} only")
    if list(repeated) != list(losses[: len(repeated)]):
        found.append("the same seed gave other losses")
    for sums in checksums:
        if len(set(sums)) > 1:
            usual = statistics.mode(sums)
            odd = [str(rank) for rank, each in enumerate(sums) if each != usual]
            found.append(f"parameters differ on device {', '.join(odd)}")
            break
    return found


def _train(
    engine: Any, devices: "tuple[Device, ...]", shape: TrainShape, request: Request
) -> "tuple[Body, Body]":
    started = time.monotonic()
    seed = seed_of(request.params)
    trainer = engine.trainer(devices, shape, seed=seed)
    losses: "list[float]" = []
    seconds: "list[float]" = []
    checksums = []
    for count in range(1, shape.steps + 1):
        if not request.has_time(KEEP_FREE):
            raise SkipError(f"only {count - 1} of {shape.steps} steps fit into the time limit")
        began = time.perf_counter()
        losses.append(trainer.step())
        seconds.append(time.perf_counter() - began)
        if count % (shape.steps // 3) == 0:
            checksums.append(trainer.checksums())
    again = engine.trainer(devices, shape, seed=seed)
    repeated = [again.step() for _ in range(REPEATED)]
    wrong = faults(losses, repeated, checksums, vocabulary=shape.vocabulary)
    params: "dict[str, Any]" = {
        "width": shape.width,
        "layers": shape.layers,
        "dtype": shape.dtype,
        "ranks": len(devices),
        **product(devices[0]),
    }
    common = {
        "exercise": request.exercise,
        "device": ALL,
        "params": params,
        "engine": describe(engine),
    }
    tokens = shape.batch * shape.sequence * len(devices)
    rates = summarise([tokens / each for each in seconds[WARM_UP:]])
    check = {
        **common,
        "kind": "check",
        "ok": not wrong,
        "wrong_count": len(wrong),
        "total_count": 3,
        "seed": seed,
        "repeats": 2,
        "repeated": bool(wrong) or None,
        "detail": sentence("; ".join(wrong)),
    }
    figure = {
        **common,
        "kind": "measurement",
        "metric": "train.tokens",
        "unit": "tokens_per_second",
        **Sampled(rates, noisy=rates.mad > 0.05 * rates.median, cut_short=False).fields(),
        "params": {**params, "flops_per_token": shape.flops_per_token},
        "seconds": time.monotonic() - started,
    }
    return check, figure
