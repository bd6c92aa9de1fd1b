"""One keep-alive HTTPS connection of an agent, as a coroutine instead of a thread."""

import asyncio
import asyncio.sslproto
import ssl
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from aiconform.agent.client import FINAL_STATUSES, pause_before

HOST, PORT = "127.0.0.1", 8443
TLS_BUFFER_BYTES = 4 * 1024
CONNECTING_AT_ONCE = 128  # all of the agents' processors are one here


@dataclass
class Network:
    """What all agents of this process share."""

    trust: ssl.SSLContext
    connecting: asyncio.Semaphore
    seen: Counter[str] = field(default_factory=Counter)  # requests by path, and what went wrong

    @classmethod
    def trusting(cls, authority: Path) -> "Network":
        asyncio.sslproto.SSLProtocol.max_size = TLS_BUFFER_BYTES
        context = ssl.create_default_context(cafile=str(authority))
        return cls(context, asyncio.Semaphore(CONNECTING_AT_ONCE))


class Connection:
    """Asks until there is an answer one can act on, as `aiconform.agent.client.Client` does."""

    def __init__(self, network: Network, token: str) -> None:
        self._network, self._token = network, token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str, body: bytes, *, timeout_s: float) -> tuple[int, bytes]:
        """Status, one of `FINAL_STATUSES`, and body."""
        attempt = 0
        while True:
            self._network.seen[path] += 1
            try:
                status, answer = await self._ask_once(path, body, timeout_s=timeout_s)
            except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as exc:
                self._network.seen[f"failed: {type(exc).__name__}"] += 1
                self.close()
            else:
                if status in FINAL_STATUSES:
                    return status, answer
                self._network.seen[f"status {status}"] += 1
            await asyncio.sleep(pause_before(attempt))
            attempt += 1

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _ask_once(self, path: str, body: bytes, *, timeout_s: float) -> tuple[int, bytes]:
        async with self._network.connecting if self._streams is None else asyncio.Lock():
            reader, writer = await self._connected()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {HOST}:{PORT}\r\nAccept-Encoding: identity\r\n"
            f"Content-Length: {len(body)}\r\nAuthorization: Bearer {self._token}\r\n"
            "Content-Type: application/json\r\n\r\n"
        )
        writer.write(head.encode() + body)
        async with asyncio.timeout(timeout_s):
            return await _answer(reader)

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._network.seen["connected"] += 1
            self._streams = await asyncio.open_connection(HOST, PORT, ssl=self._network.trust)
        return self._streams


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status_line, *lines = head.split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    length = int(headers.get("content-length", "0"))
    return int(status_line.split()[1]), await reader.readexactly(length)
