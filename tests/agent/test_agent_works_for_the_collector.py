"""Real agents and a real collector: introduction, orders, records, and a quick goodbye."""

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest

from aiconform.model.records import Refused
from aiconform.model.wire import ExerciseOrder, FinishTask, PairTask, SelfTask
from tests.agent.serving import Served, serving, token_of, until


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as server:
        yield server


def order(exercise: str, limit_s: float = 20.0) -> ExerciseOrder:
    return ExerciseOrder(exercise=exercise, limit_s=limit_s, params={"scale": "tiny"})


async def test_agent_introduces_itself_before_anything_else(served: Served) -> None:
    served.start_agent("node1")

    hello, inventory, end = await served.until_ended("node1", "inventory")

    assert (hello.kind, hello.address, hello.agent_version) == ("hello", "127.0.0.1", "0.1.0")
    assert len(hello.agent_sha256) == 64
    assert inventory.host["cpu_count"] >= 1
    assert end.records == 2
    assert not [each for each in served.stored if isinstance(each, Refused)]


async def test_ordered_exercises_are_done_once_each(served: Served) -> None:
    names = ["gemm.known_answer", "gemm.rate", "memory.copy"]
    served.board.assign(
        "node1", SelfTask(id="self-1", exercises=tuple(order(name) for name in names))
    )
    served.start_agent("node1")

    *records, end = await served.until_ended("node1", "self")
    served.board.assign("node1", FinishTask(id="finish"))
    await until(lambda: served.board.taken("node1") == "finish")

    results, counted = records[::2], records[1::2]
    assert [record.exercise for record in results] == names
    assert [record.about for record in counted] == names
    assert (end.records, end.not_run) == (6, ())
    assert [record.seq for record in served.said("node1", "self")] == list(range(7))


async def test_two_agents_measure_the_way_between_them(served: Served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    def pair(peer: str, role: Literal["listen", "connect"]) -> PairTask:
        return PairTask(
            id="round-1/node1+node2", round=1, peer=peer, role=role, peer_address="127.0.0.1",
            port=port, streams=1, seconds=0.2, pings=20, ready_limit_s=15, limit_s=20,
        )  # fmt: skip

    served.board.assign("node1", pair("node2", "listen"))
    served.board.assign("node2", pair("node1", "connect"))
    for node in ("node1", "node2"):
        served.start_agent(node)

    counted, one, _ = await served.until_ended("node1", "round-1")
    _, other, _ = await served.until_ended("node2", "round-1")

    assert (one.outcome, other.outcome) == ("ok", "ok")
    sent = next(s for s in one.samples if s.direction == "send")
    received = next(s for s in other.samples if s.direction == "receive")
    assert sent.bytes == received.bytes > 0
    assert (counted.meant, counted.peer) == ("lo", "node2")


async def test_peer_that_does_not_come_is_late(served: Served) -> None:
    served.board.assign(
        "node1",
        PairTask(
            id="round-1/node1+node2",
            round=1,
            peer="node2",
            role="connect",
            peer_address="127.0.0.1",
            port=19999,
            streams=1,
            seconds=1,
            pings=0,
            ready_limit_s=0.5,
            limit_s=5,
        ),
    )
    served.start_agent("node1")

    pair, _ = await served.until_ended("node1", "round-1")

    assert (pair.outcome, pair.reason) == ("peer_late", "peer_late")


async def test_records_survive_a_collector_that_comes_late(
    tmp_path: Path, unused_port: int
) -> None:
    async with serving(tmp_path, port=unused_port) as first:
        agent = first.start_agent("node1")
        first.agents.remove(agent)
        await first.collector.stop()
        await asyncio.sleep(0.5)
    (tmp_path / "ca.crt").unlink()
    await asyncio.sleep(0.5)

    async with serving(tmp_path, port=unused_port) as second:
        second.agents.append(agent)
        records = await second.until_ended("node1", "inventory")

    assert [record.seq for record in records] == [0, 1, 2]


async def test_termination_ends_agent_and_exercise_within_two_seconds(served: Served) -> None:
    served.board.assign("node1", SelfTask(id="s", exercises=(order("gemm.known_answer"),)))
    agent = served.start_agent("node1", FAKE_ENGINE_FAULT="hang")
    await until(lambda: _children_of(agent.pid, "gemm.known_answer") != [])
    (child,) = _children_of(agent.pid, "gemm.known_answer")

    began = time.monotonic()
    agent.send_signal(signal.SIGTERM)
    output, _ = await asyncio.to_thread(agent.communicate)

    assert time.monotonic() - began < 2.5
    assert agent.returncode == 0
    assert _children_of(child, "") == []
    assert not _is_there(child)
    events = [json.loads(line) for line in output.splitlines()]
    assert events[-1]["event"] == "agent.terminated"
    assert {event["node"] for event in events} == {"node1"}
    assert token_of("node1") not in output


async def test_termination_ends_an_idle_agent_at_once(served: Served) -> None:
    agent = served.start_agent("node1")
    await served.until_ended("node1", "inventory")
    await asyncio.sleep(0.2)  # now it waits for a task

    began = time.monotonic()
    agent.send_signal(signal.SIGTERM)
    await asyncio.to_thread(agent.communicate)

    assert time.monotonic() - began < 1.5
    assert agent.returncode == 0


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _children_of(pid: int, word: str) -> list[int]:
    """Processes that `pid` started with this word on their command line."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            words = (place / "cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if parent == pid and word.encode() in words:
            found.append(int(place.name))
    return found
