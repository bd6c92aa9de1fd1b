"""
A platform in memory, for unit tests of checks: API server, nodes, scheduler, kubelet, clock.

    platform = FakePlatform()
    platform.objects.put(DEVICE_CLASS, {...})            # what is installed
    entries = await platform.run(CHECK)                  # the real framework, no real waiting
    verdict = platform.verdict(CHECK, entries, version="1.35")
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from aiconform.checks.framework.check import Check
from aiconform.checks.framework.http import HttpAnswer, HttpError
from aiconform.checks.framework.runner import run_check
from aiconform.checks.framework.surroundings import Surroundings
from aiconform.cluster.accelerators import accelerators_in_use, effective_request
from aiconform.cluster.facts import node_facts
from aiconform.cluster.fake_objects import FakeObjects
from aiconform.cluster.resources import NODE, POD, Resource
from aiconform.judge.facts import gather
from aiconform.judge.requirements import judge_requirements
from aiconform.model.plan import Checks, Cost, Plan, RunConfig
from aiconform.model.records import (
    Entry,
    JournalRecord,
    Planned,
    RunOpened,
    Surveyed,
)
from aiconform.model.requirement import RequirementVerdict

Json = dict[str, Any]
Handler = Callable[[str, str, Mapping[str, str], str | None], HttpAnswer]

START = 1_795_430_000.0
_TURNS = 20
WORK, PROBE = "aiconform-work", "aiconform-probe"


class FakePlatform:
    """
    Pods are bound to a node that fits (label kubernetes.io/hostname, extended resources) 0.1 s
    after they were made, and run and are ready 0.1 s later. Tests change that by `schedule`, by
    `objects.reactions`, and by `after`.

    Attributes:
        objects: The API server; see `FakeObjects`.
        now: The clock, Unix seconds. Only waiting moves it.
        schedule: Which node a pod goes to; None: it is unschedulable, with this message.
        http: Host (and port) → who answers.
    """

    def __init__(
        self,
        *,
        nodes: Sequence[str] = ("node1", "node2"),
        allocatable: Mapping[str, str] | None = None,
        version: str = "v1.37.2",
        forbidden: Iterable[str] = (),
    ) -> None:
        self.version = version
        self.now = START
        self.objects = FakeObjects(forbidden=forbidden)
        self.objects.clock = lambda: self.now
        self.objects.reactions.append(self._on_change)
        self.schedule: Callable[[Json], str | None] = self.fitting_node
        self.http: dict[str, Handler] = {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._entries: list[Entry] = []
        self._sleepers: set[asyncio.Future[None]] = set()
        self._driver: asyncio.Task[None] | None = None
        for number, name in enumerate(nodes):
            self.objects.put(NODE, _node(name, allocatable or {}))
            self._address = number

    # --- for tests -----------------------------------------------------------------------------

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do it once so much time has passed."""
        heapq.heappush(self._due, (self.now + seconds, next(self._count), act))

    def log(self, pod: str, text: str | Callable[[], str], *, namespace: str = WORK) -> None:
        self.objects.logs[namespace, pod] = text

    def end_pod(self, pod: Json, *, phase: Literal["Succeeded", "Failed"] = "Succeeded") -> None:
        self.objects.change(POD, pod, status={**pod.get("status", {}), "phase": phase})

    def fitting_node(self, pod: Json) -> str | None:
        """The first node that the pod's affinity names and that has enough devices free."""
        wanted = _hostnames(pod["spec"])
        nodes = self.objects.all(NODE)
        known = {key for node in nodes for key in node["status"]["allocatable"] if "/" in key}
        used = accelerators_in_use(self.objects.all(POD), accelerator_resources=known)
        for node in nodes:
            name = node["metadata"]["name"]
            if wanted is not None and name not in wanted:
                continue
            free = {
                key: int(value) - used.get(name, {}).get(key, 0)
                for key, value in node["status"]["allocatable"].items()
                if "/" in key
            }
            asked = {key: effective_request(pod["spec"], key) for key in _extended(pod["spec"])}
            if all(free.get(key, 0) >= count for key, count in asked.items()):
                return str(name)
        return None

    async def run(
        self,
        check: Check,
        *,
        settings: Mapping[str, Any] | None = None,
        accelerators: int = 4,
    ) -> tuple[Entry, ...]:
        """Run the check as the campaign does; the journal of it."""
        config = self._config(check, settings or {}, accelerators)
        self._open(check, config)
        around = self.surroundings(config)
        await run_check(check, around)
        return tuple(self._entries)

    def verdict(
        self, check: Check, entries: Iterable[Entry], *, version: str = ""
    ) -> RequirementVerdict:
        """Judged as a run's journal is; `version` of the checklist, else the cluster's."""
        (found,) = judge_requirements(
            gather(entries), {check.id: check.evaluate}, checklist=version
        )
        return found

    def surroundings(self, config: RunConfig) -> Surroundings:
        nodes = self.objects.all(NODE)
        return Surroundings(
            config=config,
            job="aiconform",
            nodes=tuple(node_facts(node) for node in nodes),
            objects=self.objects,
            census=self._census,
            record=self.record,
            http=self._request,
            clock=lambda: self.now,
            sleep=self.sleep,
            nonce="n0nce",
        )

    async def record(self, *records: JournalRecord) -> None:
        for record in records:
            self._entries.append(Entry(n=len(self._entries), at=self.now, record=record))

    async def sleep(self, seconds: float) -> None:
        """Wait. The clock moves on once everybody waits, to what is due next."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.after(seconds, lambda: None if woken.done() else woken.set_result(None))
        self._sleepers.add(woken)
        if self._driver is None or self._driver.done():
            self._driver = asyncio.create_task(self._drive())
        try:
            await woken
        finally:
            self._sleepers.discard(woken)

    # --- inside --------------------------------------------------------------------------------

    def _config(self, check: Check, settings: Mapping[str, Any], accelerators: int) -> RunConfig:
        checks = Checks(
            enabled=(check.id,), settings={check.id: dict(settings)}, accelerators=accelerators
        )
        return RunConfig(name="test-run", checks=checks, work_namespace=WORK, probe_namespace=PROBE)

    def _open(self, check: Check, config: RunConfig) -> None:
        nodes = tuple(node_facts(node) for node in self.objects.all(NODE))
        plan = Plan(groups=(), checks=(check.id,), cost=Cost(seconds=0, bytes=0))
        for record in (
            RunOpened(run=config.name, version="0", config=config),
            Surveyed(server_version=self.version, nodes=nodes),
            Planned(plan=plan),
        ):
            self._entries.append(Entry(n=len(self._entries), at=self.now, record=record))

    async def _drive(self) -> None:
        while self._sleepers and self._due:
            for _ in range(_TURNS):  # let everybody run who can
                await asyncio.sleep(0)
            if not self._sleepers:
                return
            at, _, act = heapq.heappop(self._due)
            self.now = max(self.now, at)
            try:
                act()
            except Exception as exc:  # noqa: BLE001 - a test's own mistake: whoever waits tells it
                for woken in self._sleepers:
                    if not woken.done():
                        woken.set_exception(exc)

    async def _census(self) -> tuple[Sequence[Json], Sequence[Json] | None]:
        nodes = (await self.objects.list(NODE, namespace=None)).items
        if "list pods everywhere" in self.objects.forbidden:
            return nodes, None
        return nodes, tuple(self.objects.all(POD))

    async def _request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        timeout_s: float = 10.0,
    ) -> HttpAnswer:
        host, _, path = url.partition("://")[2].partition("/")
        await asyncio.sleep(0)
        if host not in self.http:
            raise HttpError(f"{method} {url}: connection refused")
        return self.http[host](method, f"/{path}", headers or {}, body)

    def _on_change(self, verb: str, resource: Resource, found: Json) -> None:
        if resource == POD and verb == "create" and not found["spec"].get("nodeName"):
            self.after(0.1, lambda: self._bind(found["metadata"]))
        if resource == POD and verb == "delete":
            for pod in self.objects.all(POD):
                if not pod["spec"].get("nodeName"):
                    metadata = pod["metadata"]
                    self.after(0.1, lambda metadata=metadata: self._bind(metadata))  # type: ignore[misc]

    def _bind(self, metadata: Json) -> None:
        pod = self.objects.objects.get((POD.qualified, metadata["namespace"], metadata["name"]))
        if pod is None or pod["metadata"]["uid"] != metadata["uid"] or pod["spec"].get("nodeName"):
            return
        node = self.schedule(pod)
        if node is None:
            refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                       "message": "0/2 nodes are available"}  # fmt: skip
            self.objects.change(POD, pod, status={"phase": "Pending", "conditions": [refused]})
            return
        self.objects.change(
            POD, pod, spec={**pod["spec"], "nodeName": node}, status={"phase": "Pending"}
        )
        self.after(0.1, lambda: self._start(metadata))

    def _start(self, metadata: Json) -> None:
        pod = self.objects.objects.get((POD.qualified, metadata["namespace"], metadata["name"]))
        if pod is None or pod["metadata"]["uid"] != metadata["uid"]:
            return
        self._address += 1
        ready = [{"type": t, "status": "True"} for t in ("PodScheduled", "Ready")]
        status = {**pod.get("status", {}), "phase": "Running", "conditions": ready,
                  "podIP": f"10.0.0.{self._address % 250}"}  # fmt: skip
        self.objects.change(POD, pod, status=status)


def _node(name: str, allocatable: Mapping[str, str]) -> Json:
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": {},
        "status": {
            "allocatable": {"cpu": "4", "memory": "8Gi", **allocatable},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def _hostnames(spec: Json) -> set[str] | None:
    """The nodes that the pod's affinity leaves; None: any. Each expression has to hold."""
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms = required.get("nodeSelectorTerms") or ()
    found: set[str] | None = None
    for term in terms:
        sets = [
            set(e["values"])
            for e in term.get("matchExpressions") or ()
            if e["key"] == "kubernetes.io/hostname" and e["operator"] == "In"
        ]
        if sets:
            found = (found or set()) | set.intersection(*sets)
    return found


def _extended(spec: Json) -> set[str]:
    return {
        key
        for container in spec.get("containers") or ()
        for key in (container.get("resources") or {}).get("limits") or {}
        if "/" in key
    }
