"""What the agent's tests share: streams that collect, and children that find the fake engine."""

import io
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aiconform.agent.counting import Counting
from aiconform.agent.log import Log
from aiconform.agent.probes.selftest import run_exercises
from aiconform.agent.records import Origin, Record, Stream
from aiconform.agent.tasks import ExerciseOrder
from aiconform.model.wire import AGENT_RECORD, AgentRecord

ROOT = Path(__file__).resolve().parents[2]
ORIGIN = Origin(run="r1", node="node1", boot="0123456789abcdef")


class Collected:
    """A stream's records, each read by the collector's own rules."""

    def __init__(self, name: str = "self") -> None:
        self.lines: list[bytes] = []
        self.stream = Stream(name, origin=ORIGIN, publish=self._take)

    def _take(self, record: Record) -> None:
        self.lines.append(record.line)

    @property
    def records(self) -> list[AgentRecord]:
        return [AGENT_RECORD.validate_json(line) for line in self.lines]

    def of(self, kind: str) -> list[Any]:
        return [record for record in self.records if record.kind == kind]


def environ(**more: str) -> dict[str, str]:
    """For child processes: they shall find this tree's agent and `tests.agent.fake_engine`."""
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", **more}


def exercise(
    name: str,
    *,
    fault: str = "",
    engine: str = "tests.agent.fake_engine",
    limit_s: float = 30.0,
    **params: str | int,
) -> Collected:
    """Run one exercise in a child process, on the fake engine with one fault."""
    collected = Collected()
    run_exercises(
        [ExerciseOrder(name, limit_s, {"scale": "tiny", **params})],
        stream=collected.stream,
        engine=engine,
        counting=Counting(address="127.0.0.1"),
        environ=environ(FAKE_ENGINE_FAULT=fault),
        log=silent_log(),
    )
    return collected


def silent_log() -> Log:
    return Log(io.StringIO())


def in_threads(works: Sequence[Callable[[], None]]) -> None:
    """Run them at the same time and wait for all."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
