"""Round trips of small messages: how long one side waits for the other."""

import socket
import statistics
import time
from dataclasses import dataclass

from aiconform.agent.errors import PairError

MESSAGE_BYTES = 64
WARM_UP = 200
SILENCE_S = 5.0


@dataclass(frozen=True)
class RoundTrips:
    count: int
    seconds: float
    p50_us: float
    p99_us: float


def ping(connection: socket.socket, *, count: int, limit_s: float) -> "RoundTrips | None":
    """
    Timed round trips after a warm-up, at most `limit_s` altogether; None when none was timed.

    Raises:
        PairError: The peer does not echo.
    """
    connection.settimeout(SILENCE_S)
    message = b"\x5a" * MESSAGE_BYTES
    deadline = time.perf_counter() + limit_s
    times_s: "list[float]" = []
    try:
        for _ in range(min(WARM_UP, count)):
            _round_trip(connection, message)
        while len(times_s) < count and time.perf_counter() < deadline:
            times_s.append(_round_trip(connection, message))
        connection.shutdown(socket.SHUT_WR)
    except OSError as exc:
        raise PairError(f"no echo after {len(times_s)} round trips: {exc}") from exc
    return _summary(times_s) if times_s else None


def echo(connection: socket.socket) -> None:
    """
    Send back what comes, until the peer has enough.

    Raises:
        PairError: The peer falls silent without a goodbye.
    """
    connection.settimeout(SILENCE_S)
    try:
        while message := connection.recv(MESSAGE_BYTES):
            connection.sendall(message)
    except OSError as exc:
        raise PairError(f"the peer's round trips broke off: {exc}") from exc


def _round_trip(connection: socket.socket, message: bytes) -> float:
    began = time.perf_counter()
    connection.sendall(message)
    missing = len(message)
    while missing:
        got = len(connection.recv(missing))
        if not got:
            raise ConnectionError("the connection was closed")
        missing -= got
    return time.perf_counter() - began


def _summary(times_s: "list[float]") -> RoundTrips:
    ordered = sorted(times_s)
    return RoundTrips(
        count=len(ordered),
        seconds=sum(ordered),
        p50_us=statistics.median(ordered) * 1e6,
        p99_us=ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1e6,
    )
