"""
KubeRay: a RayCluster becomes a head pod, worker pods and a Service.

The annotation lets the head run our image instead of Ray, so that no other image is needed: what is
tried is the operator and not Ray. Worker pods wait for Ray, so none counts for being ready.
"""

from collections.abc import Mapping
from typing import Any

from aiconform.checks.framework import Resource
from aiconform.checks.robust_controller.operators.shape import (
    Json,
    Operator,
    Sample,
    lasting,
    pod,
)
from aiconform.cluster.resources import POD, SERVICE

RAY_CLUSTER = Resource("ray.io", "v1", "rayclusters", "RayCluster")


def _cluster(name: str, *groups: Json) -> Json:
    head = {"rayStartParams": {}, "template": pod(lasting("ray-head"))}
    return {
        "metadata": {"name": name, "annotations": {"ray.io/overwrite-container-cmd": "true"}},
        "spec": {"headGroupSpec": head, "workerGroupSpecs": list(groups)},
    }


def _group(name: str, *, template: Json | None = None) -> Json:
    return {
        "groupName": name,
        "replicas": 0,
        "minReplicas": 0,
        "maxReplicas": 1,
        "rayStartParams": {},
        "template": template or pod(lasting("ray-worker")),
    }


def _one_worker(found: Mapping[str, Any]) -> Json:
    """A merge patch replaces lists whole."""
    first, *rest = found["spec"]["workerGroupSpecs"]
    return {"spec": {"workerGroupSpecs": [{**first, "replicas": 1}, *rest]}}


KUBERAY = Operator(
    key="kuberay",
    title="KubeRay",
    kinds=(RAY_CLUSTER,),
    controllers=frozenset({"kuberay-operator", "kuberay"}),
    samples=(
        Sample(
            "two worker groups of one name", lambda name: _cluster(name, _group("g"), _group("g"))
        ),
    ),
    valid=lambda name: _cluster(name, _group("g")),
    good=("HeadPodReady", "RayClusterProvisioned"),
    change="one worker in place of none",
    patch=_one_worker,
    owns=(POD, SERVICE),
    own_refusal=Sample(
        "a worker group without a container",
        lambda name: _cluster(name, _group("g", template={"spec": {"containers": []}})),
    ),
    refusal_reasons=frozenset({"InvalidRayClusterSpec"}),
)
