"""Agents that answer at once, for tests of the stages: no network, no process."""

import asyncio
from collections.abc import Collection
from pathlib import Path

from aiconform.campaign.recorder import Recorder
from aiconform.collector import TaskBoard
from aiconform.journal import Journal
from aiconform.model.plan import Cost, Group, Plan
from aiconform.model.records import Delivered, NodeChanged, Planned
from aiconform.model.wire import AgentRecord, End, Hello, Pair, PairSample, PairTask, SelfTask, Task

RUN = "r1"


def new_recorder(folder: Path) -> Recorder:
    return Recorder(Journal(folder / "journal.ndjson", clock=lambda: 1000.0))


def planned(*nodes: str) -> Planned:
    group = Group(name="cpu", nodes=nodes, architecture="amd64")
    return Planned(plan=Plan(groups=(group,), pair_probe=True, cost=Cost(seconds=1, bytes=0)))


class QuickAgents:
    """Every node but the silent ones does its tasks as soon as they are on the board."""

    def __init__(
        self, recorder: Recorder, board: TaskBoard, *, silent: Collection[str] = ()
    ) -> None:
        self._recorder, self._board, self._silent = recorder, board, silent
        self.done: list[tuple[str, str]] = []  # (node, task id)

    async def work(self, *nodes: str) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for node in nodes:
                group.create_task(self._work(node))

    async def _work(self, node: str) -> None:
        hello = Hello(
            **_head(node, "inventory"), agent_version="1", python="3.11", address="10.0.0.1"
        )
        await self._deliver(hello)
        await self._recorder.append(NodeChanged(node=node, state="reporting"))
        if node in self._silent:
            return
        last: str | None = None
        while True:
            task = await self._board.next_task(node, done=last, wait_s=30.0)
            if task is not None:
                last = task.id
                self.done.append((node, task.id))
                await self._deliver(*_answer(node, task))

    async def _deliver(self, *records: AgentRecord) -> None:
        await self._recorder.append_all(
            [Delivered(pod=f"agent-{record.node}", record=record) for record in records]
        )


def _answer(node: str, task: Task) -> list[AgentRecord]:
    match task:
        case SelfTask():
            return [End(**_head(node, "self"), records=0)]
        case PairTask(round=number, peer=peer):
            stream = f"round-{number}"
            pair = Pair(
                **_head(node, stream), round=number, peer=peer, outcome="ok", samples=_samples()
            )
            return [pair, End(**_head(node, stream, seq=1), records=1)]
        case _:
            return []


def _samples() -> tuple[PairSample, ...]:
    return tuple(
        PairSample(
            metric="tcp_throughput",
            direction=direction,
            bytes=10**9,
            seconds=1.0,
            value=8.0,
            unit="gigabits_per_second",
        )
        for direction in ("send", "receive")
    )


def _head(node: str, stream: str, *, seq: int = 0) -> dict[str, object]:
    return {"run": RUN, "node": node, "boot": "0" * 16, "stream": stream, "seq": seq, "t": 1.0}
