"""An HTTPS server that answers what a test tells it to, and remembers what it was asked."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiconform.agent.client import Client
from aiconform.collector import make_certificate
from tests.agent.support import silent_log


@dataclass(frozen=True)
class Asked:
    path: str
    body: bytes
    token: str
    connection: int  # the client's port: equal for requests over one connection


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeCollector:
    """`reply` decides each answer; the default acknowledges nothing."""

    address: str
    ca: Path
    token: Path
    asked: list[Asked] = field(default_factory=list)
    reply: Callable[[Asked], Reply] = lambda _: Reply(body={})
    pauses: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    clients: list[Client] = field(default_factory=list)

    def client(self) -> Client:
        """One that does not wait in earnest: its pauses are noted."""
        client = Client(
            self.address,
            ca=self.ca,
            token=self.token,
            log=silent_log(),
            stop=self.stop,
            pause=self.pauses.append,
        )
        self.clients.append(client)
        return client


@contextmanager
def fake_collector(directory: Path) -> Iterator[FakeCollector]:
    made = make_certificate(names=[], addresses=["127.0.0.1"], now=datetime.now(UTC))
    for name, content in (("ca", made.ca_pem), ("crt", made.cert_pem), ("key", made.key_pem)):
        (directory / name).write_text(content)
    (directory / "token").write_text("first\n")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "crt", directory / "key")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    fake = FakeCollector(
        address=f"https://127.0.0.1:{server.server_port}",
        ca=directory / "ca",
        token=directory / "token",
    )
    server.fake = fake  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield fake
    finally:
        for client in fake.clients:
            client.close()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        fake: FakeCollector = self.server.fake  # type: ignore[attr-defined]
        asked = Asked(
            path=self.path,
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            token=self.headers["Authorization"],
            connection=self.client_address[1],
        )
        fake.asked.append(asked)
        reply = fake.reply(asked)
        body = b"" if reply.body is None else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - the base class calls it by this name

    def log_message(self, *_: Any) -> None:
        """A test's output is its own."""
