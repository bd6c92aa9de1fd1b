"""
The agent in a pod: say what this node is, then do what the collector orders, until SIGTERM.

One thread asks for tasks and runs them, another one delivers records, so that a long exercise
never makes the agent look dead and a slow collector never slows an exercise.
"""

import json
import os
import secrets
import threading
import time
from collections.abc import Mapping

from aiconform import __version__
from aiconform.agent import signals
from aiconform.agent.client import Client, clock_offset_s
from aiconform.agent.counting import Counting
from aiconform.agent.courier import Courier
from aiconform.agent.errors import CollectorError, SettingsError, TaskError, Terminated
from aiconform.agent.inventory.assemble import take_inventory
from aiconform.agent.links.order import run_pair_task
from aiconform.agent.log import Log
from aiconform.agent.outbox import Outbox
from aiconform.agent.probes.environment import child_environ
from aiconform.agent.probes.selftest import run_exercises
from aiconform.agent.probes.supervise import supervise
from aiconform.agent.program import hello
from aiconform.agent.records import Origin, Stream
from aiconform.agent.sampling import Sampling
from aiconform.agent.settings import Settings, read_settings
from aiconform.agent.tasks import FinishTask, PairTask, SelfTask, Task, parse_task

LAST_DELIVERY_S = 1.0
POLL_S = 25


def run_agent() -> int:
    """Returns the exit status: 0 after SIGTERM, 2 when the environment lacks something."""
    log = Log()
    try:
        settings = read_settings(os.environ)
    except SettingsError as exc:
        log.error("agent.misconfigured", problem=str(exc))
        return 2
    agent = Agent(settings, environ=os.environ, log=log)
    try:
        signals.raise_on_termination()
        agent.work()
    except Terminated:
        agent.stop()
    return 0


class Agent:
    def __init__(self, settings: Settings, *, environ: Mapping[str, str], log: Log) -> None:
        self.boot = secrets.token_hex(8)
        self._settings = settings
        self._log = log.bind(run=settings.run, node=settings.node, boot=self.boot)
        self._environ = child_environ(environ, work=settings.work)
        self._stop = threading.Event()
        self._outbox = Outbox()
        self._streams: "dict[str, Stream]" = {}
        self._counting = Counting(address=settings.address)
        self._sampling: "Sampling | None" = None
        self._client = self._new_client()
        self._courier = Courier(self._outbox, self._new_client(), log=self._log, stop=self._stop)

    def work(self) -> None:
        """
        Raises:
            Terminated: On SIGTERM, which is the only way out.
        """
        self._log.info("agent.started", version=__version__, address=self._settings.address)
        self._introduce()
        done: "str | None" = None
        while True:
            self._outbox.wait_until_empty()  # "done" must not overtake the records
            task = self._next_task(done)
            if task is not None:
                self._perform(task)
                done = task.id
            signals.reap_orphans()

    def stop(self) -> None:
        """Deliver what is left if that goes quickly."""
        self._log.info("agent.terminated", undelivered_count=len(self._outbox))
        self._outbox.wait_until_empty(LAST_DELIVERY_S)
        self._stop.set()
        self._outbox.close()
        self._courier.join(0.2)

    def _introduce(self) -> None:
        stream = self._stream("inventory")
        stream.add(hello(address=self._settings.address, clock_offset_s=self._clock_offset_s()))
        self._courier.start()
        for body in take_inventory(
            supervise=supervise,
            environ=self._environ,
            engine=self._settings.engine,
            salt=self._settings.run,
        ):
            stream.add(body)
            if body.get("accelerators_given_count"):
                self._sampling = Sampling(environ=self._environ)
        stream.end()
        self._log.info("inventory.taken")

    def _next_task(self, done: "str | None") -> "Task | None":
        body = {"boot": self.boot, "done": done, "wait_s": POLL_S}
        answer = self._client.ask_until_answered(
            "POST", "/v1/task", json.dumps(body).encode(), timeout_s=POLL_S + 15.0
        )
        if answer is None or answer.status == 204:
            return None
        if answer.status != 200:
            self._log.error("task.refused", status=answer.status, problem=answer.problem)
            self._stop.wait(5.0)
            return None
        try:
            return parse_task(answer.body)
        except TaskError as exc:
            self._log.error("task.malformed", problem=str(exc))
            self._stop.wait(5.0)
            return None

    def _perform(self, task: Task) -> None:
        self._log.info("task.started", task=task.id, kind=type(task).__name__)
        if isinstance(task, FinishTask):
            self._stop.wait()  # quietly, until SIGTERM; the courier goes on showing life
        elif isinstance(task, SelfTask):
            run_exercises(
                task.exercises,
                stream=self._stream("self"),
                engine=self._settings.engine,
                counting=self._counting,
                environ=self._environ,
                log=self._log,
                sampling=self._sampling,
            )
        elif isinstance(task, PairTask):
            run_pair_task(
                task,
                run=self._settings.run,
                address=self._settings.address,
                stream=self._stream(f"round-{task.round}"),
                ready=self._ready,
                counting=self._counting,
                environ=self._environ,
                log=self._log,
            )
        self._log.info("task.ended", task=task.id)

    def _ready(self, task_id: str, wait_s: float) -> "tuple[bool, str]":
        """Tell the collector that we are ready, and wait for the peer at most `wait_s`."""
        body = {"boot": self.boot, "task": task_id, "wait_s": wait_s}
        until = time.monotonic() + wait_s
        answer = self._client.ask_until_answered(
            "POST",
            "/v1/ready",
            json.dumps(body).encode(),
            timeout_s=wait_s + 10.0,
            give_up=lambda: time.monotonic() > until,
        )
        if answer is None:
            return False, "the collector did not answer"
        if answer.status != 200 or not isinstance(answer.body, Mapping):
            return False, f"the collector answered {answer.status}: {answer.problem}"
        return answer.body.get("go") is True, str(answer.body.get("reason", ""))

    def _stream(self, name: str) -> Stream:
        if name not in self._streams:
            origin = Origin(run=self._settings.run, node=self._settings.node, boot=self.boot)
            self._streams[name] = Stream(name, origin=origin, publish=self._outbox.put)
        return self._streams[name]

    def _clock_offset_s(self) -> "float | None":
        """Only worth one attempt: it is a hint, and records must not wait for it."""
        try:
            return clock_offset_s(self._client)
        except CollectorError as exc:
            self._log.warning("collector.unreachable", problem=str(exc))
            return None

    def _new_client(self) -> Client:
        return Client(
            self._settings.collector,
            ca=self._settings.ca,
            token=self._settings.token,
            log=self._log,
            stop=self._stop,
        )
