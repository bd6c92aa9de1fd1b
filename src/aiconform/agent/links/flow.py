"""
Bulk transfer over several connections, one process for each, because threads would share a lock.

The sender stops after its time and closes its half; the receiver counts until the end, by its own
clock from first to last byte. So buffers on the way, however deep, do not blur the rate, and both
ends must agree on the bytes.
"""

import contextlib
import multiprocessing
import os
import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection

from aiconform.agent.errors import PairError
from aiconform.agent.links.tcp_info import retransmits, segments

SOURCE_BYTES = 16 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
BUFFER_BYTES = 1024 * 1024
# No more than this waits unsent in a socket: on a slow link it must drain soon after the end.
UNSENT_BYTES = 256 * 1024


@dataclass(frozen=True)
class Flow:
    """One direction over all connections. Segments, and those sent again: of the sender alone."""

    bytes: int
    seconds: float
    retransmits: "int | None" = None
    segments: "int | None" = None

    @property
    def gbit_per_s(self) -> "float | None":
        return self.bytes * 8 / self.seconds / 1e9 if self.seconds > 0 and self.bytes else None


@dataclass(frozen=True)
class _Part:
    """What one connection did; times are of the machine's monotonic clock."""

    bytes: int
    began: float
    ended: float
    retransmits: "int | None" = None
    segments: "int | None" = None


def send(streams: Sequence[socket.socket], *, seconds: float, limit_s: float) -> Flow:
    """
    Send as fast as it goes for `seconds`, then wait until the receiver has it all.

    Raises:
        PairError: A connection broke, or it was not all taken within `limit_s`.
    """
    with _source() as source:
        return _in_processes(
            [partial(_send_one, stream, source, seconds=seconds) for stream in streams],
            limit_s=limit_s,
        )


def receive(streams: Sequence[socket.socket], *, limit_s: float) -> Flow:
    """
    Take what comes until the sender closes.

    Raises:
        PairError: A connection broke, or did not end within `limit_s`.
    """
    return _in_processes([partial(_receive_one, stream) for stream in streams], limit_s=limit_s)


def _send_one(stream: socket.socket, source: int, *, seconds: float) -> _Part:
    stream.settimeout(None)
    with contextlib.suppress(OSError, AttributeError):  # an older kernel has deeper buffers
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    began = time.monotonic()
    sent = 0
    while time.monotonic() - began < seconds:
        offset = sent % (SOURCE_BYTES - CHUNK_BYTES)
        sent += os.sendfile(stream.fileno(), source, offset, CHUNK_BYTES)
    stream.shutdown(socket.SHUT_WR)
    stream.recv(1)  # the receiver closes when it has read all
    return _Part(sent, began, time.monotonic(), retransmits(stream), segments(stream))


def _receive_one(stream: socket.socket) -> _Part:
    stream.settimeout(None)
    buffer = bytearray(BUFFER_BYTES)
    select.select([stream], [], [])
    began = ended = time.monotonic()
    received = 0
    while got := stream.recv_into(buffer):
        received += got
        ended = time.monotonic()
    stream.close()
    return _Part(received, began, ended)


def _in_processes(works: "Sequence[Callable[[], _Part]]", *, limit_s: float) -> Flow:
    deadline = time.monotonic() + limit_s
    workers = [_start(work) for work in works]
    try:
        parts = [_result(pipe, deadline=deadline, limit_s=limit_s) for _, pipe in workers]
    finally:
        for process, pipe in workers:
            process.kill()
            process.join()
            pipe.close()
    return Flow(
        bytes=sum(part.bytes for part in parts),
        seconds=max(part.ended for part in parts) - min(part.began for part in parts),
        retransmits=_sum([part.retransmits for part in parts]),
        segments=_sum([part.segments for part in parts]),
    )


def _sum(counts: "Sequence[int | None]") -> "int | None":
    """None when one is not known: a part would be taken for the whole."""
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _start(work: "Callable[[], _Part]") -> "tuple[multiprocessing.context.ForkProcess, Connection]":
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_work, args=(work, theirs), daemon=True
    )
    process.start()
    theirs.close()
    return process, ours


def _work(work: "Callable[[], _Part]", pipe: Connection) -> None:
    try:
        pipe.send(work())
    except OSError as exc:
        pipe.send(exc)


def _result(pipe: Connection, *, deadline: float, limit_s: float) -> _Part:
    if not pipe.poll(max(0.0, deadline - time.monotonic())):
        raise PairError(f"a stream stalled: it was not through after {limit_s:.1f} s")
    try:
        result = pipe.recv()
    except EOFError as exc:
        raise PairError("a stream's process died") from exc
    if isinstance(result, OSError):
        raise PairError(f"a stream broke: {result}") from result
    part: _Part = result
    return part


@contextlib.contextmanager
def _source() -> "Iterator[int]":
    """Random bytes in memory that sendfile can read, so that nothing on the way compresses them."""
    descriptor = os.memfd_create("aiconform-source")
    try:
        block = os.urandom(1024 * 1024)
        for _ in range(SOURCE_BYTES // len(block)):
            os.write(descriptor, block)
        yield descriptor
    finally:
        os.close(descriptor)
