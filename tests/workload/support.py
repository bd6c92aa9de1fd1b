"""Servers in this process and in processes of their own, and a client that sends raw bytes."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import IO, Any

from aiconform.workload.answering import Handler
from aiconform.workload.connection import Bounds
from aiconform.workload.echo.answers import Echo, Manner
from aiconform.workload.identity import Identity
from aiconform.workload.serving import Server

IDENTITY = Identity(nonce="n1", backend="a", pod_uid="uid-a")


@asynccontextmanager
async def serving(handler: Handler, *, bounds: Bounds | None = None) -> AsyncIterator[int]:
    """The port on which the handler is served."""
    server = Server(handler, bounds=bounds)
    await server.start()
    try:
        yield server.port
    finally:
        await server.stop()


@asynccontextmanager
async def echoing(
    manner: Manner | None = None, *, identity: Identity = IDENTITY, bounds: Bounds | None = None
) -> AsyncIterator[tuple[Echo, int]]:
    echo = Echo(identity, manner=manner)
    async with serving(echo.answer, bounds=bounds) as port:
        yield echo, port


async def raw(port: int, sent: bytes, *, host: str = "127.0.0.1", close: bool = True) -> bytes:
    """Everything that the server answers until it closes, to these very bytes."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(sent)
    if close:
        writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
        await writer.wait_closed()


@dataclass
class Process:
    child: subprocess.Popen[str]
    out: IO[str]

    def line(self) -> dict[str, Any]:
        """The next line of its log."""
        return dict(json.loads(self.out.readline()))

    def end(self) -> int:
        """Its exit status after SIGTERM."""
        self.child.terminate()
        return self.child.wait(10)


@contextmanager
def process(*arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[Process]:
    child = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, text=True, env=environment(environ or {})
    )
    assert child.stdout is not None
    try:
        yield Process(child, child.stdout)
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        child.stdout.close()


def finished(
    *arguments: str, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A run to its end."""
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(environ or {}),
    )


def last_line(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return dict(json.loads(done.stdout.splitlines()[-1]))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "aiconform.workload", *arguments]


def environment(more: Mapping[str, str]) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if "AICONFORM" not in name}
    return {**clean, **more}
