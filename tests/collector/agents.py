"""Agents for tests: tokens, records, and a collector that serves over real TLS on this machine."""

import base64
import io
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp

from aiconform.collector import Certificate, Collector, Identity, Limits, TaskBoard
from aiconform.collector.certificate import make_certificate
from aiconform.model.errors import AiconformError
from aiconform.model.records import Delivered, Entry, Refused

RUN = "try"
BOOT = "0123abcd"


def token(name: str, audience: object = ("aiconform",), *, expires: float | None = None) -> str:
    """Shaped like a service account's token; `name` tells tokens apart. `expires`: Unix seconds."""
    end = {} if expires is None else {"exp": expires}
    claims = json.dumps({"aud": audience, "sub": name, **end}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"


def identity(node: str = "node1") -> Identity:
    return Identity(node=node, pod=f"agent-{node}", pod_uid=f"uid-{node}")


def hello(seq: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        "v": 1,
        "run": RUN,
        "node": "node1",
        "boot": BOOT,
        "stream": "inventory",
        "seq": seq,
        "t": 1700000000.5,
        "kind": "hello",
        "agent_version": "1",
        "python": "3.11.7",
        "address": "10.0.0.1",
        **changes,
    }


def end(seq: int, **changes: Any) -> dict[str, Any]:
    record = hello(seq, kind="end", records=seq, **changes)
    for key in ("agent_version", "python", "address"):
        del record[key]
    return record


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


@dataclass
class Served:
    """A collector at work, what it stored, and a client that trusts its certificate."""

    collector: Collector
    board: TaskBoard
    client: aiohttp.ClientSession
    stored: list[Delivered | Refused] = field(default_factory=list)
    failure: AiconformError | None = None

    async def post(
        self, path: str, body: bytes | dict[str, Any], *, who: str | None = "node1", **headers: str
    ) -> tuple[int, Any, aiohttp.ClientResponse]:
        """(status, JSON, response); `who`: the node whose token is sent."""
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        if who is not None:
            headers["Authorization"] = f"Bearer {token(who)}"
        async with self.client.post(path, data=io.BytesIO(data), headers=headers) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None, response

    @property
    def delivered(self) -> list[tuple[str, str, int]]:
        said = [record.record for record in self.stored if isinstance(record, Delivered)]
        return [(record.node, record.stream, record.seq) for record in said]

    @property
    def refused(self) -> list[Refused]:
        return [record for record in self.stored if isinstance(record, Refused)]


def certificate() -> Certificate:
    return make_certificate(
        names=["collector.test"], addresses=["127.0.0.1"], now=datetime.now(UTC)
    )


def trusting(made: Certificate) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=made.ca_pem)
    # What Python 3.13 and newer ask for by default.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@asynccontextmanager
async def serving(
    *, limits: Limits | None = None, entries: Sequence[Entry] = ()
) -> AsyncIterator[Served]:
    """Nodes whose token names them exist; "stranger" does not, and "broken" cannot be asked."""
    made, board = certificate(), TaskBoard()

    async def identify(shown: str) -> Identity | None:
        for node in ("node1", "node2", "node3"):
            if shown == token(node):
                return identity(node)
        if shown == token("broken"):
            raise AiconformError("the API server is silent")
        return None

    async def accept(records: Sequence[Delivered | Refused]) -> None:
        if served.failure is not None:
            raise served.failure
        served.stored.extend(records)

    collector = Collector(
        run=RUN,
        identify=identify,
        accept=accept,
        board=board,
        certificate=made,
        limits=limits or Limits(),
    )
    collector.restore(entries)
    await collector.start(host="127.0.0.1", port=0)
    connector = aiohttp.TCPConnector(ssl=trusting(made))
    url = f"https://127.0.0.1:{collector.port}"
    async with aiohttp.ClientSession(url, connector=connector) as client:
        served = Served(collector=collector, board=board, client=client)
        try:
            yield served
        finally:
            await collector.stop()
