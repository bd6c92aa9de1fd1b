"""One transfer over TCP between two addresses that were named, and no others."""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from aiconform.workload.errors import RefusedError
from aiconform.workload.files import name_of

CHUNK_BYTES = 256 * 1024
MOST_BYTES = 16 * 2**30
SOCKET_S = 30.0  # for any one step of a transfer


@dataclass
class Receiver:
    """
    Takes one transfer whose first line is the word; others are cut off.

    Attributes:
        port: Where it listens, at the address that was asked for.
    """

    word: str
    server: socket.socket
    port: int = 0
    bytes: int = 0
    peer: "str | None" = None
    seconds: "float | None" = None
    done: bool = False
    strangers: int = 0
    _thread: "threading.Thread | None" = field(default=None, repr=False)

    @classmethod
    def at(cls, address: str, word: str) -> "Receiver":
        """
        Raises:
            RefusedError: It is no address of this container.
        """
        try:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            server = socket.create_server((address, 0), family=family)
        except OSError as exc:
            raise RefusedError(f"cannot listen at {address}: {exc}") from exc
        made = cls(word, server, port=server.getsockname()[1])
        made._thread = threading.Thread(target=made._serve, daemon=True)
        made._thread.start()
        return made

    def facts(self) -> "dict[str, Any]":
        return {
            "port": self.port, "bytes": self.bytes, "peer": self.peer, "seconds": self.seconds,
            "done": self.done, "strangers": self.strangers,
        }  # fmt: skip

    def close(self) -> None:
        """Give up waiting; a transfer that is under way goes on."""
        with contextlib.suppress(OSError):  # closed already
            self.server.shutdown(socket.SHUT_RDWR)  # else the waiting thread keeps the port
        self.server.close()

    def _serve(self) -> None:
        while not self.done:
            try:
                connection, peer = self.server.accept()
            except OSError:
                return  # closed
            with connection:
                connection.settimeout(SOCKET_S)
                try:
                    self._take(connection, str(peer[0]))
                except OSError:
                    continue
        self.server.close()

    def _take(self, connection: socket.socket, peer: str) -> None:
        greeting = f"{self.word}\n".encode()
        said = b""
        while len(said) < len(greeting) and (more := connection.recv(len(greeting) - len(said))):
            said += more
        if said != greeting:
            self.strangers += 1
            return
        self.peer, began = peer, time.monotonic()
        buffer = bytearray(CHUNK_BYTES)
        while count := connection.recv_into(buffer):
            self.bytes += count
        self.seconds, self.done = time.monotonic() - began, True


def send(*, source: str, to: str, port: int, count: int, word: str) -> "dict[str, Any]":
    """
    Send so many bytes from one address to another; `error` is an errno's name.

    Binding to an address does not choose the way that packets take: the interfaces' counters tell.
    """
    began, sent = time.monotonic(), 0
    error: str | None = None
    chunk = memoryview(bytes(CHUNK_BYTES))
    try:
        with socket.create_connection((to, port), SOCKET_S, source_address=(source, 0)) as out:
            out.sendall(f"{word}\n".encode())
            while sent < count:
                part = chunk[: min(CHUNK_BYTES, count - sent)]
                out.sendall(part)
                sent += len(part)
    except TimeoutError:
        error = "TIMEOUT"
    except OSError as exc:
        error = name_of(exc)
    return {"bytes": sent, "seconds": time.monotonic() - began, "error": error}
