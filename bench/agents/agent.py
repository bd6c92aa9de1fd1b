"""One simulated agent: the real agent's protocol, records and outbox; its exercises are sleep."""

import asyncio
import json
import random
import zlib
from contextlib import suppress

from aiconform.agent.courier import HEARTBEAT_S, MAX_REQUEST_BYTES, REQUEST_TIMEOUT_S
from aiconform.agent.outbox import Outbox
from aiconform.agent.records import Origin, Record, Stream
from aiconform.agent.run import POLL_S
from aiconform.agent.tasks import FinishTask, PairTask, SelfTask, Task, parse_task
from bench.agents import reports
from bench.agents.connection import Connection, Network
from bench.agents.tokens import token_of

EXERCISE_S = 1.0
INVENTORY_S = 0.5


class SimulatedAgent:
    """Two connections, as the real one: tasks on one, records and signs of life on the other."""

    def __init__(self, node: str, network: Network, *, run: str, accelerators: int) -> None:
        self._accelerators = accelerators
        self._chance = random.Random(node)
        self._origin = Origin(run=run, node=node, boot=f"{zlib.crc32(node.encode()):016x}")
        self._tasks, self._courier = (Connection(network, token_of(node)) for _ in range(2))
        self._outbox, self._filled = Outbox(), asyncio.Event()
        self.acknowledged = 0

    async def work(self) -> None:
        """Until it is told to finish and all its records are safe."""
        delivering = asyncio.create_task(self._deliver())
        try:
            await self._introduce()
            done: str | None = None
            while not isinstance(task := await self._next_task(done), FinishTask):
                if task is not None:
                    await self._perform(task)
                    done = task.id
            while len(self._outbox):  # noqa: ASYNC110 - it belongs to threads elsewhere
                await asyncio.sleep(0.1)
        finally:
            delivering.cancel()
            self._tasks.close()
            self._courier.close()

    async def _introduce(self) -> None:
        stream = self._stream("inventory")
        stream.add(reports.hello("127.0.0.1"))
        await asyncio.sleep(INVENTORY_S)
        stream.add(reports.inventory(self._accelerators))
        stream.end()

    async def _next_task(self, done: str | None) -> Task | None:
        ask = {"boot": self._origin.boot, "done": done, "wait_s": POLL_S}
        status, answer = await self._tasks.ask(
            "/v1/task", json.dumps(ask).encode(), timeout_s=POLL_S + 15.0
        )
        return parse_task(json.loads(answer)) if status == 200 else None

    async def _perform(self, task: Task) -> None:
        if isinstance(task, SelfTask):
            await self._exercise(task)
        elif isinstance(task, PairTask):
            await self._meet(task)

    async def _exercise(self, task: SelfTask) -> None:
        stream = self._stream("self")
        for order in task.exercises:
            await asyncio.sleep(EXERCISE_S)
            for body in reports.exercise(
                order.exercise, accelerators=self._accelerators, chance=self._chance
            ):
                stream.add(body)
        stream.end()

    async def _meet(self, task: PairTask) -> None:
        ask = {"boot": self._origin.boot, "task": task.id, "wait_s": task.ready_limit_s}
        _, answer = await self._tasks.ask(
            "/v1/ready", json.dumps(ask).encode(), timeout_s=task.ready_limit_s + 10.0
        )
        stream = self._stream(f"round-{task.round}")
        if json.loads(answer)["go"]:
            await asyncio.sleep(2 * task.seconds)
            rate = reports.LINK_GBIT_PER_S * random.Random(task.id).gauss(1.0, 0.01)
            stream.add(reports.pair(task, rate_gbit_per_s=rate))
        else:
            late = {"kind": "pair", "round": task.round, "peer": task.peer, "outcome": "peer_late"}
            stream.add(late)
        stream.end()

    async def _deliver(self) -> None:
        while True:
            self._filled.clear()
            if not len(self._outbox):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._filled.wait(), HEARTBEAT_S)
            batch = self._outbox.batch(max_bytes=MAX_REQUEST_BYTES)
            body = b"".join(record.line + b"\n" for record in batch)
            status, answer = await self._courier.ask(
                "/v1/records", body, timeout_s=REQUEST_TIMEOUT_S
            )
            if status == 200:
                self.acknowledged += self._outbox.acknowledge(json.loads(answer)["next_seq"])

    def _stream(self, name: str) -> Stream:
        return Stream(name, origin=self._origin, publish=self._put)

    def _put(self, record: Record) -> None:
        self._outbox.put(record)
        self._filled.set()
