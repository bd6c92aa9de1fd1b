"""What the checks of one run have in common: the run, its cluster, and the ways to look at it."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiconform import catalogue
from aiconform.checks.framework.check import Check
from aiconform.checks.framework.http import Http
from aiconform.checks.framework.manners import Manners
from aiconform.cluster.objects import Objects
from aiconform.model.plan import NodeFacts, RunConfig
from aiconform.model.records import JournalRecord

Json = dict[str, Any]


class Record(Protocol):
    """Make a record durable; raises JournalError when that cannot be done."""

    async def __call__(self, *records: JournalRecord) -> None: ...


# Every node, and every pod of every namespace; None when pods may not be listed. Plain JSON.
Census = Callable[[], Awaitable[tuple[Sequence[Json], Sequence[Json] | None]]]


@dataclass(frozen=True)
class Surroundings:
    """
    Attributes:
        job: Name of the run's Job, which begins the names of what the chart made.
        nodes: As the survey found them.
        devices: Held by the one check that may hold accelerators now.
    """

    config: RunConfig
    job: str
    nodes: tuple[NodeFacts, ...]
    objects: Objects
    census: Census
    record: Record
    http: Http
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    devices: asyncio.Lock = field(default_factory=asyncio.Lock)
    nonce: str = field(default_factory=lambda: secrets.token_hex(4))

    def namespace(self, place: str) -> str:
        """The name of the namespace called work or probe."""
        return {"work": self.config.work_namespace, "probe": self.config.probe_namespace}[place]

    def manners(self, check: Check) -> Manners:
        config, pods = self.config, self.config.pods
        settings = config.checks.settings.get(check.id, {})
        named = settings.get("images")
        return Manners(
            run=config.name,
            job=self.job,
            check=check.id,
            image=config.images.agent,
            images=frozenset(map(str, named.values())) if isinstance(named, dict) else frozenset(),
            pull_policy=config.images.pull_policy,
            pull_secrets=config.images.pull_secrets,
            tolerations=(*pods.tolerations, *self._accelerator_tolerations()),
            node_selector=pods.node_selector,
            labels=pods.labels,
            annotations=pods.annotations,
            background=pods.priority_class_name or f"{self.job}-background",
            scale=f"{self.job}-scale",
            hostnames=() if check.scales else self._hostnames(),
            deadline_s=int(check.time_box_s) + 60,
        )

    def _hostnames(self) -> tuple[str, ...]:
        """Nodes with accelerators first: of very many nodes only the first can be named."""
        ordered = sorted(self.nodes, key=lambda node: (not node.accelerators, node.name))
        return tuple(n.labels.get("kubernetes.io/hostname", n.name) for n in ordered)

    def _accelerator_tolerations(self) -> tuple[dict[str, str], ...]:
        found = {
            taint.key
            for node in self.nodes
            for taint in node.taints
            if catalogue.is_accelerator_taint(taint.key, node.accelerators)
        }
        return tuple({"key": key, "operator": "Exists"} for key in sorted(found))
