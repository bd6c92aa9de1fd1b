"""
Volcano: PodGroup and Queue of scheduling.volcano.sh, pods for the scheduler `volcano`.

Unmet demand is harmful where the scheduler reclaims or pre-empts: then its other queues must be
empty. Whether it does is read from its configuration; unread, it counts as doing so.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.framework import Context, Resource
from aiconform.checks.gang_scheduling.adapters.base import (
    Gang,
    Json,
    Offer,
    PodMaker,
    Standing,
    conditions,
    in_words,
    metadata_of,
    ranked,
    with_metadata,
)
from aiconform.checks.gang_scheduling.capacity import Amounts
from aiconform.cluster.resources import CONFIG_MAP, POD
from aiconform.cluster.trouble import mapping
from aiconform.model.errors import ForbiddenError

GROUP, VERSION = "scheduling.volcano.sh", "v1beta1"
POD_GROUP = Resource(GROUP, VERSION, "podgroups", "PodGroup")
QUEUE = Resource(GROUP, VERSION, "queues", "Queue", namespaced=False)
ANNOTATION = "scheduling.k8s.io/group-name"
SCHEDULER = "volcano"
CONFIGURATION = "volcano-scheduler-configmap"
_NAMESPACE = "volcano-system"
_ACTIONS = re.compile(r'^\s*actions:\s*"?([^"\n]*)"?', re.MULTILINE)
_TAKING = frozenset({"preempt", "reclaim", "gangpreempt", "gangreclaim"})
_HELD = ("running", "inqueue", "pending")


class Volcano:
    name = "volcano"

    async def discover(self, ctx: Context) -> Offer | None:
        if "podgroups" not in await ctx.served(GROUP, VERSION):
            return None
        queue = str(ctx.settings.get("queue") or "default")
        offer = Offer(self.name, VERSION, queue=queue, scheduler=SCHEDULER)
        found = next((q for q in await ctx.find(QUEUE, namespace=None) if _name(q) == queue), None)
        if found is None:
            return offer.refused("NoQueue", f"Volcano has no queue {queue}")
        if mapping(found.get("status")).get("state", "Open") != "Open":
            return offer.refused("NoQueue", f"Volcano's queue {queue} is not open")
        return offer

    async def weigh(self, ctx: Context, offer: Offer, request: Amounts) -> Offer:
        text = await self._configuration(ctx)
        queues = await ctx.find(QUEUE, namespace=None)
        why = would_reclaim(text, queues, ours=offer.queue)
        return offer.refused("WouldReclaim", why) if why else offer

    def objects(self, gang: Gang, offer: Offer, pod: PodMaker) -> tuple[tuple[Resource, Json], ...]:
        def dress(made: Json) -> Json:
            made = with_metadata(made, notes={ANNOTATION: gang.name})
            return {**made, "spec": {**made["spec"], "schedulerName": offer.scheduler}}

        group = {
            "metadata": {"name": gang.name},
            "spec": {"minMember": gang.size, "queue": offer.queue},
        }
        return ((POD_GROUP, group), *ranked(gang, pod, dress, POD))

    async def group(self, ctx: Context, gang: Gang, offer: Offer) -> Json | None:
        return await ctx.get(POD_GROUP, gang.name)

    def standing(self, group: Mapping[str, Any] | None) -> Standing:
        if group is None:
            return Standing("unclear", message="the group is gone")
        phase = str(mapping(group.get("status")).get("phase") or "")
        if phase in {"Running", "Completed"}:
            return Standing("admitted", phase)
        told = conditions(group).get("Unschedulable")
        if phase in {"Pending", "Inqueue"} and told and told.get("status") == "True":
            enough = told.get("reason") == "NotEnoughResources"
            return in_words("waiting" if enough else "unclear", told)
        return Standing("unclear", phase, "no condition says why")

    def kept(self, pod: Mapping[str, Any], gang: str) -> bool:
        ours = mapping(pod.get("spec")).get("schedulerName") == SCHEDULER
        return ours and metadata_of(pod, "annotations").get(ANNOTATION) == gang

    async def _configuration(self, ctx: Context) -> str | None:
        try:
            found = await ctx.get(CONFIG_MAP, CONFIGURATION, namespace=_NAMESPACE)
        except ForbiddenError:
            return None  # as good as taking: see would_reclaim
        if found is None:
            return None
        return "\n".join(str(text) for text in mapping(found.get("data")).values())


def would_reclaim(
    configuration: str | None, queues: Sequence[Mapping[str, Any]], *, ours: str
) -> str:
    """Why unmet demand in our queue could take from others; "" when it cannot."""
    if configuration is not None:
        actions = {
            action.strip().lower()
            for found in _ACTIONS.findall(configuration)
            for action in found.split(",")
        }
        if actions and not actions & _TAKING:
            return ""
        told = ", ".join(sorted(actions))
        how = f"its actions are {told}" if actions else "its configuration names no actions"
    else:
        how = "its configuration cannot be read"
    others = [
        _name(queue)
        for queue in queues
        if _name(queue) not in {ours, "root"}
        and any(mapping(queue.get("status")).get(held) for held in _HELD)
    ]
    if not others:
        return ""
    return (
        f"Volcano could take resources from the queues {', '.join(sorted(others)[:5])} for a gang "
        f"that waits: {how}"
    )


def _name(found: Mapping[str, Any]) -> str:
    return str(mapping(found.get("metadata")).get("name", ""))
