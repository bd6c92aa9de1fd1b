"""Where the other ranks are: by name, by address, or found behind a headless Service."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aiconform.workload.errors import WorkloadError

DEFAULT_PORT = 29400


class PeerError(WorkloadError):
    """A peer's address cannot be understood."""


@dataclass(frozen=True)
class Place:
    """Where a rank should be; `rank` None: whoever answers there says which rank it is."""

    host: str
    port: int
    rank: int | None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Peers(Protocol):
    async def places(self) -> Sequence[Place]:
        """
        Raises:
            OSError: The name service does not know them (yet).
        """


class KnownPeers:
    def __init__(self, places: Sequence[Place]) -> None:
        self._places = tuple(places)

    async def places(self) -> Sequence[Place]:
        return self._places


class ServicePeers:
    """The addresses of a headless Service; it must publish pods that are not ready."""

    def __init__(self, name: str, port: int) -> None:
        self._name, self._port = name, port

    async def places(self) -> Sequence[Place]:
        found = await asyncio.get_running_loop().getaddrinfo(
            self._name, self._port, type=socket.SOCK_STREAM
        )
        hosts = sorted({str(address[0]) for *_, address in found})
        return [Place(host, self._port, None) for host in hosts]


def parse_place(text: str, *, rank: int) -> Place:
    """
    HOST, HOST:PORT, an IPv6 address as it is, or [ADDRESS]:PORT.

    Raises:
        PeerError: None of these.
    """
    host, port = text, ""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    if not host or (port and not port.isdecimal()) or int(port or DEFAULT_PORT) > 65535:
        raise PeerError(f"{text!r} is not of the form HOST[:PORT]")
    return Place(host, int(port or DEFAULT_PORT), rank)
