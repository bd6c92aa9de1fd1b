"""One TCP connection to a server, and one request over it."""

import asyncio
import ssl
import time
from dataclasses import dataclass, field

from aiconform.workload import http1
from aiconform.workload.errors import MessageError
from aiconform.workload.load.plan import LoadPlan, PlanError

CLOSING_S = 1.0


@dataclass
class Wire:
    """An open connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int = 0  # in the order of opening
    used: bool = False  # it has carried a request

    async def close(self) -> None:
        self.writer.close()
        try:
            async with asyncio.timeout(CLOSING_S):
                await self.writer.wait_closed()
        except OSError:  # a time-out too: TLS waits for the other side's farewell
            self.abort()

    def abort(self) -> None:
        self.writer.transport.abort()


@dataclass
class Answer:
    """As much of an answer as has come; a time-out does not lose it."""

    status: int | None = None
    head: http1.Head | None = None
    pieces: list[tuple[float, bytes]] = field(default_factory=list)  # monotonic time, bytes
    first_byte_at: float | None = None
    reusable: bool = False

    @property
    def body(self) -> bytes:
        return b"".join(piece for _, piece in self.pieces)


async def open_wire(plan: LoadPlan, *, tls: ssl.SSLContext | None) -> Wire:
    """
    Raises:
        OSError: No connection; its class says why.
    """
    target = plan.target
    reader, writer = await asyncio.open_connection(
        target.address,
        target.port,
        ssl=tls,
        server_hostname=_without_port(target.host) if tls else None,
        limit=http1.HEAD_BYTES,
    )
    return Wire(reader, writer)


async def exchange(wire: Wire, plan: LoadPlan, *, request_id: str, answer: Answer) -> None:
    """
    Send one request and fill `answer` with what comes.

    Raises:
        MessageError: What came is no HTTP/1.1, is too large (status 413) or was cut short.
        ConnectionError: The other side closed or reset before anything came.
    """
    wire.used = True
    wire.writer.write(encode_request(plan, request_id))
    await wire.writer.drain()
    head = await _final_head(wire.reader, answer)
    answer.head, answer.status = head, _status_of(head)
    framing = _framing(head, method=plan.method, status=answer.status)
    async for piece in http1.read_pieces(wire.reader, framing, limit_bytes=plan.answer_bytes):
        answer.pieces.append((time.monotonic(), piece))
    answer.reusable = (
        framing != "until close"
        and head.first[0] == "HTTP/1.1"
        and "close" not in head.words("connection")
    )


def encode_request(plan: LoadPlan, request_id: str) -> bytes:
    target = plan.target
    headers = [("Host", target.host), *plan.headers, ("x-aiconform-request", request_id)]
    if plan.body or plan.method in ("POST", "PUT", "PATCH"):
        headers.append(("Content-Length", str(len(plan.body))))
    if plan.connections == "new":
        headers.append(("Connection", "close"))
    return http1.encode_head(f"{plan.method} {target.path} HTTP/1.1", headers) + plan.body


async def _final_head(reader: asyncio.StreamReader, answer: Answer) -> http1.Head:
    """The head that is no 1xx."""
    for _ in range(10):
        begun = await reader.read(1)
        if not begun:
            raise ConnectionAbortedError("closed before the answer")
        answer.first_byte_at = answer.first_byte_at or time.monotonic()
        head = await http1.read_head(reader, begun=begun)
        if head is not None and not 100 <= _status_of(head) < 200:
            return head
    raise MessageError("more than ten interim answers")


def _status_of(head: http1.Head) -> int:
    version, status, _ = head.first
    if version not in ("HTTP/1.1", "HTTP/1.0") or len(status) != 3 or not status.isdecimal():
        raise MessageError(f"no HTTP/1.1 answer: {' '.join(head.first)[:80]!r}")
    return int(status)


def _framing(head: http1.Head, *, method: str, status: int) -> http1.Framing:
    if method == "HEAD" or status in (204, 304):
        return 0
    return http1.framing_of(head, otherwise="until close")


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def tls_context(plan: LoadPlan) -> ssl.SSLContext | None:
    """
    Raises:
        PlanError: The CA file cannot be read.
    """
    if not plan.target.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=plan.ca_file)
    except (OSError, ssl.SSLError) as exc:
        raise PlanError(f"the CA file {plan.ca_file} cannot be read: {exc}") from exc
    if not plan.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
