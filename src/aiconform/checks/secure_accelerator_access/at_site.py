"""All that is tried on one node with one kind of device: the steps A0 to A10 of the spec."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiconform.checks.framework import Context, Step, UnavailableError, moved
from aiconform.checks.secure_accelerator_access import manifests, pods
from aiconform.checks.secure_accelerator_access.files import HANDLERS
from aiconform.checks.secure_accelerator_access.listings import (
    granted,
    numbers,
    telling_majors,
)
from aiconform.checks.secure_accelerator_access.manifests import (
    HOLDER,
    HOLDER_PORT,
    SIDECAR,
    SIDECAR_PORT,
)
from aiconform.checks.secure_accelerator_access.sites import Site, step_name
from aiconform.checks.secure_accelerator_access.tenants import Tenant, end_tenant, start_tenant
from aiconform.checks.secure_accelerator_access.visits import (
    START_S,
    first_listing,
    look_again,
    visit,
)
from aiconform.cluster.resources import POD, RESOURCE_CLAIM, RUNTIME_CLASS

PENDING_S = 30.0  # so long a pod that must not start is watched
RELEASE_S = 120.0
RUNTIME_S = 60.0  # a RuntimeClass whose handler a node lacks keeps its pod waiting for ever
_MOST_NUMBERS, _MOST_RUNTIMES = 32, 3


class AtSite:
    """Holds two devices at most, and gives back the first one half-way."""

    def __init__(self, ctx: Context, site: Site, number: int) -> None:
        self._ctx, self._site, self._number = ctx, site, number
        self._a: Tenant | None = None
        self._b: Tenant | None = None

    async def look(self) -> None:
        async with self._step("own-device") as seen:
            self._a = await self._tenant("a", seen)
            if self._a.listing is None:
                await self._end(self._a)
        if not seen.ok or self._a is None or self._a.listing is None:
            return
        wanted = self._numbers_of(self._a)
        await asyncio.gather(
            self._container_scope(wanted),
            self._bystander("no-request", {}),
            self._bystander("environment", manifests.by_environment()),
            self._bystander("volumes", manifests.by_volumes(self._site)),
            self._runtimes(),
            self._node_creation(wanted),
        )
        await self._two_tenants()
        await asyncio.gather(self._capacity(), self._foreign_claim(), self._admin_access())
        await self._release()

    # --- steps ---------------------------------------------------------------------------------

    async def _container_scope(self, wanted: list[str]) -> None:
        """A5: the other container of the very pod that has a device."""
        async with self._step("container-scope") as seen:
            seen["listing"], seen["files"] = await look_again(
                self._ctx,
                self._pod_a,
                SIDECAR,
                SIDECAR_PORT,
                make=wanted,
                look_for=self._wanted(),
                label="again",
            )

    async def _bystander(self, step: str, trick: Mapping[str, Any]) -> None:
        """A1 to A3: a pod that asked for nothing, or asked around the scheduler."""
        async with self._step(step) as seen:
            pod = self._visitor(step, **trick)
            seen.update({"trick": dict(trick), **await visit(self._ctx, pod)})

    async def _runtimes(self) -> None:
        """A2 again, by each RuntimeClass whose handler hands out devices."""
        async with self._step("runtime-classes") as seen:
            classes = await self._ctx.find(RUNTIME_CLASS, namespace=None)
            named = [
                str(each["metadata"]["name"])
                for each in classes
                if any(word in str(each.get("handler", "")).lower() for word in HANDLERS)
            ]
            seen.update({"classes": named[:_MOST_RUNTIMES], "left_out": named[_MOST_RUNTIMES:]})
            trick = manifests.by_environment()
            pods_of = [
                self._visitor(f"runtime-{n}", runtime_class=name, **trick)
                for n, name in enumerate(named[:_MOST_RUNTIMES])
            ]
            looks = await asyncio.gather(
                *(visit(self._ctx, pod, limit_s=RUNTIME_S) for pod in pods_of)
            )
            seen["looks"] = [
                {"class": name, **look} for name, look in zip(named, looks, strict=False)
            ]
            seen["files"] = [path for look in looks for path in look["files"]]

    async def _node_creation(self, wanted: list[str]) -> None:
        """A4: files of the very numbers, made by a pod without a device and by its holder."""
        async with self._step("node-creation") as seen:
            seen["numbers"] = wanted
            seen["files"] = []
            if not wanted:
                return
            found = await visit(self._ctx, self._visitor("maker", make=wanted))
            control, files = await look_again(
                self._ctx, self._pod_a, HOLDER, HOLDER_PORT, make=wanted, label="control"
            )
            seen.update({**found, "control": control, "files": [*found["files"], *files]})

    async def _two_tenants(self) -> None:
        """A6: each tries the other's device."""
        async with self._step("two-tenants") as seen:
            seen["files"] = []
            inventory = await self._ctx.inventory()
            left = min(self._free_in(inventory), self._ctx.device_budget - 1)
            seen["free_beside_a"] = left
            if not left:
                return
            self._b = await self._tenant("b", seen)
            if self._a is None or self._b.listing is None:
                return
            of_a, of_b = self._numbers_of(self._a), self._numbers_of(self._b)
            looks = {}
            for short, whose, others in (("a", self._a, of_b), ("b", self._b, of_a)):
                found, files = await look_again(
                    self._ctx, whose.pod, HOLDER, HOLDER_PORT, make=others, label="neighbour"
                )
                looks[short] = found
                seen["files"] = [*seen["files"], *files]
            seen["looks"] = looks

    async def _capacity(self) -> None:
        """A7: one device more than there are free."""
        async with self._step("capacity") as seen:
            seen["files"] = []
            before = await self._ctx.inventory()
            count = self._free_in(before) + 1
            seen["tenants"] = await self._tenant_states()
            name = self._name("surplus")
            claim = await self._claim(name, count)
            pod = manifests.surplus(
                self._site, name=name, nonce=self._ctx.nonce, count=count, claim=claim
            )
            began = self._ctx.now()
            await self._ctx.apply(POD, pod, namespace="probe")
            await self._ctx.wait_for(POD, name, _bound, limit_s=PENDING_S, namespace="probe")
            last = await self._ctx.get(POD, name, namespace="probe")
            seen.update({"asked": count, "watched_s": self._ctx.now() - began})
            seen["pod"] = pods.pod_state(last)
            seen["tenants_after"] = await self._tenant_states()
            await end_tenant(self._ctx, name, claim=claim)
            # Without ours: had others taken or freed any meanwhile?
            seen["moved"] = moved(before, await self._ctx.inventory())

    async def _release(self) -> None:
        """A8: what the first tenant gives back can be granted again."""
        async with self._step("release") as seen:
            seen["files"] = []
            if self._a is None:
                return
            seen["numbers_a"] = self._numbers_of(self._a)
            seen["numbers_b"] = self._numbers_of(self._b) if self._b else []
            began = self._ctx.now()
            seen["gone"] = await self._end(self._a)
            c = await self._tenant("c", seen, limit_s=RELEASE_S)
            seen["took_s"] = self._ctx.now() - began
            seen["limit_s"] = RELEASE_S
            seen["free_after"] = self._free_in(await self._ctx.inventory())
            await asyncio.gather(self._end(c), self._end(self._b))

    async def _admin_access(self) -> None:
        """A9: a claim on devices that others hold, asked for as a dry run."""
        if self._site.mode != "dra":
            return
        async with self._step("admin-access") as seen:
            for short, admin in (("plain", False), ("admin", True)):
                made = manifests.claim(self._site, name=self._name(f"dry-{short}"), admin=admin)
                reply = await self._ctx.attempt(RESOURCE_CLAIM, made, namespace="probe")
                requests = ((reply.body.get("spec") or {}).get("devices") or {}).get("requests")
                kept = any((r.get("exactly") or {}).get("adminAccess") for r in requests or ())
                seen[short] = {"ok": reply.ok, "status": reply.status, "reason": reply.reason,
                               "message": reply.message[:600], "kept": kept}  # fmt: skip

    async def _foreign_claim(self) -> None:
        """A10: the first tenant's claim, named by a pod of another namespace."""
        if self._site.mode != "dra" or self._a is None:
            return
        async with self._step("foreign-claim") as seen:
            name = self._name("borrower")
            pod = manifests.borrower(
                self._site, name=name, nonce=self._ctx.nonce, claim=self._a.claim
            )
            await self._ctx.apply(POD, pod)
            last = await self._ctx.wait_for(POD, name, _bound, limit_s=PENDING_S)
            last = last or await self._ctx.get(POD, name)
            seen["pod"] = pods.pod_state(last)
            seen["watched_s"] = PENDING_S
            if last is not None:
                await self._ctx.delete(POD, last)

    # --- inside --------------------------------------------------------------------------------

    def _step(self, name: str) -> Any:
        return self._ctx.step(step_name(name, self._number))

    def _name(self, short: str) -> str:
        return self._ctx.name(f"{short}-{self._number}")

    @property
    def _pod_a(self) -> dict[str, Any]:
        if self._a is None:
            raise UnavailableError("NoTenant", "the first tenant is not there")
        return self._a.pod

    def _visitor(self, short: str, **trick: Any) -> dict[str, Any]:
        return manifests.visitor(
            self._site.hostname, name=self._name(short), nonce=self._ctx.nonce,
            taints=self._site.taints, look_for=self._wanted(), **trick,
        )  # fmt: skip

    def _wanted(self) -> list[str]:
        """What one who was granted nothing tries to open: patterns of paths, and numbers."""
        files = self._site.files
        of = numbers(self._a.listing["devices"]) if self._a and self._a.listing else ()
        majors = [f"{major}:*" for major in sorted(telling_majors(of))]
        return [*files.devices, *files.controls, *majors, *sorted(of)[:_MOST_NUMBERS]]

    async def _tenant(self, short: str, seen: Step, *, limit_s: float = START_S) -> Tenant:
        """Start one and put what it said into the step; no listing: it is not running."""
        name = self._name(short)
        claim = await self._claim(name, 1)
        tenant = await start_tenant(self._ctx, self._site, name, claim=claim, limit_s=limit_s)
        seen.update({"pod": tenant.state, "allocated": tenant.allocated, "claim": claim})
        seen.update({"listing": None, "files": list(tenant.files)})
        if not tenant.state.get("ready"):
            return tenant
        tenant.listing, files = await first_listing(self._ctx, name, HOLDER)
        seen.update({"listing": tenant.listing, "files": [*tenant.files, *files]})
        return tenant

    async def _claim(self, name: str, count: int) -> str:
        if self._site.mode == "plugin":
            return ""
        made = manifests.claim(self._site, name=name, count=count)
        await self._ctx.apply(RESOURCE_CLAIM, made, namespace="probe")
        return name

    async def _tenant_states(self) -> dict[str, Any]:
        there = {"a": self._a, "b": self._b}
        return {
            short: pods.pod_state(await self._ctx.get(POD, tenant.name, namespace="probe"))
            for short, tenant in there.items()
            if tenant is not None
        }

    async def _end(self, tenant: Tenant | None) -> bool:
        """Whether it is gone."""
        return tenant is None or await end_tenant(self._ctx, tenant.name, claim=tenant.claim)

    def _free_in(self, inventory: Any) -> int:
        site = self._site
        if site.mode == "plugin":
            return sum(o.free or 0 for o in inventory.plugin
                       if o.resource == site.resource and o.node == site.node)  # fmt: skip
        return sum(1 for d in inventory.free_devices()
                   if d.driver == site.driver and d.node == site.node)  # fmt: skip

    def _numbers_of(self, tenant: Tenant) -> list[str]:
        listing = tenant.listing
        return (
            []
            if listing is None
            else sorted(numbers(granted(listing, self._site.files)))[:_MOST_NUMBERS]
        )


def _bound(pod: Mapping[str, Any]) -> bool:
    return bool((pod.get("spec") or {}).get("nodeName"))
