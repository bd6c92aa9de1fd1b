"""One machine as a run: the agent as a child process, its records as a journal."""

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import IO, Literal

from pydantic import ValidationError

from aiconform import __version__
from aiconform.cli.clock import Clock
from aiconform.cli.show import note
from aiconform.model.plan import Cost, Group, NodeFacts, Plan, Probes, RunConfig
from aiconform.model.records import (
    Delivered,
    Entry,
    JournalRecord,
    NodeChanged,
    Planned,
    Refused,
    RunClosed,
    RunOpened,
    StageEntered,
    Surveyed,
    Trouble,
)
from aiconform.model.wire import AGENT_RECORD

Profile = Literal["quick", "standard", "thorough"]

# The agent bounds each exercise itself; this is for an agent that hangs as a whole.
LIMIT_S = {"quick": 300.0, "standard": 900.0, "thorough": 3600.0}
_UNTOLD = frozenset({"level", "time", "run", "node"})
_EXERCISES = ("gemm.known_answer", "gemm.rate", "memory.copy")


@dataclass(frozen=True)
class Machine:
    """What is exercised, and how."""

    run: str
    node: str
    profile: Profile
    engine: str

    @property
    def command(self) -> list[str]:
        agent = [sys.executable, "-m", "aiconform.agent", "local"]
        who = ["--node", self.node, "--run", self.run]
        return [*agent, *who, "--engine", self.engine, "--profile", self.profile]


def this_machine(*, run: str, profile: Profile, engine: str) -> Machine:
    """Named as the machine calls itself, as far as that is a name of a node."""
    name = re.sub(r"[^a-z0-9.-]+", "-", socket.gethostname().lower()).strip("-.")
    return Machine(run=run, node=name or "localhost", profile=profile, engine=engine)


def exercise(machine: Machine, *, clock: Clock) -> tuple[Entry, ...]:
    """
    Run the agent to its end, and return the journal of it. An agent that breaks is in it, too.

    The child's log goes to our stderr, in words.
    """
    entries = [
        Entry(n=n, at=clock.now(), record=record)
        for n, record in enumerate(chain(_opening(machine), _agent(machine)))
    ]
    troubles = [e.record for e in entries if isinstance(e.record, Trouble)]
    closed = RunClosed(how="complete")
    if troubles:
        closed = RunClosed(how="broken", sentence=troubles[0].sentence)
    return (*entries, Entry(n=len(entries), at=clock.now(), record=closed))


def _opening(machine: Machine) -> Iterator[JournalRecord]:
    config = RunConfig(
        name=machine.run,
        profile=machine.profile,
        engine=machine.engine,
        probes=Probes(tcp=False),
    )
    yield RunOpened(run=machine.run, version=__version__, config=config)
    yield StageEntered(stage="survey")
    yield Surveyed(
        server_version="none: this machine alone",
        nodes=(NodeFacts(name=machine.node, ready=True),),
    )
    group = Group(name="local", nodes=(machine.node,), architecture="")
    cost = Cost(seconds=LIMIT_S[machine.profile], bytes=0, sentence="one machine, no links")
    yield Planned(plan=Plan(groups=(group,), exercises=_EXERCISES, cost=cost))
    yield StageEntered(stage="self")


def _agent(machine: Machine) -> Iterator[JournalRecord]:
    yield NodeChanged(node=machine.node, state="reporting")
    limit_s = LIMIT_S[machine.profile]
    with subprocess.Popen(machine.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as agent:
        # Reading its output blocks for as long as it is silent, so the limit has its own thread.
        limit = threading.Timer(limit_s, agent.terminate)
        limit.start()
        log = threading.Thread(target=_pass_on, args=(agent.stderr,), daemon=True)
        log.start()
        try:
            assert agent.stdout is not None  # it was asked for above
            for line in agent.stdout:
                yield _record(machine, line)
        finally:
            timed_out = not limit.is_alive()
            limit.cancel()
            if agent.poll() is None:
                agent.terminate()
            log.join(timeout=5.0)
    if agent.returncode:
        told = f"the agent ended with exit code {agent.returncode}"
        late = f"the agent did not end within {limit_s:.0f} s"
        yield Trouble(where="agent", sentence=late if timed_out else told)
    else:
        yield NodeChanged(node=machine.node, state="finished")


def _pass_on(log: IO[bytes]) -> None:
    for line in log:
        note(f"  {log_text(line)}")


def log_text(line: bytes) -> str:
    """A JSON log line as a person reads it; any other line as it is."""
    text = line.decode(errors="replace").rstrip()
    try:
        keys = json.loads(text)
        event = keys.pop("event")
    except (ValueError, KeyError, AttributeError, TypeError):
        return text
    told = (f"{k}={v}" for k, v in keys.items() if k not in _UNTOLD and v not in ("", None))
    return " ".join((str(event), *told))


def _record(machine: Machine, line: bytes) -> JournalRecord:
    try:
        return Delivered(pod="local", record=AGENT_RECORD.validate_json(line))
    except ValidationError as exc:
        problem = f"not a record of an agent ({exc.error_count()} problems)"
        return Refused(node=machine.node, status=400, problem=problem)
