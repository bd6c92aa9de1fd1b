"""What one request met."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Trouble = Literal[
    "dns",  # the name is not known
    "refused",
    "unreachable",  # no route, or the network says no
    "reset",
    "closed",  # the other side closed before its answer was complete
    "timeout",
    "tls",
    "malformed",  # what came is not HTTP/1.1
    "too_large",  # more than the plan takes
    "foreign_answer",  # it tells of another request than ours: a cached or mixed-up answer
    "other",
]
Ended = Literal["count", "streak", "limit", "stopped"]


@dataclass(frozen=True)
class Sample:
    """One request. Times are seconds since it was begun, before any connection was opened."""

    number: int  # from 1, in the order of sending
    began_s: float  # since the start of the load
    connection: int = 0  # which connection of this load carried it; 0: none was made
    kept: bool = False  # the connection had carried an earlier request
    attempts: int = 1  # 2: a kept connection was closed as we sent; sent again on another one
    status: int | None = None
    backend: str | None = None
    pod_uid: str | None = None
    nonce: str | None = None  # the server's
    duration_s: float | None = None  # to the last byte; None: no complete answer
    first_byte_s: float | None = None
    arrivals_s: tuple[float, ...] = ()  # of server-sent events, the closing [DONE] left out
    trouble: Trouble | None = None
    detail: str = ""
    answer: Any = None  # JSON, when the plan keeps answers

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class LoadResult:
    samples: tuple[Sample, ...]  # in the order in which they ended
    ended: Ended
    streak: int  # how long the plan's streak was at the end; 0 without one
    sent_count: int  # more than there are samples when the load ended early
    opened_count: int  # connections
    duration_s: float
