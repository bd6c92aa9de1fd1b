"""What each node exercises alone: which exercises on which level, and how long each may take."""

from dataclasses import dataclass
from typing import Literal

from aiconform.model.plan import RunConfig
from aiconform.model.wire import ExerciseOrder

# What all of it takes, about; the exercises of accelerators end at once where there are none.
EXPECTED_S = {"quick": 15.0, "standard": 30.0, "thorough": 120.0}
EXPECTED_WITH_ACCELERATORS_S = {"quick": 60.0, "standard": 240.0, "thorough": 1200.0}

Level = Literal["quick", "standard", "thorough"]
LEVELS: tuple[Level, ...] = ("quick", "standard", "thorough")


@dataclass(frozen=True)
class Exercise:
    """Something that a node does alone: from which level on, and its share of the time limit."""

    name: str
    probe: Literal["compute", "memory"]
    level: Level
    share: int


# A node without accelerators skips those that are of no use there, within a second.
EXERCISES = (
    Exercise("gemm.known_answer", "compute", "quick", 4),
    Exercise("gemm.rate", "compute", "quick", 4),
    Exercise("memory.copy", "memory", "quick", 3),
    Exercise("memory.triad", "memory", "standard", 2),
    Exercise("gemm.fp32", "compute", "standard", 2),
    Exercise("gemm.fp16", "compute", "standard", 2),
    Exercise("gemm.fp8", "compute", "standard", 2),
    Exercise("memory.pattern", "memory", "standard", 3),
    Exercise("host.h2d", "memory", "standard", 2),
    Exercise("host.d2h", "memory", "standard", 2),
    Exercise("peer.copy", "compute", "standard", 3),
    Exercise("coll.all_reduce", "compute", "standard", 3),
    Exercise("coll.all_gather", "compute", "thorough", 3),
    Exercise("coll.reduce_scatter", "compute", "thorough", 3),
    Exercise("coll.all_to_all", "compute", "thorough", 3),
    Exercise("sustain", "compute", "standard", 5),
    Exercise("train.step", "compute", "standard", 4),
)


def exercise_orders(config: RunConfig) -> tuple[ExerciseOrder, ...]:
    """The exercises that each node does alone, each with its share of the node's time limit."""
    rank = LEVELS.index(config.profile)
    asked = [
        each
        for each in EXERCISES
        if LEVELS.index(each.level) <= rank
        and (config.probes.compute if each.probe == "compute" else config.probes.memory)
    ]
    whole = sum(each.share for each in asked)
    params: dict[str, str | int | float | bool | None] = {"scale": config.profile}
    return tuple(
        ExerciseOrder(
            exercise=each.name, limit_s=config.limits.self_s * each.share / whole, params=params
        )
        for each in asked
    )


def expected_alone_s(config: RunConfig, *, accelerated: bool) -> float:
    """Seconds that a node's own exercises take, about."""
    if not exercise_orders(config):
        return 0.0
    expected = EXPECTED_WITH_ACCELERATORS_S if accelerated else EXPECTED_S
    return min(expected[config.profile], config.limits.self_s)
