"""
Kueue: a suspended Job with a queue's name, admitted as a whole by quota.

Quota and free devices are two things: what the quota lets in need not fit on the nodes. So a gang
is as large as both allow, and what happens when they differ is watched.
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
    conditions,
    in_words,
    metadata_of,
)
from aiconform.checks.gang_scheduling.capacity import Amounts, amount
from aiconform.cluster.resources import JOB
from aiconform.cluster.trouble import mapping, mappings

GROUP = "kueue.x-k8s.io"
VERSIONS = ("v1beta2", "v1beta1")
WORKLOADS = {v: Resource(GROUP, v, "workloads", "Workload") for v in VERSIONS}
LOCAL_QUEUES = {v: Resource(GROUP, v, "localqueues", "LocalQueue") for v in VERSIONS}
CLUSTER_QUEUES = {
    v: Resource(GROUP, v, "clusterqueues", "ClusterQueue", namespaced=False) for v in VERSIONS
}
LABEL = "kueue.x-k8s.io/queue-name"
# "Not now": the newest and older releases. All else, such as ExceedsMaxQuota, NoMatchingFlavor,
# Misconfigured or Inadmissible, says "never", and proves nothing.
_WAITING = frozenset({"WaitingForQuota", "Pending"})
_NEVER_WORDS = ("exceeds", "didn't match", "not found", "inactive", "doesn't exist", "unavailable")


class Kueue:
    name = "kueue"

    async def discover(self, ctx: Context) -> Offer | None:
        served = await ctx.versions(GROUP)
        version = next((v for v in VERSIONS if v in served), None)
        if version is None:
            return None
        offer = Offer(self.name, version)
        wanted = str(ctx.settings.get("queue") or "")
        queues = [
            name
            for queue in await ctx.find(LOCAL_QUEUES[version])
            if wanted in {"", name := _name(queue)}
        ]
        if len(queues) != 1:
            told = (
                f"Kueue has {len(queues)} usable LocalQueues in namespace {ctx.work}: make one, "
                "or name it in run.checks.settings.gang_scheduling.queue"
            )
            return offer.refused("NoQueue", told)
        return Offer(self.name, version, queue=queues[0])

    async def weigh(self, ctx: Context, offer: Offer, request: Amounts) -> Offer:
        local = await ctx.get(LOCAL_QUEUES[offer.version], offer.queue)
        name = str(mapping((local or {}).get("spec")).get("clusterQueue", ""))
        queues = await ctx.find(CLUSTER_QUEUES[offer.version], namespace=None)
        queue = next((each for each in queues if _name(each) == name), None)
        if queue is None:
            return offer.refused("NoQueue", f"LocalQueue {offer.queue} has no ClusterQueue {name}")
        if why := would_reclaim(queue, queues):
            return offer.refused("WouldReclaim", why)
        room = free_quota(queue, request)
        if room is not None and room < 2:
            told = f"ClusterQueue {name} has quota left for {room} pods of ours; two are needed"
            return offer.refused("NoQuota", told)
        return Offer(self.name, offer.version, queue=offer.queue, quota=room)

    def objects(self, gang: Gang, offer: Offer, pod: PodMaker) -> tuple[tuple[Resource, Json], ...]:
        made = pod(None)
        template = {
            "metadata": {key: value for key, value in made["metadata"].items() if key != "name"},
            "spec": made["spec"],
        }
        labels = {**made["metadata"].get("labels", {}), LABEL: offer.queue}
        job = {
            "metadata": {"name": gang.name, "labels": labels},
            "spec": {
                "suspend": True,
                "parallelism": gang.size,
                "completions": gang.size,
                "completionMode": "Indexed",
                "backoffLimit": 0,
                "template": template,
            },
        }
        return ((JOB, job),)

    async def group(self, ctx: Context, gang: Gang, offer: Offer) -> Json | None:
        """The Workload that Kueue made of the Job; None: it did not take the Job up."""
        for workload in await ctx.find(WORKLOADS[offer.version]):
            owners = mappings(mapping(workload.get("metadata")).get("ownerReferences"))
            if any(o.get("kind") == "Job" and o.get("name") == gang.name for o in owners):
                return workload
        return None

    def standing(self, group: Mapping[str, Any] | None) -> Standing:
        found = conditions(group)
        if found.get("Evicted", {}).get("status") == "True":
            return in_words("evicted", found["Evicted"])
        if found.get("Admitted", {}).get("status") == "True":
            return in_words("admitted", found["Admitted"])
        reserved = found.get("QuotaReserved")
        if reserved is None or reserved.get("status") == "True":
            return Standing("unclear", message="no condition says why it waits")
        message = str(reserved.get("message", "")).lower()
        # Older releases say Pending of everything; the message tells the difference.
        never = any(word in message for word in _NEVER_WORDS)
        if reserved.get("reason") in _WAITING and not never:
            return in_words("waiting", reserved)
        return in_words("misconfigured", reserved)

    def kept(self, pod: Mapping[str, Any], gang: str) -> bool:
        """Its Job is what belongs to the queue; the pod bears the Job's name."""
        return str(metadata_of(pod, "labels").get("batch.kubernetes.io/job-name", gang)) == gang


def would_reclaim(queue: Mapping[str, Any], queues: Sequence[Mapping[str, Any]]) -> str:
    """
    Why a workload that waits in this ClusterQueue could take from others; "" when it cannot.

    Cohorts may have parents that cannot be read: every queue that is in any cohort counts.
    """
    name, spec = _name(queue), mapping(queue.get("spec"))
    preemption = mapping(spec.get("preemption"))
    if preemption.get("reclaimWithinCohort", "Never") != "Never" and _cohort(queue):
        borrowers = sorted(
            _name(other)
            for other in queues
            if _name(other) != name and _cohort(other) and _borrows(other)
        )
        if borrowers:
            return (
                f"ClusterQueue {name} reclaims within its cohort, and {', '.join(borrowers[:5])} "
                "borrow quota"
            )
    within = preemption.get("withinClusterQueue", "Never")
    status = mapping(queue.get("status"))
    held = status.get("reservingWorkloads") or status.get("admittedWorkloads") or 0
    if within != "Never" and held:
        return (
            f"ClusterQueue {name} pre-empts within itself ({within}), and {held} workloads of "
            "others hold its quota"
        )
    return ""


def free_quota(queue: Mapping[str, Any], request: Amounts) -> int | None:
    """
    For how many pods of this request the queue has quota of its own left.

    Returns:
        None when the queue limits none of the resources. What it could borrow does not count.
    """
    spec, used = mapping(queue.get("spec")), _used(queue)
    rooms = []
    for resource, each in request.items():
        left = [
            amount(quota.get("nominalQuota", 0)) - used.get((str(flavor.get("name")), resource), 0)
            for group in mappings(spec.get("resourceGroups"))
            for flavor in mappings(group.get("flavors"))
            for quota in mappings(flavor.get("resources"))
            if quota.get("name") == resource
        ]
        if left and each > 0:
            rooms.append(int((max(left) + 1e-9) / each))  # a gang gets one flavour
    return max(0, min(rooms)) if rooms else None


def _used(queue: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    """Flavour and resource → reserved, or at least in use."""
    status = mapping(queue.get("status"))
    found: dict[tuple[str, str], float] = {}
    for kind in ("flavorsReservation", "flavorsUsage"):
        for flavor in mappings(status.get(kind)):
            for resource in mappings(flavor.get("resources")):
                key = (str(flavor.get("name")), str(resource.get("name")))
                found[key] = max(found.get(key, 0.0), amount(resource.get("total", 0)))
    return found


def _borrows(queue: Mapping[str, Any]) -> bool:
    return any(
        amount(resource.get("borrowed", 0)) > 0
        for flavor in mappings(mapping(queue.get("status")).get("flavorsUsage"))
        for resource in mappings(flavor.get("resources"))
    )


def _cohort(queue: Mapping[str, Any]) -> str:
    spec = mapping(queue.get("spec"))
    return str(spec.get("cohortName") or spec.get("cohort") or "")


def _name(found: Mapping[str, Any]) -> str:
    return str(mapping(found.get("metadata")).get("name", ""))
