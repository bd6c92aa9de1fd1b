"""A small Kueue in the fake platform: it admits Jobs by quota, and knows nothing of nodes."""

from typing import Any

from aiconform.checks.framework.fake import WORK, FakePlatform
from aiconform.checks.gang_scheduling.adapters import kueue
from aiconform.cluster.resources import JOB, POD, Resource
from tests.checks.gang_scheduling.gangs import ACCEL, INDEX, Gangs, Json, place

WORKLOAD = kueue.WORKLOADS["v1beta2"]
LOCAL_QUEUE = kueue.LOCAL_QUEUES["v1beta2"]
CLUSTER_QUEUE = kueue.CLUSTER_QUEUES["v1beta2"]


class Kueue:
    """
    `timeout_s`: what is admitted and does not run by then is taken back as a whole.
    `integrated` False: Jobs are left suspended and never looked at.
    """

    def __init__(
        self,
        made: FakePlatform,
        *,
        quota: int = 4,
        timeout_s: float | None = None,
        integrated: bool = True,
        spec: Json | None = None,
    ) -> None:
        self.made, self.quota, self.timeout_s, self.integrated = made, quota, timeout_s, integrated
        self.gangs = Gangs(made, group=Resource("none", "v1", "nones", "None"))
        self.gangs.way = "asleep"
        for resource in (WORKLOAD, LOCAL_QUEUE, CLUSTER_QUEUE):
            made.objects.serve(resource)
        flavor = {"name": "f", "resources": [{"name": ACCEL, "nominalQuota": str(quota)}]}
        made.objects.put(CLUSTER_QUEUE, {
            "metadata": {"name": "cq"},
            "spec": {"resourceGroups": [{"flavors": [flavor]}], **(spec or {})},
        })  # fmt: skip
        local = {"metadata": {"name": "lq"}, "spec": {"clusterQueue": "cq"}}
        made.objects.put(LOCAL_QUEUE, local, namespace=WORK)
        made.objects.reactions.append(self._changed)

    def _changed(self, verb: str, resource: Resource, found: Json) -> None:
        if resource == JOB and verb == "create" and self.integrated:
            self.made.after(0.2, lambda: self._queue(found))
        if (resource == JOB and verb == "delete") or _ended(resource, found):
            self.made.after(0.2, self._admit_waiting)

    def _queue(self, job: Json) -> None:
        metadata = job["metadata"]
        owner = {"kind": "Job", "name": metadata["name"], "uid": metadata["uid"]}
        made = {"metadata": {"name": f"job-{metadata['name']}", "ownerReferences": [owner]}}
        self.made.objects.put(WORKLOAD, made, namespace=metadata["namespace"])
        self._admit_waiting()

    def _admit_waiting(self) -> None:
        jobs = {j["metadata"]["name"]: j for j in self.made.objects.all(JOB)}
        for workload in list(self.made.objects.all(WORKLOAD)):
            job = jobs.get(workload["metadata"]["ownerReferences"][0]["name"])
            if job is None or workload.get("status", {}).get("admitted"):
                continue
            if job["spec"]["parallelism"] > self.quota - self._used():
                told = _condition("QuotaReserved", "False", "WaitingForQuota")
                self.made.objects.change(WORKLOAD, workload, status={"conditions": [told]})
            else:
                self._admit(workload, job)

    def _used(self) -> int:
        """Slots of pods that have not ended, of admitted Jobs."""
        names = {
            w["metadata"]["ownerReferences"][0]["name"]
            for w in self.made.objects.all(WORKLOAD)
            if w.get("status", {}).get("admitted")
        }
        jobs = [j for j in self.made.objects.all(JOB) if j["metadata"]["name"] in names]
        pods = self.made.objects.all(POD)
        return sum(
            j["spec"]["parallelism"]
            - sum(p["metadata"]["labels"].get("job") == j["metadata"]["name"] and _over(p)
                  for p in pods)
            for j in jobs
        )  # fmt: skip

    def _admit(self, workload: Json, job: Json) -> None:
        told = [_condition("QuotaReserved", "True", "QuotaReserved"),
                _condition("Admitted", "True", "Admitted")]  # fmt: skip
        self.made.objects.change(WORKLOAD, workload, status={"conditions": told, "admitted": True})
        for index in range(job["spec"]["parallelism"]):
            self._start(job, index)
        if self.timeout_s is not None:
            self.made.after(self.timeout_s, lambda: self._evict(workload, job))

    def _start(self, job: Json, index: int) -> None:
        template = job["spec"]["template"]
        name = job["metadata"]["name"]
        labels = {**template["metadata"]["labels"], INDEX: str(index), "job": name}
        owner = {"kind": "Job", "name": name, "uid": job["metadata"]["uid"]}
        metadata = {"name": f"{name}-{index}", "labels": labels, "ownerReferences": [owner]}
        pod = {"metadata": metadata, "spec": template["spec"]}
        node = place(self.made, pod)
        if node is not None:
            pod["spec"] = {**pod["spec"], "nodeName": node}
        made = self.made.objects.put(POD, pod, namespace=job["metadata"]["namespace"])
        if node is not None:
            self.made.after(0.2, lambda: self.gangs.run(made))

    def _evict(self, workload: Json, job: Json) -> None:
        pods = [
            p for p in self.made.objects.all(POD)
            if p["metadata"]["labels"].get("job") == job["metadata"]["name"]
        ]  # fmt: skip
        if any(not p["spec"].get("nodeName") for p in pods):
            told = _condition("Evicted", "True", "PodsReadyTimeout")
            self.made.objects.change(WORKLOAD, workload, status={"conditions": [told]})
            for pod in pods:
                self.made.objects.remove(POD, pod)


def _over(pod: Json) -> bool:
    return pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}


def _ended(resource: Resource, found: Json) -> bool:
    return resource == POD and _over(found)


def _condition(kind: str, status: str, reason: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": ""}
