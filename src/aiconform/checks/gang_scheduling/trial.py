"""
One trial of the procedure: gangs are made, watched by one watch, and removed again.

What is free on the chosen nodes is counted before and after, so that a change made by others is
not taken for the scheduler's doing.
"""

import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiconform.checks.framework import Change, Context, Resource, Step, UnavailableError
from aiconform.checks.gang_scheduling.adapters import Adapter, Gang, Offer, PodMaker
from aiconform.checks.gang_scheduling.capacity import free_by_node
from aiconform.checks.gang_scheduling.shapes import service
from aiconform.checks.gang_scheduling.slots import Slots, count_slots
from aiconform.checks.gang_scheduling.timeline import (
    GANG_LABEL,
    as_csv,
    first,
    of,
    timeline,
)
from aiconform.cluster.resources import JOB, NODE, POD, SERVICE
from aiconform.cluster.trouble import mapping

Json = dict[str, Any]
Entries = list[Mapping[str, Any]]
_LOOK_S = 0.25
GONE_S = 120.0


@dataclass
class Trial:
    """
    Attributes:
        changes: Of every pod of this check, in the watch's order.
        rows: Of `timeline.csv`, shared by all trials.
    """

    ctx: Context
    adapter: Adapter
    offer: Offer
    slots: Slots
    seen: Step
    changes: list[Change]
    began: float
    made: dict[str, list[tuple[Resource, Json]]] = field(default_factory=dict)

    @property
    def entries(self) -> list[Json]:
        return timeline(self.changes, began=self.began)

    def pods(self, gang: Gang) -> dict[str, Json]:
        """By name, as the watch told them last."""
        found: dict[str, Json] = {}
        for change in self.changes:
            metadata = mapping(change.object.get("metadata"))
            if mapping(metadata.get("labels")).get(GANG_LABEL) == gang.name:
                found[str(metadata.get("name"))] = change.object
        return found

    def count(self, gang: Gang, what: str) -> int:
        """To how many of a gang's pods it has happened."""
        return len(first(of(self.entries, gang.name), what))

    async def start(self, *gangs: tuple[Gang, PodMaker], meet: bool = True) -> None:
        """Make them, turn about when there are several."""
        if meet:
            for gang, _ in gangs:
                await self._make(gang, SERVICE, service(gang))
        queues = [
            [(gang, *each) for each in self.adapter.objects(gang, self.offer, maker)]
            for gang, maker in gangs
        ]
        for turn in itertools.zip_longest(*queues):
            for each in turn:
                if each is not None:
                    await self._make(*each)

    async def start_bare(self, gang: Gang, maker: PodMaker) -> None:
        """The same pods without any gang, for the default scheduler."""
        for rank in range(gang.size):
            await self._make(gang, POD, maker(rank))

    async def wait(self, condition: Callable[[], bool], *, limit_s: float) -> bool:
        async def look() -> bool:
            return condition()

        return bool(await self.ctx.until(look, limit_s=limit_s, every_s=_LOOK_S))

    async def group(self, gang: Gang) -> Json | None:
        """What tells how the gang stands, without what is of no use."""
        found = await self.adapter.group(self.ctx, gang, self.offer)
        if found is None:
            return None
        metadata = mapping(found.get("metadata"))
        kept = {key: metadata[key] for key in ("name", "uid", "generation") if key in metadata}
        return {"metadata": kept, "spec": found.get("spec"), "status": found.get("status")}

    def stray(self, gang: Gang) -> list[str]:
        """Pods that do not belong to their gang any more."""
        pods = self.pods(gang)
        return sorted(name for name in pods if not self.adapter.kept(pods[name], gang.name))

    async def remove(self, gang: Gang) -> bool:
        """Delete what was made for a gang; has every pod gone in time?"""
        objects = self.made.pop(gang.name, [])
        for resource, made in reversed(objects):
            await self.ctx.delete(resource, made)

        async def look() -> bool:
            labels = f"{self.ctx.selector},{GANG_LABEL}={gang.name}"
            return not await self.ctx.find(POD, labels=labels)

        gone = bool(await self.ctx.until(look, limit_s=GONE_S))
        for resource, made in objects:
            # Groups are kept by a finalizer until their pods have gone; the name is used again.
            if resource not in {POD, SERVICE, JOB}:
                gone &= await self.ctx.gone(resource, made["metadata"]["name"])
        return gone

    async def _make(self, gang: Gang, resource: Resource, manifest: Json) -> None:
        made = await self.ctx.apply(resource, manifest)
        self.made.setdefault(gang.name, []).append((resource, made))


@asynccontextmanager
async def trial(
    ctx: Context, adapter: Adapter, offer: Offer, slots: Slots, step: str, rows: list[str]
) -> AsyncIterator[Trial]:
    """A step around a trial; its facts are what was counted and what the watch told."""
    async with ctx.step(step) as seen:
        seen["slots"] = slots.count
        seen["nonce"] = ctx.nonce
        seen["slots_before"], seen["nodes_before"] = await count_now(ctx, slots)
        async with ctx.following(POD, labels=ctx.selector) as changes:
            going = Trial(ctx, adapter, offer, slots, seen, changes, ctx.now())
            try:
                yield going
                gone = [await going.remove(Gang(name, 0)) for name in list(going.made)]
                seen["removed"] = all(gone)
            finally:
                seen["timeline"] = going.entries
                rows.append(as_csv(going.entries, step=step))
        seen["slots_after"], seen["nodes_after"] = await count_now(ctx, slots)


async def count_now(ctx: Context, slots: Slots) -> tuple[int, list[str]]:
    """(free slots, UIDs of all nodes) at this moment."""
    nodes = await ctx.find(NODE, namespace=None)
    pods = await ctx.find(POD, namespace=None)
    inventory = await ctx.inventory()
    if inventory.not_permitted and slots.mode != "cpu":
        raise UnavailableError("CannotCount", "; ".join(inventory.not_permitted))
    count = count_slots(slots, inventory, free_by_node(nodes, pods))
    return count, sorted(str(mapping(node.get("metadata")).get("uid")) for node in nodes)
