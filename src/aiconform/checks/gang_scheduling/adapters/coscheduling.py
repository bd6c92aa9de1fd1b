"""
The coscheduling plugin of kubernetes-sigs/scheduler-plugins: PodGroup of scheduling.x-k8s.io.

Its scheduler has no fixed name, so that the site has to tell it. It pre-empts by pod priority
only, and ours never do.
"""

from collections.abc import Mapping
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
from aiconform.checks.gang_scheduling.capacity import Amounts
from aiconform.cluster.resources import POD
from aiconform.cluster.trouble import mapping

GROUP, VERSION = "scheduling.x-k8s.io", "v1alpha1"
POD_GROUP = Resource(GROUP, VERSION, "podgroups", "PodGroup")
LABEL = "scheduling.x-k8s.io/pod-group"
_WAITING = frozenset({"", "Pending", "PreScheduling", "Scheduling", "Unknown"})
_ADMITTED = frozenset({"Scheduled", "Running", "Finished"})


class Coscheduling:
    name = "coscheduling"

    async def discover(self, ctx: Context) -> Offer | None:
        if "podgroups" not in await ctx.served(GROUP, VERSION):
            return None
        offer = Offer(self.name, VERSION, scheduler=str(ctx.settings.get("scheduler") or ""))
        if not offer.scheduler:
            told = (
                "PodGroups of the coscheduling plugin are there; name its scheduler in "
                "run.checks.settings.gang_scheduling.scheduler"
            )
            return offer.refused("NoSchedulerName", told)
        return offer

    async def weigh(self, ctx: Context, offer: Offer, request: Amounts) -> Offer:
        return offer

    def objects(self, gang: Gang, offer: Offer, pod: PodMaker) -> tuple[tuple[Resource, Json], ...]:
        def dress(made: Json) -> Json:
            made = with_metadata(made, labels={LABEL: gang.name})
            return {**made, "spec": {**made["spec"], "schedulerName": offer.scheduler}}

        group = {
            "metadata": {"name": gang.name},
            "spec": {"minMember": gang.size, "scheduleTimeoutSeconds": 10},
        }
        return ((POD_GROUP, group), *ranked(gang, pod, dress, POD))

    async def group(self, ctx: Context, gang: Gang, offer: Offer) -> Json | None:
        return await ctx.get(POD_GROUP, gang.name)

    def standing(self, group: Mapping[str, Any] | None) -> Standing:
        """Its phase says little; that it looked at the pods is said by their own conditions."""
        if group is None:
            return Standing("unclear", message="the group is gone")
        phase = str(mapping(group.get("status")).get("phase") or "")
        if phase in _WAITING:
            return Standing("waiting", phase or "Pending")
        return Standing("admitted" if phase in _ADMITTED else "unclear", phase)

    def kept(self, pod: Mapping[str, Any], gang: str) -> bool:
        return metadata_of(pod, "labels").get(LABEL) == gang
