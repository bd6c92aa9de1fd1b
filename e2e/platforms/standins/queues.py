"""
Stand-ins for Kueue, Volcano, KAI and the coscheduling plugin: gangs, all or nothing.

FLAVOUR says which. Kueue's half admits suspended Jobs against the quota of their ClusterQueue. The
others are schedulers: they bind pods of their `schedulerName` to nodes with free devices, a group
at once or not at all. Under the mutant "partial" quota and quorum are not looked at; under
"refuses" nothing is ever admitted.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from . import control, kube
from .groups import SCHEDULERS, Scheduler

KUEUE = "/apis/kueue.x-k8s.io/v1beta2"
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"


def condition(kind: str, value: bool, reason: str, message: str) -> dict[str, Any]:
    """A condition that became so now."""
    return {
        "type": kind,
        "status": "True" if value else "False",
        "reason": reason,
        "message": message,
        "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def has(status: Mapping[str, Any], kind: str, value: str, reason: str = "") -> bool:
    """Is there this condition already?"""
    return any(
        c["type"] == kind and c["status"] == value and reason in ("", c["reason"])
        for c in status.get("conditions", ())
    )


def requested(pod_spec: Mapping[str, Any], resource: str) -> int:
    """Devices that a pod asks for."""
    found = 0
    for container in pod_spec["containers"]:
        resources = container.get("resources", {})
        wanted = {**resources.get("requests", {}), **resources.get("limits", {})}
        found += int(wanted.get(resource, 0))
    return found


# ------------------------------------------------------------------------------------------ Kueue


def admit_jobs(settings: control.Settings, resource: str) -> None:
    """Make a Workload for each queued Job; admit those that fit into the quota."""
    queues = {
        (q["metadata"]["namespace"], q["metadata"]["name"]): q["spec"]["clusterQueue"]
        for q in kube.items(f"{KUEUE}/localqueues")
    }
    quota = {
        q["metadata"]["name"]: _quota(q, resource) for q in kube.items(f"{KUEUE}/clusterqueues")
    }
    jobs = kube.items(f"/apis/batch/v1/jobs?labelSelector={QUEUE_LABEL}")
    jobs.sort(key=lambda job: (job["metadata"]["creationTimestamp"], job["metadata"]["name"]))
    waiting = []
    for job in jobs:
        key = job["metadata"]["namespace"], job["metadata"]["labels"][QUEUE_LABEL]
        if key not in queues or _finished(job):
            continue
        if job["spec"].get("suspend"):
            waiting.append((job, queues[key]))
        elif queues[key] in quota:
            quota[queues[key]] -= _need(job, resource)
    for job, queue in waiting:
        need, free = _need(job, resource), quota.get(queue, 0)
        admitted = not settings.misbehaves("refuses") and (
            need <= free or settings.misbehaves("partial")
        )
        _say(job, admitted, f"insufficient unused quota for {resource}, {need - free} more needed")
        if admitted:
            quota[queue] = free - need
            place, name = job["metadata"]["namespace"], job["metadata"]["name"]
            path = f"/apis/batch/v1/namespaces/{place}/jobs/{name}"
            kube.attempt("PATCH", path, {"spec": {"suspend": False}}, content_type=kube.MERGE)


def _quota(queue: Mapping[str, Any], resource: str) -> int:
    return sum(
        int(entry["nominalQuota"])
        for group in queue["spec"].get("resourceGroups", ())
        for flavor in group["flavors"]
        for entry in flavor["resources"]
        if entry["name"] == resource
    )


def _need(job: Mapping[str, Any], resource: str) -> int:
    pods = int(job["spec"].get("parallelism", 1))
    return pods * requested(job["spec"]["template"]["spec"], resource)


def _finished(job: Mapping[str, Any]) -> bool:
    status = job.get("status", {})
    return any(has(status, kind, "True") for kind in ("Complete", "Failed"))


def _say(job: Mapping[str, Any], admitted: bool, why_not: str) -> None:
    """Keep the Job's Workload and its conditions."""
    place, name = job["metadata"]["namespace"], f"job-{job['metadata']['name']}"
    path = f"{KUEUE}/namespaces/{place}/workloads"
    owner = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": job["metadata"]["name"],
        "uid": job["metadata"]["uid"],
        "controller": True,
    }
    count = int(job["spec"].get("parallelism", 1))
    pod_set = {"name": "main", "count": count, "template": job["spec"]["template"]}
    workload = {
        "apiVersion": "kueue.x-k8s.io/v1beta2",
        "kind": "Workload",
        "metadata": {"name": name, "ownerReferences": [owner]},
        "spec": {
            "queueName": job["metadata"]["labels"][QUEUE_LABEL],
            "podSets": [pod_set],
            "active": True,
        },
    }
    there = kube.attempt("POST", path, workload) or kube.attempt("GET", f"{path}/{name}") or {}
    status = there.get("status", {})
    if admitted and not has(status, "Admitted", "True"):
        conditions = [
            condition("QuotaReserved", True, "QuotaReserved", "Quota reserved"),
            condition("Admitted", True, "Admitted", "The workload is admitted"),
        ]
        kube.merge_status(f"{path}/{name}", {"conditions": conditions})
    if not admitted and not has(status, "QuotaReserved", "False"):
        waits = condition("QuotaReserved", False, "WaitingForQuota", f"couldn't assign: {why_not}")
        kube.merge_status(f"{path}/{name}", {"conditions": [waits]})


# ------------------------------------------------------------------------------------- schedulers


def schedule(settings: control.Settings, kind: Scheduler, resource: str) -> None:
    """Bind what may be bound, group by group, and say of the others why not."""
    pods = kube.items("/api/v1/pods")
    free = _free(pods, resource)
    for place, name, waiting, bound in _gangs(pods, kind):
        path = f"{kind.groups}/namespaces/{place}/podgroups/{name}"
        group = kube.attempt("GET", path)
        if group is None:
            continue
        quorum = 1 if settings.misbehaves("partial") else int(group["spec"]["minMember"]) - bound
        chosen = _fit(waiting, dict(free), resource)
        if len(chosen) >= max(1, quorum) and not settings.misbehaves("refuses"):
            for pod_name, node in chosen.items():
                _bind(place, pod_name, node)
                spec = next(p["spec"] for p in waiting if p["metadata"]["name"] == pod_name)
                free[node] -= requested(spec, resource)
            if kind.placed:
                kube.merge_status(path, kind.placed(condition))
            continue
        text = f"{len(waiting)}/{quorum} tasks in gang unschedulable: {len(chosen)} fit"
        if kind.refused and not kind.is_refused(group.get("status", {})):
            kube.merge_status(path, kind.refused(condition, text))
        for pod in waiting:
            _unschedulable(pod, text)


def _gangs(
    pods: list[dict[str, Any]], kind: Scheduler
) -> Iterator[tuple[str, str, list[dict[str, Any]], int]]:
    """(namespace, group, its pods without a node, how many have one), the oldest group first."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for pod in sorted(pods, key=lambda p: str(p["metadata"]["creationTimestamp"])):
        name = kind.group_of(pod)
        if pod["spec"].get("schedulerName") == kind.name and name:
            found.setdefault((pod["metadata"]["namespace"], name), []).append(pod)
    for (place, name), members in found.items():
        waiting = [p for p in members if "nodeName" not in p["spec"] and _lives(p)]
        if waiting:
            yield place, name, waiting, len(members) - len(waiting)


def _lives(pod: Mapping[str, Any]) -> bool:
    return "deletionTimestamp" not in pod["metadata"]


def _free(pods: list[dict[str, Any]], resource: str) -> dict[str, int]:
    """Node → devices that no pod holds."""
    free = {
        node["metadata"]["name"]: int(node["status"]["allocatable"].get(resource, 0))
        for node in kube.items("/api/v1/nodes")
        if not node["spec"].get("unschedulable")
    }
    for pod in pods:
        node = pod["spec"].get("nodeName")
        if node in free and pod["status"].get("phase") not in ("Succeeded", "Failed"):
            free[node] -= requested(pod["spec"], resource)
    return free


def _fit(pods: list[dict[str, Any]], free: dict[str, int], resource: str) -> dict[str, str]:
    """Pod → node for as many as fit; `free` is used up."""
    chosen = {}
    for pod in pods:
        need = requested(pod["spec"], resource)
        for node in sorted(free):
            if free[node] >= need and _allowed(pod["spec"], node):
                chosen[pod["metadata"]["name"]] = node
                free[node] -= need
                break
    return chosen


def _allowed(spec: Mapping[str, Any], node: str) -> bool:
    """Do node selector and affinity, as far as they speak of host names, let the pod there?"""
    wanted = spec.get("nodeSelector", {}).get("kubernetes.io/hostname", node)
    required = (
        spec.get("affinity", {})
        .get("nodeAffinity", {})
        .get("requiredDuringSchedulingIgnoredDuringExecution", {})
    )
    terms = required.get("nodeSelectorTerms", ())
    names = [
        entry["values"]
        for term in terms
        for entry in term.get("matchExpressions", ())
        if entry["key"] == "kubernetes.io/hostname"
    ]
    return wanted == node and all(node in values for values in names)


def _bind(place: str, name: str, node: str) -> None:
    binding = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": name},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    }
    kube.attempt("POST", f"/api/v1/namespaces/{place}/pods/{name}/binding", binding)


def _unschedulable(pod: Mapping[str, Any], text: str) -> None:
    if not has(pod["status"], "PodScheduled", "False", "Unschedulable"):
        place, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        refused = condition("PodScheduled", False, "Unschedulable", text)
        status = {"conditions": [refused]}
        kube.merge_status(f"/api/v1/namespaces/{place}/pods/{name}", status)


def main() -> None:
    flavour, resource = os.environ["FLAVOUR"], os.environ["RESOURCE"]
    settings = control.Settings(mutants=[m for m in os.environ.get("MUTANTS", "").split(",") if m])
    control.serve(settings, {})
    while True:
        try:
            if flavour == "kueue":
                admit_jobs(settings, resource)
            else:
                schedule(settings, SCHEDULERS[flavour], resource)
        except (OSError, LookupError) as exc:
            print(f"{flavour}: {type(exc).__name__}: {exc}", flush=True)
        threading.Event().wait(0.5)


if __name__ == "__main__":
    main()
