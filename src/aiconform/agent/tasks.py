"""The orders that the collector hands out, read from JSON into frozen dataclasses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Union

from aiconform.agent.errors import TaskError


@dataclass(frozen=True)
class ExerciseOrder:
    """One exercise to run, in a child process that is killed after `limit_s`."""

    exercise: str
    limit_s: float
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SelfTask:
    id: str
    exercises: "tuple[ExerciseOrder, ...]"


@dataclass(frozen=True)
class PairTask:
    id: str
    round: int
    peer: str
    role: Literal["listen", "connect"]
    peer_address: str
    port: int
    streams: int
    seconds: float  # per direction
    pings: int
    ready_limit_s: float
    limit_s: float


@dataclass(frozen=True)
class FinishTask:
    id: str


Task = Union[SelfTask, PairTask, FinishTask]


def parse_task(order: Any) -> Task:
    """
    Raises:
        TaskError: A kind or a field that this agent does not know.
    """
    if not isinstance(order, Mapping):
        raise TaskError(f"the order is not an object but {type(order).__name__}")
    try:
        return _PARSERS[order["kind"]](order)
    except KeyError as exc:
        raise TaskError(f"the order lacks, or has an unknown, {exc}") from exc
    except (TypeError, ValueError) as exc:
        raise TaskError(f"the order has a malformed field: {exc}") from exc


def _self_task(order: "Mapping[str, Any]") -> SelfTask:
    exercises = tuple(
        ExerciseOrder(
            exercise=str(each["exercise"]),
            limit_s=float(each["limit_s"]),
            params=dict(each.get("params") or {}),
        )
        for each in order["exercises"]
    )
    return SelfTask(id=str(order["id"]), exercises=exercises)


def _pair_task(order: "Mapping[str, Any]") -> PairTask:
    role = order["role"]
    if role not in ("listen", "connect"):
        raise ValueError(f"role {role!r}")
    return PairTask(
        id=str(order["id"]),
        round=int(order["round"]),
        peer=str(order["peer"]),
        role=role,
        peer_address=str(order["peer_address"]),
        port=int(order["port"]),
        streams=int(order["streams"]),
        seconds=float(order["seconds"]),
        pings=int(order["pings"]),
        ready_limit_s=float(order["ready_limit_s"]),
        limit_s=float(order["limit_s"]),
    )


def _finish_task(order: "Mapping[str, Any]") -> FinishTask:
    return FinishTask(id=str(order["id"]))


_PARSERS: "dict[str, Callable[[Mapping[str, Any]], Task]]" = {
    "self": _self_task,
    "pair": _pair_task,
    "finish": _finish_task,
}
