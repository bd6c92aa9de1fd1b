"""
Other solutions: how gangs are written for them, how they are read, and when they are left alone.

Objects are shaped as the projects' documentation and API types have them.
"""

from typing import Any

import pytest

from aiconform.checks.gang_scheduling.adapters import (
    ADAPTERS,
    Gang,
    Offer,
    kai,
    kueue,
    native,
    volcano,
)

Json = dict[str, Any]
GANG = Gang("gang-scheduling-x", 3)
OFFERS = {
    "native": Offer("native", "v1beta1"),
    "kueue": Offer("kueue", "v1beta2", queue="research"),
    "volcano": Offer("volcano", "v1beta1", queue="default", scheduler="volcano"),
    "kai": Offer("kai", "v2alpha2", queue="team", scheduler="kai-scheduler"),
    "coscheduling": Offer("coscheduling", "v1alpha1", scheduler="gang-scheduler"),
}


def pod(rank: int | None) -> Json:
    name = GANG.name if rank is None else f"{GANG.name}-{rank}"
    return {"metadata": {"name": name, "labels": {"a": "b"}}, "spec": {"containers": []}}


def condition(kind: str, status: str, reason: str, message: str = "") -> Json:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def group(*conditions: Json, **status: Any) -> Json:
    return {"metadata": {"name": "g"}, "status": {"conditions": list(conditions), **status}}


@pytest.mark.parametrize("name", [n for n in ADAPTERS if n != "kueue"])
def test_gang_is_a_group_of_its_size_and_its_pods(name: str) -> None:
    (_, made), *pods = ADAPTERS[name].objects(GANG, OFFERS[name], pod)
    assert made["metadata"]["name"] == GANG.name
    policy = made["spec"].get("schedulingPolicy", {}).get("gang", {})
    assert policy.get("minCount", made["spec"].get("minMember")) == 3
    assert len(pods) == 3
    schedulers = {p["spec"].get("schedulerName", "") for _, p in pods}
    assert schedulers == {OFFERS[name].scheduler}
    assert all(ADAPTERS[name].kept(p, GANG.name) for _, p in pods)
    assert all(p["metadata"]["labels"]["a"] == "b" for _, p in pods)
    bare = pod(0)
    assert not ADAPTERS[name].kept(bare, GANG.name)


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha3", "v1alpha2"])
def test_pod_group_of_each_version(version: str) -> None:
    (resource, made), *_ = ADAPTERS["native"].objects(GANG, Offer("native", version), pod)
    assert (resource.version, resource.kind) == (version, "PodGroup")
    assert made["spec"] == {"schedulingPolicy": {"gang": {"minCount": 3}}}


def test_workload_of_1_35() -> None:
    offer = Offer("native", "v1alpha1")
    (resource, made), (_, first), *_ = ADAPTERS["native"].objects(GANG, offer, pod)
    assert resource is native.WORKLOAD
    policy = {"gang": {"minCount": 3}}
    assert made["spec"] == {"podGroups": [{"name": "ranks", "policy": policy}]}
    assert first["spec"]["workloadRef"] == {"name": GANG.name, "podGroup": "ranks"}
    assert ADAPTERS["native"].kept(first, GANG.name)


@pytest.mark.parametrize("kind", ["PodGroupInitiallyScheduled", "PodGroupScheduled"])
def test_native_standing(kind: str) -> None:
    read = ADAPTERS["native"].standing
    assert read(group(condition(kind, "False", "Unschedulable"))).state == "waiting"
    assert read(group(condition(kind, "False", "SchedulerError"))).state == "unclear"
    assert read(group(condition(kind, "True", "Scheduled"))).state == "admitted"
    assert read(group()).state == "unclear"
    assert read(None).state == "unclear"


def test_condition_of_an_older_generation_is_not_trusted() -> None:
    told = {**condition("PodGroupInitiallyScheduled", "False", "Unschedulable"),
            "observedGeneration": 1}  # fmt: skip
    found = group(told)
    found["metadata"]["generation"] = 2
    assert ADAPTERS["native"].standing(found).state == "unclear"
    found["metadata"]["generation"] = 1
    assert ADAPTERS["native"].standing(found).state == "waiting"


# --- Kueue -----------------------------------------------------------------------------------


def cluster_queue(name: str = "main", *, quota: str = "8", used: str = "0", borrowed: str = "0",
                  **spec: Any) -> Json:  # fmt: skip
    resource = "nvidia.com/gpu"
    flavors = [{"name": "h100", "resources": [{"name": resource, "nominalQuota": quota}]}]
    usage = {"name": resource, "total": used, "borrowed": borrowed}
    return {
        "metadata": {"name": name},
        "spec": {"resourceGroups": [{"coveredResources": [resource], "flavors": flavors}], **spec},
        "status": {"flavorsUsage": [{"name": "h100", "resources": [usage]}]},
    }


def test_kueue_gang_is_a_suspended_indexed_job() -> None:
    ((resource, job),) = ADAPTERS["kueue"].objects(GANG, OFFERS["kueue"], pod)
    assert resource.kind == "Job"
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "research"
    spec = job["spec"]
    assert (spec["suspend"], spec["parallelism"], spec["completions"]) == (True, 3, 3)
    assert spec["completionMode"] == "Indexed"
    assert "name" not in spec["template"]["metadata"]
    assert spec["template"]["metadata"]["labels"] == {"a": "b"}


@pytest.mark.parametrize(
    ("reason", "message", "state"),
    [
        ("WaitingForQuota", "insufficient unused quota for nvidia.com/gpu", "waiting"),
        ("Pending", "couldn't assign flavors: insufficient unused quota, 1 more needed", "waiting"),
        (
            "Pending",
            "couldn't assign flavors: request > maximum capacity: exceeds",
            "misconfigured",
        ),
        ("Pending", "resource cpu unavailable in ClusterQueue", "misconfigured"),
        ("ExceedsMaxQuota", "", "misconfigured"),
        ("NoMatchingFlavor", "", "misconfigured"),
        ("Misconfigured", "", "misconfigured"),
        ("Inadmissible", "LocalQueue x doesn't exist", "misconfigured"),
    ],
)
def test_kueue_says_not_now_or_never(reason: str, message: str, state: str) -> None:
    found = group(condition("QuotaReserved", "False", reason, message))
    assert ADAPTERS["kueue"].standing(found).state == state


def test_kueue_admits_and_evicts() -> None:
    read = ADAPTERS["kueue"].standing
    reserved = condition("QuotaReserved", "True", "QuotaReserved")
    assert read(group(reserved)).state == "unclear"
    assert read(group(reserved, condition("Admitted", "True", "Admitted"))).state == "admitted"
    evicted = condition("Evicted", "True", "PodsReadyTimeout")
    assert read(group(reserved, evicted)).state == "evicted"


@pytest.mark.parametrize(
    ("queue", "others", "refused"),
    [
        ({"preemption": {"reclaimWithinCohort": "Any"}, "cohortName": "c"}, "2", True),
        ({"preemption": {"reclaimWithinCohort": "Any"}, "cohort": "c"}, "2", True),
        ({"preemption": {"reclaimWithinCohort": "Any"}, "cohortName": "c"}, "0", False),
        ({"preemption": {"reclaimWithinCohort": "Never"}, "cohortName": "c"}, "2", False),
        ({"preemption": {"reclaimWithinCohort": "Any"}}, "2", False),
        ({"cohortName": "c"}, "2", False),
    ],
)
def test_kueue_is_left_alone_when_it_would_reclaim(queue: Json, others: str, refused: bool) -> None:
    ours = cluster_queue(**queue)
    other = cluster_queue("other", borrowed=others, cohortName="c")
    assert bool(kueue.would_reclaim(ours, (ours, other))) is refused


@pytest.mark.parametrize(("within", "held", "refused"), [
    ("LowerPriority", 3, True), ("LowerOrNewerEqualPriority", 1, True),
    ("LowerPriority", 0, False), ("Never", 3, False),
])  # fmt: skip
def test_kueue_is_left_alone_when_its_queue_preempts(within: str, held: int, refused: bool) -> None:
    queue = cluster_queue(preemption={"withinClusterQueue": within})
    queue["status"]["reservingWorkloads"] = held
    assert bool(kueue.would_reclaim(queue, (queue,))) is refused


def test_kueue_free_quota() -> None:
    request = {"nvidia.com/gpu": 1.0, "cpu": 0.2}
    assert kueue.free_quota(cluster_queue(quota="8", used="5"), request) == 3
    assert kueue.free_quota(cluster_queue(quota="2", used="5"), request) == 0
    assert kueue.free_quota(cluster_queue(), {"cpu": 0.2}) is None


# --- Volcano ---------------------------------------------------------------------------------

RECLAIMING = 'actions: "enqueue, allocate, reclaim, preempt, backfill"\ntiers: []\n'
HARMLESS = 'actions: "enqueue, allocate, backfill"\ntiers: []\n'


def volcano_queue(name: str, running: int) -> Json:
    return {"metadata": {"name": name}, "status": {"state": "Open", "running": running}}


@pytest.mark.parametrize(("text", "running", "refused"), [
    (RECLAIMING, 1, True), (RECLAIMING, 0, False), (HARMLESS, 1, False),
    (None, 1, True), (None, 0, False), ("tiers: []", 1, True),
])  # fmt: skip
def test_volcano_is_left_alone_when_it_would_reclaim(
    text: str | None, running: int, refused: bool
) -> None:
    queues = (volcano_queue("default", 5), volcano_queue("root", 9), volcano_queue("x", running))
    assert bool(volcano.would_reclaim(text, queues, ours="default")) is refused


def test_volcano_standing() -> None:
    read = ADAPTERS["volcano"].standing
    short = condition("Unschedulable", "True", "NotEnoughResources", "3/0 tasks in gang")
    assert read(group(short, phase="Inqueue")).state == "waiting"
    assert read(group(short, phase="Pending")).state == "waiting"
    assert read(group(phase="Pending")).state == "unclear"
    other = condition("Unschedulable", "True", "InternalError")
    assert read(group(other, phase="Pending")).state == "unclear"
    assert read(group(phase="Running")).state == "admitted"


# --- KAI -------------------------------------------------------------------------------------


def kai_queue(name: str, *, quota: float, gpus: str, parent: str = "root") -> Json:
    return {
        "metadata": {"name": name},
        "spec": {"parentQueue": parent, "resources": {"gpu": {"quota": quota}}},
        "status": {"allocated": {"nvidia.com/gpu": gpus, "pods": "4"}},
    }


@pytest.mark.parametrize(("quota", "gpus", "refused"), [
    (4, "5", True), (4, "4", False), (-1, "50", False), (0, "1", True), (0, "0", False),
])  # fmt: skip
def test_kai_is_left_alone_when_others_are_over_quota(
    quota: float, gpus: str, refused: bool
) -> None:
    queues = (kai_queue("team", quota=0, gpus="9"), kai_queue("other", quota=quota, gpus=gpus))
    request = {"nvidia.com/gpu": 1.0}
    assert bool(kai.would_reclaim(queues, ours="team", request=request)) is refused


def test_kai_standing_and_leaves() -> None:
    told = {"type": "UnschedulableOnNodePool", "reason": "", "message": "no room"}
    found = {"metadata": {}, "status": {"schedulingConditions": [told]}}
    assert ADAPTERS["kai"].standing(found).state == "waiting"
    assert ADAPTERS["kai"].standing(group()).state == "unclear"
    queues = (kai_queue("a", quota=0, gpus="0", parent="dept"), {"metadata": {"name": "dept"}})
    assert kai.leaf_queues(queues) == ["a"]


def test_coscheduling_standing() -> None:
    read = ADAPTERS["coscheduling"].standing
    assert read(group(phase="Pending")).state == "waiting"
    assert read(group(phase="Running")).state == "admitted"
    assert read(group(phase="Failed")).state == "unclear"
    assert read(None).state == "unclear"
