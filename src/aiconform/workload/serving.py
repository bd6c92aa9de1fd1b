"""
An HTTP server in which each request knows its connection: was it opened for this request, or kept?

Connections, sizes and times are bounded, so that a client may be slow, rude or many and the pod
stays within its memory.
"""

import asyncio
import contextlib
import socket

from aiconform.workload import http1
from aiconform.workload.answering import Handler
from aiconform.workload.connection import Bounds, Connection
from aiconform.workload.errors import NotEnoughError
from aiconform.workload.voice import Voice


class Server:
    def __init__(self, handler: Handler, *, bounds: Bounds | None = None) -> None:
        self.port = 0
        self._handler = handler
        self._bounds = bounds or Bounds()
        self._server: asyncio.Server | None = None
        self._accepted_count = 0
        self._open: dict[asyncio.Task[None], Connection] = {}

    async def start(self, *, host: str | None = None, port: int = 0) -> None:
        """
        Raises:
            NotEnoughError: The port is taken, or the address is not ours.
        """
        listener = listen(host, port)
        self.port = listener.getsockname()[1]
        self._server = await asyncio.start_server(
            self._accept, sock=listener, limit=http1.HEAD_BYTES
        )

    async def stop(self) -> None:
        """Idle connections end at once, requests under way are given a moment."""
        if self._server is not None:
            self._server.close()
        for task, connection in self._open.items():
            connection.last = True
            if connection.idle:
                task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=self._bounds.finish_s)
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._accepted_count += 1
        # asyncio leaves it off for sockets that we made, and chunks would wait for each other.
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(reader, writer, number=self._accepted_count, bounds=self._bounds)
        full = len(self._open) >= self._bounds.connection_count
        task = asyncio.get_running_loop().create_task(
            connection.refuse("too many connections", status=503)
            if full
            else connection.serve(self._handler)
        )
        self._open[task] = connection
        task.add_done_callback(self._open.pop)


async def serve(
    handler: Handler, *, host: str | None, port: int, stop: asyncio.Event, voice: Voice, name: str
) -> None:
    """
    Listen, say so as `<name>.listening`, and answer until `stop` is set.

    Raises:
        NotEnoughError: The port is taken, or the address is not ours.
    """
    server = Server(handler)
    await server.start(host=host, port=port)
    voice.say(f"{name}.listening", port=server.port)
    await stop.wait()
    await server.stop()


def listen(host: str | None, port: int) -> socket.socket:
    """
    A listening socket on that address, or on every address of both IP versions.

    Raises:
        NotEnoughError: The port is taken, or the address is not ours.
    """
    try:
        return _listen(host, port)
    except OSError as exc:
        raise NotEnoughError(f"cannot listen on {host or 'any address'}:{port}: {exc}") from exc


def _listen(host: str | None, port: int) -> socket.socket:
    if host is not None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=512)
    if socket.has_dualstack_ipv6():
        with contextlib.suppress(OSError):  # the kernel knows IPv6, the pod may not
            return socket.create_server(
                ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=512
            )
    return socket.create_server(("", port), backlog=512)
