"""
Kubernetes' own gang scheduling: PodGroup of 1.37 and 1.36, Workload of 1.35.

Source: k8s.io/api v0.35.0 scheduling/v1alpha1 and core/v1 (WorkloadReference), v0.36.0
scheduling/v1alpha2, v0.37.2 scheduling/v1beta1 and v1alpha3.
"""

from collections.abc import Mapping
from dataclasses import replace
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
    ranked,
)
from aiconform.checks.gang_scheduling.capacity import Amounts
from aiconform.cluster.resources import POD
from aiconform.cluster.trouble import mapping

GROUP = "scheduling.k8s.io"
# The newest first. 1.35 had Workloads only.
POD_GROUPS = {
    version: Resource(GROUP, version, "podgroups", "PodGroup")
    for version in ("v1", "v1beta1", "v1alpha3", "v1alpha2")
}
WORKLOAD = Resource(GROUP, "v1alpha1", "workloads", "Workload")
# 1.36 named it PodGroupScheduled.
_SCHEDULED = ("PodGroupInitiallyScheduled", "PodGroupScheduled")
_TEMPLATE = "ranks"


class Native:
    name = "native"

    async def discover(self, ctx: Context) -> Offer | None:
        """Served, and a pod keeps its group: without the feature gate it is dropped silently."""
        version = await self._version(ctx)
        if version is None:
            return None
        offer = Offer(self.name, version)
        gang = Gang(ctx.name("native-probe"), 1)
        probe = {
            "metadata": {"name": gang.name},
            "spec": {"containers": [{"name": "workload"}], **_membership(gang, version)},
        }
        reply = await ctx.attempt(POD, probe, dry_run=True)
        if not reply.ok:
            return offer.refused("PodRefused", f"a pod of a group is refused: {reply.message}")
        if not self.kept(reply.body, gang.name):
            told = (
                f"{GROUP}/{version} is served, but pods lose their group when they are created: "
                "the scheduler would place them one by one"
            )
            return offer.refused("GroupDropped", told, broken=True)
        name = mapping(reply.body.get("spec")).get("priorityClassName")
        return replace(offer, priority_class=str(name or ""))

    async def weigh(self, ctx: Context, offer: Offer, request: Amounts) -> Offer:
        """Group pre-emption takes Never from the pods' priority class."""
        return offer

    def objects(self, gang: Gang, offer: Offer, pod: PodMaker) -> tuple[tuple[Resource, Json], ...]:
        def dress(made: Json) -> Json:
            return {**made, "spec": {**made["spec"], **_membership(gang, offer.version)}}

        return (_group(gang, offer), *ranked(gang, pod, dress, POD))

    async def group(self, ctx: Context, gang: Gang, offer: Offer) -> Json | None:
        return await ctx.get(_resource(offer.version), gang.name)

    def standing(self, group: Mapping[str, Any] | None) -> Standing:
        found = conditions(group)
        for name in _SCHEDULED:
            if name not in found:
                continue
            told = found[name]
            if told.get("status") == "True":
                return in_words("admitted", told)
            waiting = told.get("reason") == "Unschedulable"
            return in_words("waiting" if waiting else "unclear", told)
        return Standing("unclear", message="the group has no condition")

    def kept(self, pod: Mapping[str, Any], gang: str) -> bool:
        spec = mapping(pod.get("spec"))
        return gang in {
            mapping(spec.get("schedulingGroup")).get("podGroupName"),
            mapping(spec.get("workloadRef")).get("name"),
        }

    async def _version(self, ctx: Context) -> str | None:
        """Not every version of the group has the kind: v1 has priority classes alone."""
        served = await ctx.versions(GROUP)
        for version in POD_GROUPS:
            if version in served and "podgroups" in await ctx.served(GROUP, version):
                return version
        old = WORKLOAD.version
        if old in served and "workloads" in await ctx.served(GROUP, old):
            return old
        return None


def _resource(version: str) -> Resource:
    return POD_GROUPS.get(version, WORKLOAD)


def _membership(gang: Gang, version: str) -> Json:
    if version == WORKLOAD.version:
        return {"workloadRef": {"name": gang.name, "podGroup": _TEMPLATE}}
    return {"schedulingGroup": {"podGroupName": gang.name}}


def _group(gang: Gang, offer: Offer) -> tuple[Resource, Json]:
    """The scheduler refuses a group whose priority is not that of its pods."""
    policy = {"gang": {"minCount": gang.size}}
    if offer.version == WORKLOAD.version:
        spec: Json = {"podGroups": [{"name": _TEMPLATE, "policy": policy}]}
    else:
        spec = {"schedulingPolicy": policy}
        if offer.priority_class:
            spec["priorityClassName"] = offer.priority_class
    return _resource(offer.version), {"metadata": {"name": gang.name}, "spec": spec}
