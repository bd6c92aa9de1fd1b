"""
The KAI scheduler: PodGroup and Queue of scheduling.run.ai, pods for the scheduler `kai-scheduler`.

KAI makes groups of its own, one for each bare pod: a gang needs an explicit PodGroup with
minMember. A queue within its quota may reclaim from queues that are over theirs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.framework import Context, Resource
from aiconform.checks.gang_scheduling.adapters.base import (
    Gang,
    Json,
    Offer,
    PodMaker,
    Standing,
    metadata_of,
    ranked,
    with_metadata,
)
from aiconform.checks.gang_scheduling.capacity import Amounts, amount
from aiconform.cluster.resources import POD
from aiconform.cluster.trouble import mapping, mappings

GROUP = "scheduling.run.ai"
POD_GROUP = Resource(GROUP, "v2alpha2", "podgroups", "PodGroup")
QUEUE = Resource(GROUP, "v2", "queues", "Queue", namespaced=False)
LABEL, ANNOTATION = "kai.scheduler/queue", "pod-group-name"
SCHEDULER = "kai-scheduler"
_REFUSED = "UnschedulableOnNodePool"
# Unit of a queue's quota: millicores, megabytes, devices.
_UNITS = {"cpu": 1e-3, "memory": 1e6, "gpu": 1.0}


class Kai:
    name = "kai"

    async def discover(self, ctx: Context) -> Offer | None:
        if "podgroups" not in await ctx.served(GROUP, POD_GROUP.version):
            return None
        offer = Offer(self.name, POD_GROUP.version, scheduler=SCHEDULER)
        queues = await ctx.find(QUEUE, namespace=None)
        wanted = str(ctx.settings.get("queue") or "")
        leaves = [name for name in leaf_queues(queues) if wanted in {"", name}]
        if len(leaves) != 1:
            told = (
                f"KAI has {len(leaves)} queues that gangs can be submitted to; name one in "
                "run.checks.settings.gang_scheduling.queue"
            )
            return offer.refused("NoQueue", told)
        return Offer(self.name, POD_GROUP.version, queue=leaves[0], scheduler=SCHEDULER)

    async def weigh(self, ctx: Context, offer: Offer, request: Amounts) -> Offer:
        queues = await ctx.find(QUEUE, namespace=None)
        why = would_reclaim(queues, ours=offer.queue, request=request)
        return offer.refused("WouldReclaim", why) if why else offer

    def objects(self, gang: Gang, offer: Offer, pod: PodMaker) -> tuple[tuple[Resource, Json], ...]:
        def dress(made: Json) -> Json:
            made = with_metadata(made, labels={LABEL: offer.queue}, notes={ANNOTATION: gang.name})
            return {**made, "spec": {**made["spec"], "schedulerName": offer.scheduler}}

        group = {
            "metadata": {"name": gang.name, "labels": {LABEL: offer.queue}},
            "spec": {"minMember": gang.size, "queue": offer.queue},
        }
        return ((POD_GROUP, group), *ranked(gang, pod, dress, POD))

    async def group(self, ctx: Context, gang: Gang, offer: Offer) -> Json | None:
        return await ctx.get(POD_GROUP, gang.name)

    def standing(self, group: Mapping[str, Any] | None) -> Standing:
        """Admission is seen in the pods, which get nodes."""
        for told in mappings(mapping((group or {}).get("status")).get("schedulingConditions")):
            if told.get("type") == _REFUSED and told.get("status", "True") == "True":
                reason, message = str(told.get("reason", "")), str(told.get("message", ""))
                return Standing("waiting", reason or _REFUSED, message)
        return Standing("unclear", message="the group has no scheduling condition")

    def kept(self, pod: Mapping[str, Any], gang: str) -> bool:
        ours = mapping(pod.get("spec")).get("schedulerName") == SCHEDULER
        return ours and metadata_of(pod, "annotations").get(ANNOTATION) == gang


def leaf_queues(queues: Sequence[Mapping[str, Any]]) -> list[str]:
    """Queues that no other has as its parent: only these take workloads."""
    parents = {mapping(queue.get("spec")).get("parentQueue") for queue in queues}
    return sorted(_name(queue) for queue in queues if _name(queue) not in parents)


def would_reclaim(queues: Sequence[Mapping[str, Any]], *, ours: str, request: Amounts) -> str:
    """Why KAI could take from another queue for our gang; "" when nobody is over its quota."""
    kinds = {"gpu" if resource not in {"cpu", "memory"} else resource for resource in request}
    for queue in queues:
        if _name(queue) == ours:
            continue
        for kind in sorted(kinds):
            if _over(queue, kind):
                return (
                    f"queue {_name(queue)} runs over its quota of {kind}: KAI could reclaim from "
                    "it for a gang that waits"
                )
    return ""


def _over(queue: Mapping[str, Any], kind: str) -> bool:
    quotas = mapping(mapping(queue.get("spec")).get("resources"))
    told = mapping(quotas.get(kind)).get("quota", 0)
    quota = float(told) if isinstance(told, int | float) else 0.0
    if quota < 0:
        return False  # unlimited
    allocated = mapping(mapping(queue.get("status")).get("allocated"))
    used = sum(
        amount(quantity)
        for resource, quantity in allocated.items()
        if (resource if resource in {"cpu", "memory"} else "gpu") == kind
        and (kind != "gpu" or "/" in resource or resource == "gpu")
    )
    return used > quota * _UNITS[kind] + 1e-9


def _name(found: Mapping[str, Any]) -> str:
    return str(mapping(found.get("metadata")).get("name", ""))
