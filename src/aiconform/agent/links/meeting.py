"""
Two sides find each other on a port that anybody may connect to.

Who connects says run, task and a nonce before anything else; the nonce comes from the listening
side and holds for all later connections of the same pair test. A stranger is hung up on.
"""

import contextlib
import hmac
import json
import secrets
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

from aiconform.agent.errors import PairError

MAX_LINE_BYTES = 4096
HELLO_S = 1.0  # a stranger that says nothing must not hold up the peer
CONNECT_S = 10.0
REFUSED_S = 2.0  # the peer's port was open before the barrier: a refusal will not mend itself
ANSWER_S = 10.0


@dataclass(frozen=True)
class Appointment:
    """What both sides know of each other beforehand."""

    run: str
    task: str
    role: Literal["listen", "connect"]
    peer_address: str
    port: int


class Meeting:
    """The control connection of a pair test, and the means to open data connections."""

    def __init__(
        self,
        appointment: Appointment,
        control: socket.socket,
        *,
        nonce: str,
        listener: "socket.socket | None",
    ) -> None:
        self._appointment = appointment
        self._control = control
        self._nonce = nonce
        self._listener = listener

    @property
    def connects(self) -> bool:
        return self._listener is None

    def exchange(
        self, message: Mapping[str, Any], *, timeout_s: float = ANSWER_S
    ) -> "dict[str, Any]":
        """
        Tell the peer something and hear what it tells at the same point: a barrier too.

        Raises:
            PairError: The peer is gone, silent, or tells of its own failure.
        """
        try:
            _send(self._control, message)
            heard = _receive(self._control, timeout_s=timeout_s)
        except (OSError, ValueError) as exc:
            raise PairError(f"the peer fell silent: {exc}") from exc
        if "error" in heard:
            raise PairError(f"the peer broke off: {heard['error']}")
        return heard

    def open_streams(self, turn: str, count: int) -> "list[socket.socket]":
        """
        Fresh connections, in the same order on both sides.

        Raises:
            PairError: They did not come to stand in time.
        """
        if self._listener is None:
            return [self._connect_stream(turn, index) for index in range(count)]
        streams: "dict[int, socket.socket]" = {}
        while len(streams) < count:
            stream, hello = _next_guest(
                self._listener, lambda said: self._is_stream(said, turn), limit_s=ANSWER_S
            )
            streams[int(hello["index"])] = stream
        return [streams[index] for index in sorted(streams)]

    def __enter__(self) -> "Meeting":
        return self

    def __exit__(self, _: object, exc: "BaseException | None", __: "TracebackType | None") -> None:
        if exc is not None:
            with contextlib.suppress(OSError):  # the peer need not wait for its time limit
                _send(self._control, {"error": str(exc)[:500]})
        self._control.close()

    def _connect_stream(self, turn: str, index: int) -> socket.socket:
        stream = _connect(self._appointment)
        _send(stream, {"nonce": self._nonce, "turn": turn, "index": index})
        return stream

    def _is_stream(self, said: Mapping[str, Any], turn: str) -> bool:
        known = hmac.compare_digest(str(said.get("nonce")), self._nonce)
        return known and said.get("turn") == turn and isinstance(said.get("index"), int)


def meet(appointment: Appointment, *, listener: "socket.socket | None") -> Meeting:
    """
    Args:
        listener: The open port of the side that listens.

    Raises:
        PairError: The peer did not come, or could not be reached.
    """
    if listener is None:
        return _meet_by_connecting(appointment)
    control, _ = _next_guest(
        listener, lambda said: _is_peer(said, appointment), limit_s=CONNECT_S + 2.0
    )
    nonce = secrets.token_hex(16)
    _send(control, {"nonce": nonce})
    return Meeting(appointment, control, nonce=nonce, listener=listener)


def _meet_by_connecting(appointment: Appointment) -> Meeting:
    control = _connect(appointment)
    place = f"{appointment.peer_address} port {appointment.port}"
    try:
        _send(control, {"run": appointment.run, "task": appointment.task})
        nonce = str(_receive(control, timeout_s=ANSWER_S)["nonce"])
    except (OSError, ValueError, KeyError) as exc:
        control.close()
        raise PairError(f"{place} is not the peer of this test: {exc}") from exc
    return Meeting(appointment, control, nonce=nonce, listener=None)


def _is_peer(said: Mapping[str, Any], appointment: Appointment) -> bool:
    return said.get("run") == appointment.run and said.get("task") == appointment.task


def _connect(appointment: Appointment) -> socket.socket:
    """
    Raises:
        PairError: Names the peer's address and what happened there.
    """
    place = (appointment.peer_address, appointment.port)
    began = time.monotonic()
    while True:
        passed = time.monotonic() - began
        try:
            found = socket.create_connection(place, timeout=max(0.5, CONNECT_S - passed))
        except OSError as exc:
            patience_s = REFUSED_S if isinstance(exc, ConnectionRefusedError) else CONNECT_S
            if time.monotonic() - began > patience_s - 0.2:
                raise PairError(f"{place[0]} port {place[1]} cannot be reached: {exc}") from exc
            time.sleep(0.2)
        else:
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return found


def _next_guest(
    listener: socket.socket, is_welcome: "Any", *, limit_s: float
) -> "tuple[socket.socket, dict[str, Any]]":
    """The next connection that says the right words."""
    deadline = time.monotonic() + limit_s
    strangers = 0
    while (left := deadline - time.monotonic()) > 0:
        listener.settimeout(left)
        try:
            guest, _ = listener.accept()
        except OSError:
            break
        with contextlib.suppress(OSError, ValueError):
            said = _receive(guest, timeout_s=HELLO_S)
            if is_welcome(said):
                guest.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return guest, said
        strangers += 1
        guest.close()
    unwanted = f"; {strangers} strangers were refused" if strangers else ""
    raise PairError(f"the peer did not connect within {limit_s:g} s{unwanted}")


def _send(connection: socket.socket, message: Mapping[str, Any]) -> None:
    connection.settimeout(ANSWER_S)
    connection.sendall(json.dumps(message).encode() + b"\n")


def _receive(connection: socket.socket, *, timeout_s: float) -> "dict[str, Any]":
    """
    One line. Byte by byte, because what follows it belongs to somebody else.

    Raises:
        ValueError: Not an object of JSON, or too long.
        OSError: Closed or silent.
    """
    deadline = time.monotonic() + timeout_s
    line = b""
    while not line.endswith(b"\n"):
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        byte = connection.recv(1)
        if not byte:
            raise ConnectionError("the connection was closed")
        line += byte
        if len(line) > MAX_LINE_BYTES:
            raise ValueError("a line that is too long")
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("not an object")  # noqa: TRY004 - malformed text, not a wrong call
    return message
