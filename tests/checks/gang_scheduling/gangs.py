"""
A scheduler for gangs in the fake platform: Kubernetes' own PodGroups, sound or broken.

Single pods go by what their node has free; pods of a group wait until the whole group fits.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from aiconform.checks.framework.fake import FakePlatform
from aiconform.checks.gang_scheduling.adapters.native import POD_GROUPS
from aiconform.checks.gang_scheduling.capacity import effective_requests, fits, free_by_node
from aiconform.cluster.resources import NODE, POD, Resource

Json = dict[str, Any]
ACCEL = "nvidia.com/gpu"
POD_GROUP = POD_GROUPS["v1beta1"]
INDEX = "batch.kubernetes.io/job-completion-index"
# partial: places what fits; flash: places in part and takes back; greedy: without counting;
# deadlock: sound for one gang, half of each of two; asleep: places nothing; slow: one in 6 s.
Way = Literal["sound", "partial", "flash", "deadlock", "asleep", "slow", "silent"]
RUN_S = 3.0


def platform(
    *, devices: int | None = 2, nodes: tuple[str, ...] = ("node1", "node2"), **options: Any
) -> FakePlatform:
    """Two nodes with two accelerators each: four slots."""
    allocatable = {"pods": "20"} | ({ACCEL: str(devices)} if devices is not None else {})
    made = FakePlatform(nodes=nodes, allocatable=allocatable, **options)
    made.schedule = lambda pod: None if _group_of(pod) else place(made, pod)
    return made


def place(made: FakePlatform, pod: Json) -> str | None:
    """The first node that the pod names and that has room by every resource."""
    free = free_by_node(made.objects.all(NODE), made.objects.all(POD))
    for node in sorted(_named(pod["spec"]) or free):
        if fits(free.get(node, {}), effective_requests(pod["spec"])) > 0:
            return node
    return None


class Gangs:
    """Schedules groups whenever a pod or a group changes."""

    def __init__(
        self,
        made: FakePlatform,
        *,
        way: Way = "sound",
        meet: bool = True,
        group: Resource = POD_GROUP,
        membership: Callable[[Json], str | None] | None = None,
        status: Callable[[bool], Json] | None = None,
    ) -> None:
        self.made, self.way, self.meet, self.group = made, way, meet, group
        self.member = membership or _group_of
        self.status = status or _native_status
        self.busy = False
        made.objects.serve(group)
        made.schedule = lambda pod: None if self.member(pod) else place(made, pod)
        made.objects.reactions.append(self._changed)

    def _changed(self, verb: str, resource: Resource, found: Json) -> None:
        if resource in {POD, self.group} and verb != "update" and not self.busy:
            self.busy = True
            self.made.after(0.3, self._cycle)

    def _cycle(self) -> None:
        self.busy = False
        if self.way == "asleep":
            return
        waiting = [g for g in self.made.objects.all(self.group) if self._pending(g)]
        if self.way == "deadlock" and len(waiting) == 2:
            for each in waiting:
                self._bind(self._pending(each)[:2])
            return
        for each in waiting:
            self._try(each)

    def _try(self, group: Json) -> None:
        pods, wanted = self._pending(group), self._wanted(group)
        if len(pods) < wanted:
            return
        room = self._room(pods)
        if self.way == "partial" or len(room) >= wanted:
            self._bind(room)
        elif self.way == "flash":
            self._bind(room[:1])
            self.made.after(1.0, lambda: self.made.objects.remove(POD, room[0]))
        if len(room) < wanted and self.way != "silent":
            self.made.objects.change(self.group, group, status=self.status(False))
        elif len(room) >= wanted:
            self.made.objects.change(self.group, group, status=self.status(True))

    def _wanted(self, group: Json) -> int:
        spec = group["spec"]
        return int(spec.get("minMember") or spec["schedulingPolicy"]["gang"]["minCount"])

    def _pending(self, group: Json) -> list[Json]:
        return [
            pod
            for pod in self.made.objects.all(POD)
            if self.member(pod) == group["metadata"]["name"] and not pod["spec"].get("nodeName")
        ]

    def _room(self, pods: list[Json]) -> list[Json]:
        """As many of them as fit, with the node that each would get."""
        free = free_by_node(self.made.objects.all(NODE), self.made.objects.all(POD))
        found = []
        for pod in pods:
            asked = effective_requests(pod["spec"])
            node = next(
                (n for n in sorted(_named(pod["spec"]) or free) if fits(free[n], asked)), None
            )
            if node is None:
                continue
            for resource, each in {**asked, "pods": 1.0}.items():
                free[node][resource] -= each
            found.append({**pod, "spec": {**pod["spec"], "nodeName": node}})
        return found

    def _bind(self, pods: list[Json]) -> None:
        pods = [p for p in pods if p["spec"].get("nodeName")] or self._room(pods)
        for number, pod in enumerate(pods):
            if self.way == "slow":
                self.made.after(6.0 * number, lambda pod=pod: self._bound(pod))  # type: ignore[misc]
            else:
                self._bound(pod)

    def _bound(self, pod: Json) -> None:
        self.made.objects.change(POD, pod, spec=pod["spec"], status={"phase": "Pending"})
        self.made.after(0.2, lambda: self.run(pod))

    def run(self, pod: Json) -> None:
        self.made.objects.change(POD, pod, status={"phase": "Running"})
        self.made.after(RUN_S, lambda: self._end(pod))

    def _end(self, pod: Json) -> None:
        """Ranks end when all of their gang run; holders never."""
        metadata = pod["metadata"]
        gang = metadata["labels"]["aiconform/gang"]
        flags = pod["spec"]["containers"][0]["command"]
        if "barrier" not in flags or not any(
            p["metadata"]["uid"] == metadata["uid"] for p in self.made.objects.all(POD)
        ):
            return
        there = [
            p
            for p in self.made.objects.all(POD)
            if p["metadata"]["labels"]["aiconform/gang"] == gang
        ]
        ranks = int(flags[flags.index("--ranks") + 1])
        running = [
            p
            for p in there
            if p.get("status", {}).get("phase") in {"Running", "Succeeded", "Failed"}
        ]
        if len(running) < ranks:
            self.made.after(1.0, lambda: self._end(pod))
            return
        self.made.log(metadata["name"], self._told(pod, running, ranks, flags))
        phase: Any = "Succeeded" if self.meet else "Failed"
        self.made.end_pod(pod, phase=phase)
        self.made.after(0.1, self._cycle)

    def _told(self, pod: Json, there: list[Json], ranks: int, flags: list[str]) -> str:
        uid = pod["metadata"]["uid"]
        others = [p["metadata"]["uid"] for p in there if p["metadata"]["uid"] != uid]
        met = {str(number): {"pod_uid": other} for number, other in enumerate(others)}
        index = pod["metadata"]["labels"].get(INDEX)
        rank = int(index if index is not None else flags[flags.index("--rank") + 1])
        said = {
            "event": "barrier.done", "rank": rank, "ranks": ranks, "met_all": self.meet,
            "ended": "met", "nonce": flags[flags.index("--nonce") + 1], "pod_uid": uid,
            "rounds": [{"number": n, "met": met} for n in (1, 2)], "missing": {},
            "troubles": {} if self.meet else {"10.0.0.9": "unreachable"}, "doubts": [],
        }  # fmt: skip
        return json.dumps(said)


def _native_status(placed: bool) -> Json:
    status, reason = ("True", "Scheduled") if placed else ("False", "Unschedulable")
    told = {"type": "PodGroupInitiallyScheduled", "status": status, "reason": reason}
    return {"conditions": [told]}


def _group_of(pod: Mapping[str, Any]) -> str | None:
    found = pod["spec"].get("schedulingGroup") or {}
    name = found.get("podGroupName")
    return str(name) if name else None


def _named(spec: Json) -> set[str] | None:
    """The nodes that every expression of the pod's affinity leaves."""
    terms = (
        spec.get("affinity", {})
        .get("nodeAffinity", {})
        .get("requiredDuringSchedulingIgnoredDuringExecution", {})
        .get("nodeSelectorTerms", [])
    )
    sets = [set(e["values"]) for t in terms for e in t["matchExpressions"]]
    return set.intersection(*sets) if sets else None
