"""Real agents, as zipapps in processes of their own, and a real collector over TLS for them."""

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiconform.collector import Collector, Identity, TaskBoard, make_certificate
from aiconform.model.records import Delivered, Refused
from aiconform.model.wire import AgentRecord
from tests.agent.support import environ
from tools.build_agent import build

RUN = "r1"


@dataclass
class Served:
    """The collector, its board, and what it stored."""

    collector: Collector
    board: TaskBoard
    directory: Path
    stored: list[Delivered | Refused] = field(default_factory=list)
    agents: list[subprocess.Popen[str]] = field(default_factory=list)

    def start_agent(self, node: str, **more: str) -> subprocess.Popen[str]:
        """One agent, its token named after its node."""
        archive = self.directory / "agent.pyz"
        if not archive.exists():
            build(archive)
        token = self.directory / f"token-{node}"
        token.write_text(token_of(node))
        agent = subprocess.Popen(
            [sys.executable, str(archive), "run"],
            stdout=subprocess.PIPE,
            text=True,
            env=environ(
                AICONFORM_RUN=RUN,
                AICONFORM_NODE=node,
                AICONFORM_POD_IP="127.0.0.1",
                AICONFORM_COLLECTOR=f"https://127.0.0.1:{self.collector.port}",
                AICONFORM_CA=str(self.directory / "ca.crt"),
                AICONFORM_TOKEN=str(token),
                AICONFORM_WORK=str(self.directory),
                AICONFORM_ENGINE="tests.agent.fake_engine",
                **more,
            ),
        )
        self.agents.append(agent)
        return agent

    def said(self, node: str, stream: str) -> list[AgentRecord]:
        records = [each.record for each in self.stored if isinstance(each, Delivered)]
        return [record for record in records if (record.node, record.stream) == (node, stream)]

    async def until_ended(self, node: str, stream: str) -> Sequence[Any]:
        """The records of a stream that its end has closed."""
        await until(lambda: any(r.kind == "end" for r in self.said(node, stream)))
        return self.said(node, stream)


def token_of(node: str) -> str:
    """Shaped like a service account's token for our audience."""
    claims = json.dumps({"aud": ["aiconform"], "sub": node}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"


async def until(condition: Callable[[], bool], *, limit_s: float = 30.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(directory: Path, *, port: int = 0) -> AsyncIterator[Served]:
    made = make_certificate(names=[], addresses=["127.0.0.1"], now=datetime.now(UTC))
    (directory / "ca.crt").write_text(made.ca_pem)
    board = TaskBoard()

    async def identify(token: str) -> Identity | None:
        for node in ("node1", "node2"):
            if token == token_of(node):
                return Identity(node=node, pod=f"agent-{node}", pod_uid=node)
        return None

    async def accept(records: Sequence[Delivered | Refused]) -> None:
        served.stored.extend(records)

    collector = Collector(run=RUN, identify=identify, accept=accept, board=board, certificate=made)
    served = Served(collector=collector, board=board, directory=directory)
    await collector.start(host="127.0.0.1", port=port)
    try:
        yield served
    finally:
        for agent in served.agents:
            agent.kill()
            agent.wait()
            if agent.stdout is not None:
                agent.stdout.close()
        await collector.stop()
