"""The exercises that a node does alone, one after the other, each in its own child process."""

import contextlib
from collections.abc import Mapping, Sequence

from aiconform.agent.counting import Counting
from aiconform.agent.log import Log
from aiconform.agent.probes.supervise import Ending, supervise
from aiconform.agent.records import Stream, evidence, not_run
from aiconform.agent.sampling import Sampling
from aiconform.agent.tasks import ExerciseOrder

EXERCISES = (
    "gemm.known_answer", "gemm.rate", "memory.copy", "memory.triad", "gemm.fp32", "gemm.fp16",
    "gemm.fp8", "memory.pattern", "host.h2d", "host.d2h", "peer.copy", "coll.all_reduce",
    "coll.all_gather", "coll.reduce_scatter", "coll.all_to_all", "sustain", "train.step",
)  # fmt: skip
QUICK = EXERCISES[:3]  # what `local` does when it is not told


def run_exercises(
    orders: Sequence[ExerciseOrder],
    *,
    stream: Stream,
    engine: str,
    counting: Counting,
    environ: Mapping[str, str],
    log: Log,
    sampling: "Sampling | None" = None,
) -> None:
    """
    Every order ends with records, or stands in the stream's end with a reason.

    Args:
        sampling: Looks at the accelerators meanwhile; None where there are none.
    """
    missing = []
    for order in orders:
        log.info("exercise.started", exercise=order.exercise, limit_s=order.limit_s)
        before = counting.look()
        with _sampled(order, sampling, stream):
            ending = _run_one(order, stream=stream, engine=engine, environ=environ)
        if (counted := counting.since(before, about=order.exercise)) is not None:
            stream.add(counted)
        log.info(
            "exercise.ended",
            exercise=order.exercise,
            outcome=ending.outcome,
            reason=ending.reason,
            seconds=round(ending.seconds, 3),
        )
        if ending.outcome != "done":
            missing.append(not_run(order.exercise, ending.outcome, ending.reason))
            if ending.last_words.strip():
                stream.add(evidence(order.exercise, ending.last_words))
    stream.end(missing)


def _sampled(
    order: ExerciseOrder, sampling: "Sampling | None", stream: Stream
) -> "contextlib.AbstractContextManager[None]":
    if sampling is None:
        return contextlib.nullcontext()
    return sampling.beside(order.exercise, limit_s=order.limit_s, publish=stream.add)


def _run_one(
    order: ExerciseOrder, *, stream: Stream, engine: str, environ: Mapping[str, str]
) -> Ending:
    if order.exercise not in EXERCISES:
        return Ending("error", f"this agent knows no exercise {order.exercise}", "", 0.0)
    return supervise(
        order.exercise,
        {"engine": engine, "params": dict(order.params), "limit_s": order.limit_s},
        limit_s=order.limit_s,
        on_body=stream.add,
        environ=environ,
    )
