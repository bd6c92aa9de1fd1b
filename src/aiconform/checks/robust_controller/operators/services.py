"""Operators of what lasts: LeaderWorkerSet, KServe, KEDA; and Kueue, tried in dry runs alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.framework import Resource
from aiconform.checks.robust_controller.operators.shape import (
    Json,
    Operator,
    Sample,
    lasting,
    passing,
    pod,
)
from aiconform.cluster.resources import (
    DEPLOYMENT,
    HORIZONTAL_POD_AUTOSCALER,
    POD,
    REPLICA_SET,
    SERVICE,
    STATEFUL_SET,
)

LEADER_WORKER_SET = Resource(
    "leaderworkerset.x-k8s.io", "v1", "leaderworkersets", "LeaderWorkerSet"
)
INFERENCE_SERVICE = Resource(
    "serving.kserve.io", "v1beta1", "inferenceservices", "InferenceService"
)
SCALED_OBJECT = Resource("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject")
WORKLOADS = tuple(
    Resource("kueue.x-k8s.io", version, "workloads", "Workload")
    for version in ("v1beta2", "v1beta1")
)


def _leader_worker_set(name: str, *, size: int = 2) -> Json:
    template = {"size": size, "workerTemplate": pod(lasting("worker"))}
    return {"metadata": {"name": name}, "spec": {"replicas": 1, "leaderWorkerTemplate": template}}


LWS = Operator(
    key="lws",
    title="LeaderWorkerSet",
    kinds=(LEADER_WORKER_SET,),
    controllers=frozenset({"lws"}),
    complex=False,
    samples=(Sample("a group of no pods", lambda name: _leader_worker_set(name, size=0)),),
    valid=_leader_worker_set,
    good=("Available",),
    change="two groups in place of one",
    patch=lambda _: {"spec": {"replicas": 2}},
    owns=(STATEFUL_SET, POD, SERVICE),
)


def _inference_service(name: str, **annotations: str) -> Json:
    told = {"serving.kserve.io/deploymentMode": "RawDeployment", **annotations}
    predictor = {"minReplicas": 1, "maxReplicas": 2, "containers": [lasting("kserve-container")]}
    return {"metadata": {"name": name, "annotations": told}, "spec": {"predictor": predictor}}


KSERVE = Operator(
    key="kserve",
    title="KServe",
    kinds=(INFERENCE_SERVICE,),
    controllers=frozenset({"kserve-controller-manager", "kserve"}),
    samples=(
        Sample(
            "an autoscaler of a class that there is not",
            lambda name: _inference_service(
                name, **{"serving.kserve.io/autoscalerClass": "aiconform-none"}
            ),
        ),
    ),
    valid=_inference_service,
    good=("Ready",),
    change="two replicas at least, in place of one",
    patch=lambda _: {"spec": {"predictor": {"minReplicas": 2}}},
    owns=(DEPLOYMENT, REPLICA_SET, POD, SERVICE, HORIZONTAL_POD_AUTOSCALER),
)


def _target_name(name: str) -> str:
    return f"{name}-target"


def _target(name: str) -> Json:
    labels = {"aiconform/target": name}
    template = {"metadata": {"labels": labels}, **pod(lasting("target"))}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": _target_name(name)}, "spec": spec}


def _scaled_object(name: str, *, least: int = 1) -> Json:
    """Asleep but for one minute of the year."""
    hours = {
        "timezone": "UTC",
        "start": "0 0 29 2 *",
        "end": "1 0 29 2 *",
        "desiredReplicas": "2",
    }
    spec = {
        "scaleTargetRef": {"name": _target_name(name)},
        "minReplicaCount": least,
        "maxReplicaCount": 2,
        "triggers": [{"type": "cron", "metadata": hours}],
    }
    return {"metadata": {"name": name}, "spec": spec}


def _scales_to_three(_: Any, now: Sequence[Mapping[str, Any]]) -> bool:
    kind = HORIZONTAL_POD_AUTOSCALER.kind
    return any(o.get("kind") == kind and o["spec"].get("maxReplicas") == 3 for o in now)


KEDA = Operator(
    key="keda",
    title="KEDA",
    kinds=(SCALED_OBJECT,),
    controllers=frozenset({"keda-operator", "keda-admission-webhooks"}),
    complex=False,
    samples=(
        Sample("fewest replicas beyond the most", lambda name: _scaled_object(name, least=9)),
    ),
    valid=_scaled_object,
    needs=((DEPLOYMENT, _target),),
    good=("Ready",),
    change="three replicas at most, in place of two",
    patch=lambda _: {"spec": {"maxReplicaCount": 3}},
    followed=_scales_to_three,
    owns=(HORIZONTAL_POD_AUTOSCALER,),
    heals=HORIZONTAL_POD_AUTOSCALER,
)


def _workload(name: str, **requests: str) -> Json:
    container = passing("w")
    if requests:
        container["resources"] = {"requests": requests}
    template = pod(container, restartPolicy="Never")
    return {
        "metadata": {"name": name},
        "spec": {"podSets": [{"name": "main", "count": 1, "template": template}]},
    }


KUEUE = Operator(
    key="kueue",
    title="Kueue",
    kinds=WORKLOADS,
    controllers=frozenset({"kueue"}),
    complex=False,
    samples=(Sample("a container that asks for pods", lambda name: _workload(name, pods="1")),),
    valid=_workload,
    reconciles=False,
)
