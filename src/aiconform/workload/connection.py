"""One connection of a server: its requests one after another, within bounds of size and time."""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from aiconform.workload import http1
from aiconform.workload.answering import Handler, Request, Response, problem_response
from aiconform.workload.errors import CutError, MessageError, RefusedError

LINGER_S = 1.0
LINGER_BYTES = 1024 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Bounds:
    connection_count: int = 512
    body_bytes: int = 256 * 1024
    idle_s: float = 300.0  # longer than proxies keep theirs, or we close as they send
    head_s: float = 10.0
    body_s: float = 30.0
    write_s: float = 30.0
    finish_s: float = 2.0  # what requests under way are given at the end


class Connection:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        number: int,
        bounds: Bounds,
    ) -> None:
        self.idle = True
        self.last = False  # close after the current request
        self._reader = reader
        self._writer = writer
        self._number = number
        self._bounds = bounds

    async def serve(self, handler: Handler) -> None:
        try:
            await self._serve_requests(handler)
        except MessageError as exc:
            await self.refuse(str(exc), status=exc.status)
        except CutError:
            self._reset()
        except OSError:  # a time-out too: the client gets no more of it
            self._writer.transport.abort()
        finally:
            await self._close()

    async def refuse(self, problem: str, *, status: int) -> None:
        """Answer, and see that the answer arrives although not all was read that was sent."""
        self.last = True
        with contextlib.suppress(OSError):
            await self._write(problem_response(problem, status=status), None)
            self._writer.write_eof()
            async with asyncio.timeout(LINGER_S):
                left = LINGER_BYTES
                while left > 0 and (piece := await self._reader.read(http1.PIECE_BYTES)):
                    left -= len(piece)
        await self._close()

    async def _serve_requests(self, handler: Handler) -> None:
        kept = False
        while not self.last:
            request = await self._read(kept=kept)
            if request is None:
                return
            if "close" in request.head.words("connection") or _is_old(request):
                self.last = True
            try:
                response = await handler(request)
            except RefusedError as exc:
                response = problem_response(str(exc), status=400)
            await self._write(response, request)
            kept = self.idle = True

    async def _read(self, *, kept: bool) -> Request | None:
        """None: the client is gone, or has been silent for too long."""
        try:
            async with asyncio.timeout(self._bounds.idle_s):
                begun = await self._reader.read(1)
        except TimeoutError:
            return None
        if not begun:
            return None
        self.idle = False
        async with asyncio.timeout(self._bounds.head_s):
            head = await http1.read_head(self._reader, begun=begun)
        if head is None:
            return None
        method, target, version = head.first
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            raise MessageError(f"{version[:20]!r} is not spoken here", status=505)
        if version == "HTTP/1.1" and len(head.all("host")) != 1:
            raise MessageError("exactly one Host header is needed")
        path, query = parse_target(target)
        return Request(
            method=method,
            path=path,
            query=query,
            head=head,
            body=await self._read_body(head),
            connection=self._number,
            kept=kept,
        )

    async def _read_body(self, head: http1.Head) -> bytes:
        framing = http1.framing_of(head, otherwise=0)
        if framing and "100-continue" in head.words("expect"):
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = bytearray()
        async with asyncio.timeout(self._bounds.body_s):
            async for piece in http1.read_pieces(
                self._reader, framing, limit_bytes=self._bounds.body_bytes
            ):
                body += piece
        return bytes(body)

    async def _write(self, response: Response, request: Request | None) -> None:
        chunked = not isinstance(response.body, bytes) and not (request and _is_old(request))
        head = _encode_head(response, chunked=chunked, close=self.last)
        if request is not None and request.method == "HEAD":
            self._writer.write(head)
            await self._drain()
        elif isinstance(response.body, bytes):
            self._writer.write(head + response.body)
            await self._drain()
        else:
            self._writer.write(head)
            async for piece in response.body:
                self._writer.write(http1.encode_chunk(piece) if chunked else piece)
                await self._drain()
            self._writer.write(b"0\r\n\r\n" if chunked else b"")
            await self._drain()

    async def _drain(self) -> None:
        async with asyncio.timeout(self._bounds.write_s):
            await self._writer.drain()

    def _reset(self) -> None:
        """End with a TCP reset, which no client takes for an answer."""
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._writer.transport.abort()

    async def _close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


def parse_target(target: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """
    Path and query of a request's second word, which proxies may send as a whole URL.

    Raises:
        MessageError: It cannot be read, or has more than 100 parameters.
    """
    try:
        if not target.startswith("/"):
            parts = urlsplit(target)
            target = f"{parts.path or '/'}?{parts.query}"
        path, _, query = target.partition("?")
        return path, tuple(parse_qsl(query, keep_blank_values=True, max_num_fields=100))
    except ValueError as exc:
        raise MessageError(f"the target cannot be read: {exc}") from exc


def _is_old(request: Request) -> bool:
    return request.head.first[2] == "HTTP/1.0"


def _encode_head(response: Response, *, chunked: bool, close: bool) -> bytes:
    headers = list(response.headers)
    if chunked:
        headers.append(("Transfer-Encoding", "chunked"))
    elif isinstance(response.body, bytes):
        headers.append(("Content-Length", str(len(response.body))))
    if close:
        headers.append(("Connection", "close"))
    phrase = HTTPStatus(response.status).phrase
    return http1.encode_head(f"HTTP/1.1 {response.status} {phrase}", headers)
