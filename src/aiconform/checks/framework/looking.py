"""How a check looks at the cluster: the half of `Context` that changes nothing."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from aiconform.checks.framework.check import Check
from aiconform.checks.framework.errors import RefusedError, UndeclaredError
from aiconform.checks.framework.http import HttpAnswer
from aiconform.checks.framework.inventory import Inventory, take_inventory
from aiconform.checks.framework.rights import Workplace
from aiconform.checks.framework.surroundings import Surroundings
from aiconform.cluster.objects import Change, Reply
from aiconform.cluster.resources import (
    DEVICE_CLASS,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
    Resource,
)
from aiconform.model.errors import ClusterError, ForbiddenError, NotServedError
from aiconform.model.plan import NodeFacts

Json = dict[str, Any]

_PLACES = frozenset({"work", "probe"})


class Looking:
    """Reads; see `Context` for what is raised."""

    def __init__(self, check: Check, surroundings: Surroundings) -> None:
        self.check = check
        self._around = surroundings
        self.deadline = surroundings.clock() + check.time_box_s

    @property
    def run(self) -> str:
        return self._around.config.name

    @property
    def nonce(self) -> str:
        """A word of this run, to be put into workloads and demanded back."""
        return self._around.nonce

    @property
    def settings(self) -> Mapping[str, Any]:
        """The site's, from `run.checks.settings.<id>`."""
        return self._around.config.checks.settings.get(self.check.id, {})

    @property
    def budget(self) -> int:
        """How many accelerators may be held at a time, as the site has it."""
        return self._around.config.checks.accelerators

    @property
    def nodes(self) -> tuple[NodeFacts, ...]:
        """As the survey found them."""
        return self._around.nodes

    @property
    def device_budget(self) -> int:
        """So many accelerators this check may hold at a time: what it declares, or fewer."""
        return min(self.check.devices, self._around.config.checks.accelerators)

    @property
    def work(self) -> str:
        """The name of our namespace of Pod Security level restricted."""
        return self._around.namespace("work")

    @property
    def probe(self) -> str:
        """The name of our namespace of level baseline; only for checks that declare `probe`."""
        return self._around.namespace("probe")

    def hostname(self, node: str) -> str:
        """The node's label kubernetes.io/hostname, which need not equal its name."""
        labels = next((n.labels for n in self.nodes if n.name == node), {})
        return labels.get("kubernetes.io/hostname", node)

    def now(self) -> float:
        """Unix seconds."""
        return self._around.clock()

    async def get(
        self,
        resource: Resource,
        name: str,
        *,
        namespace: Workplace | str | None = "work",
        subresource: str = "",
    ) -> Json | None:
        """
        An object; None when there is none.

        Args:
            namespace: "work", "probe", the name of another one, or None for a kind that is in none.
        """
        plural = f"{resource.plural}/{subresource}" if subresource else resource.plural
        where = self._place("get", resource.group, plural, namespace)
        reply = await self._around.objects.get(
            resource, name, namespace=where, subresource=subresource
        )
        return None if reply.status == 404 else self._taken("get", resource, name, reply)

    async def find(
        self,
        resource: Resource,
        *,
        namespace: Workplace | str | None = "work",
        labels: str = "",
        fields: str = "",
    ) -> tuple[Json, ...]:
        """
        Objects; none when the API server does not have the kind. `namespace` None: everywhere.

        Args:
            labels, fields: Selectors, as kubectl takes them.
        """
        where = self._place("list", resource.group, resource.plural, namespace)
        with suppress(NotServedError):
            found = await self._around.objects.list(
                resource, namespace=where, labels=labels, fields=fields
            )
            return found.items
        return ()

    @asynccontextmanager
    async def following(
        self,
        resource: Resource,
        *,
        namespace: Workplace | str | None = "work",
        labels: str = "",
        fields: str = "",
    ) -> AsyncIterator[list[Change]]:
        """
        Every change during the block, in order, beginning with what is there.

        The list grows while the block runs. A watch that ends by trouble raises it at the end.
        """
        where = self._place("watch", resource.group, resource.plural, namespace)
        changes: list[Change] = []

        async def follow() -> None:
            async for change in self._around.objects.watch(
                resource, namespace=where, labels=labels, fields=fields
            ):
                changes.append(change)

        task = asyncio.create_task(follow())
        await asyncio.sleep(0)
        try:
            yield changes
        finally:
            done = task.done()
            task.cancel()
            with suppress(asyncio.CancelledError):
                if not done:
                    await task
        if done:
            task.result()

    async def log(
        self, pod: str, *, container: str = "", namespace: Workplace = "work"
    ) -> str | None:
        """A container's log, the last MiB of it; None when there is none yet."""
        self._declared("get", "", "pods/log", namespace)
        return await self._around.objects.log(
            pod, namespace=self._around.namespace(namespace), container=container
        )

    async def log_lines(
        self, pod: str, *, container: str = "", namespace: Workplace = "work"
    ) -> list[Json]:
        """The JSON lines of a log, as our workload servers print them; no other lines."""
        text = await self.log(pod, container=container, namespace=namespace) or ""
        found: list[Json] = []
        for line in text.splitlines():
            with suppress(ValueError):
                told = json.loads(line)
                if isinstance(told, dict):
                    found.append(told)
        return found

    async def http(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        timeout_s: float = 10.0,
    ) -> HttpAnswer:
        """
        One request from the coordinator's pod, on a connection of its own.

        Raises:
            HttpError: There was no answer within the time.
        """
        return await self._around.http(method, url, headers=headers, body=body, timeout_s=timeout_s)

    async def raw(self, path: str) -> Reply:
        """GET a path of the API server. What discovery does not need has to be declared."""
        return await self._around.objects.raw(path)

    async def served(self, group: str, version: str) -> dict[str, tuple[str, ...]]:
        """
        What the API server has in one version of a group: plural (or "plural/subresource") → verbs.

        Empty when it has none of it.
        """
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        reply = await self.raw(path)
        if reply.status == 404:
            return {}
        if not reply.ok:
            raise ClusterError(f"cannot discover {path}: {reply.message or reply.status}")
        return {
            str(each["name"]): tuple(each.get("verbs") or ())
            for each in reply.body.get("resources") or ()
        }

    async def versions(self, group: str) -> tuple[str, ...]:
        """The versions that are served of a group, the preferred first; none: the group is not."""
        reply = await self.raw(f"/apis/{group}")
        if reply.status == 404:
            return ()
        if not reply.ok:
            raise ClusterError(f"cannot discover {group}: {reply.message or reply.status}")
        preferred = (reply.body.get("preferredVersion") or {}).get("version")
        told = [str(v["version"]) for v in reply.body.get("versions") or ()]
        return tuple(sorted(told, key=lambda version: version != preferred))

    async def inventory(self, *, dra_version: str = "v1") -> Inventory:
        """
        Accelerators and other devices, and which are free now; needs the rights `INVENTORY`.

        What may not be listed is named in `not_permitted`, and then nothing counts as free.

        Args:
            dra_version: Of the group resource.k8s.io, on clusters that do not have v1 yet.
        """
        not_permitted: list[str] = []

        async def everywhere(resource: Resource) -> tuple[Json, ...] | None:
            try:
                return await self.find(replace(resource, version=dra_version), namespace=None)
            except ForbiddenError as exc:
                not_permitted.append(exc.problem)
                return None

        nodes, pods = await self._around.census()
        if pods is None:
            not_permitted.append("not permitted to list pods")
        return take_inventory(
            nodes=nodes,
            pods=pods,
            slices=await everywhere(RESOURCE_SLICE) or (),
            claims=await everywhere(RESOURCE_CLAIM),
            classes=await everywhere(DEVICE_CLASS) or (),
            extra=self._around.config.accelerators.extra_resources,
            tolerated=self._around.config.pods.tolerations,
            not_permitted=not_permitted,
        )

    def _place(
        self, verb: str, group: str, plural: str, namespace: Workplace | str | None
    ) -> str | None:
        """The namespace's name, once the call is declared."""
        self._declared(verb, group, plural, namespace if namespace in _PLACES else "cluster")
        if namespace in _PLACES:
            return self._around.namespace(str(namespace))
        return namespace

    def _declared(self, verb: str, group: str, resource: str, where: str | None) -> None:
        if not self.check.may(verb, group, resource, where=str(where)):
            place = "the cluster" if where == "cluster" else f"the {where} namespace"
            raise UndeclaredError(
                f"{self.check.id} does not declare: {verb} {resource}"
                f"{'.' + group if group else ''} in {place}"
            )

    @staticmethod
    def _taken(verb: str, resource: Resource, name: str, reply: Reply) -> Json:
        if not reply.ok:
            raise RefusedError(verb, resource, name, reply)
        return reply.body
