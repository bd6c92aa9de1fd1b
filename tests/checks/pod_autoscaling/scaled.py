"""A platform in memory that scales Deployments by metrics of their pods, or not quite."""

import json
from collections.abc import Callable
from typing import Any, Literal

from aiconform.checks.framework import HttpAnswer, Reply, Resource
from aiconform.checks.framework.fake import FakePlatform
from aiconform.checks.pod_autoscaling.kinds import (
    CUSTOM_GROUP,
    EXTERNAL_GROUP,
    METRIC,
    SCALED_OBJECT,
)
from aiconform.cluster.fake_objects import refusal
from aiconform.cluster.objects import Listing
from aiconform.cluster.resources import (
    API_SERVICE,
    DEPLOYMENT,
    DEVICE_CLASS,
    HORIZONTAL_POD_AUTOSCALER,
    POD,
    REPLICA_SET,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
)

Json = dict[str, Any]
GPU, DRIVER = "nvidia.com/gpu", "gpu.nvidia.com"
SYNC_S = 15.0
HPA = HORIZONTAL_POD_AUTOSCALER
Kind = Literal["custom", "keda", "external", "none"]


class ScaledPlatform(FakePlatform):
    """
    Attributes:
        told: What the metrics API tells of a pod that serves a value; None: nothing.
        desire: How many replicas the autoscaler wants: (value for all, replicas now, most).
        missing: How many it wants when there is no metric.
        keda_works: KEDA makes autoscalers.
        values: Pod UID → the gauge's value.
        orphans: Claims and ReplicaSets are not removed with what they were made for.
        relevant: What discovery of custom metrics names.
    """

    def __init__(
        self, kind: Kind = "custom", *, devices: int = 2, available: bool = True, **how: Any
    ) -> None:
        super().__init__(allocatable={GPU: str(devices)} if devices else None, **how)
        self.kind = kind
        self.values: dict[str, float] = {}
        self.stopped: set[str] = set()
        self.told: Callable[[Json, float], float | None] = lambda _, value: value
        self.desire: Callable[[float, int, int], int] = as_kubernetes
        self.missing: Callable[[int], int] = lambda replicas: replicas
        self.keda_works = True
        self.orphans = False
        self.relevant: list[str] = []
        self._past: dict[str, list[tuple[float, int]]] = {}
        group = {"custom": CUSTOM_GROUP, "none": ""}.get(kind, EXTERNAL_GROUP)
        if group:
            self._register(group, "v1beta2" if kind == "custom" else "v1beta1", available)
        if kind == "keda":
            self.objects.serve(SCALED_OBJECT)
        self._get, self._list = self.objects.get, self.objects.list
        self.objects.get = self._answer  # type: ignore[method-assign]
        self.objects.list = self._answer_list  # type: ignore[method-assign]
        self.objects.answers[f"/apis/{CUSTOM_GROUP}/v1beta2"] = lambda: Reply(
            200, {"resources": [{"name": name, "verbs": ["get"]} for name in self.relevant]}
        )
        self.objects.reactions.append(self._react)
        self.after(1.0, self._sync)

    def _register(self, group: str, version: str, available: bool) -> None:
        condition = {"type": "Available", "status": str(available), "reason": "MissingEndpoints",
                     "message": "no endpoints"}  # fmt: skip
        self.objects.put(API_SERVICE, {
            "metadata": {"name": f"{version}.{group}"},
            "spec": {"group": group, "version": version},
            "status": {"conditions": [condition]},
        })  # fmt: skip

    # --- metrics APIs --------------------------------------------------------------------------

    async def _answer(
        self, resource: Resource, name: str, *, namespace: str | None, subresource: str = ""
    ) -> Reply:
        if resource.group != CUSTOM_GROUP:
            return await self._get(resource, name, namespace=namespace, subresource=subresource)
        self.objects._ask("get", f"pods.{CUSTOM_GROUP}/{subresource}", namespace, name)
        told = self._values() if subresource == METRIC else []
        if not told:
            return refusal(404, "NotFound", "the server could not find the metric")
        items = [
            {"describedObject": {"kind": "Pod", "name": pod["metadata"]["name"]},
             "metric": {"name": METRIC}, "value": f"{round(value * 1000)}m"}
            for pod, value in told
        ]  # fmt: skip
        return Reply(200, {"items": items})

    async def _answer_list(
        self, resource: Resource, *, namespace: str | None, labels: str = "", fields: str = ""
    ) -> Listing:
        if resource.group != EXTERNAL_GROUP:
            return await self._list(resource, namespace=namespace, labels=labels, fields=fields)
        self.objects._ask("list", resource.qualified, namespace, "")
        return Listing(tuple({"value": f"{value:g}"} for _, value in self._values()))

    def _values(self) -> list[tuple[Json, float]]:
        """Pods that are scraped, with what is told of them."""
        found = []
        for pod in self.objects.all(POD):
            notes = pod["metadata"].get("annotations") or {}
            uid = pod["metadata"]["uid"]
            if notes.get("prometheus.io/scrape") != "true" or uid in self.stopped:
                continue
            value = self.told(pod, self.values[uid]) if uid in self.values else None
            if value is not None:
                found.append((pod, value))
        return found

    # --- controllers ---------------------------------------------------------------------------

    def _react(self, verb: str, resource: Resource, found: Json) -> None:
        if resource == DEPLOYMENT and verb == "create":
            owners = [] if self.orphans else [{"uid": found["metadata"]["uid"]}]
            metadata = {"name": found["metadata"]["name"], "labels": found["metadata"]["labels"]}
            made = {"metadata": {**metadata, "ownerReferences": owners}}
            self.objects.put(REPLICA_SET, made, namespace=found["metadata"]["namespace"])
        if resource == DEPLOYMENT and verb != "delete":
            self._reconcile(found, rolls=verb == "update")
        if resource == POD and verb == "update":
            self._serve(found)
        if resource == SCALED_OBJECT and verb == "create" and self.keda_works:
            self._make_hpa(found)

    def _pods_of(self, deployment: Json) -> list[Json]:
        uid = deployment["metadata"]["uid"]
        return [
            pod
            for pod in self.objects.all(POD)
            if any(o["uid"] == uid for o in pod["metadata"].get("ownerReferences") or ())
        ]

    def _reconcile(self, deployment: Json, *, rolls: bool) -> None:
        template = deployment["spec"]["template"]
        if rolls:
            for pod in self._pods_of(deployment):
                if pod["metadata"]["annotations"] != template["metadata"]["annotations"]:
                    self.objects.remove(POD, pod)
        pods = self._pods_of(deployment)
        for pod in pods[deployment["spec"]["replicas"] :]:
            self.objects.remove(POD, pod)
        for _ in range(deployment["spec"]["replicas"] - len(pods)):
            self._make_pod(deployment)

    def _make_pod(self, deployment: Json) -> None:
        template, number = deployment["spec"]["template"], next(self._count)
        owner = {"uid": deployment["metadata"]["uid"]}
        metadata = {
            **template["metadata"], "name": f"{deployment['metadata']['name']}-{number:05d}",
            "creationTimestamp": f"{number:09d}", "ownerReferences": [owner],
        }  # fmt: skip
        made = {"metadata": metadata, "spec": template["spec"]}
        pod = self.objects.put(POD, made, namespace=deployment["metadata"]["namespace"])
        for claim in template["spec"].get("resourceClaims") or ():
            owners = [] if self.orphans else [{"uid": pod["metadata"]["uid"]}]
            told = {
                "name": f"{pod['metadata']['name']}-{claim['name']}",
                "labels": metadata["labels"],
                "ownerReferences": owners,
            }
            where = deployment["metadata"]["namespace"]
            self.objects.put(RESOURCE_CLAIM, {"metadata": told}, namespace=where)

    def _serve(self, pod: Json) -> None:
        uid, status = pod["metadata"]["uid"], pod.get("status") or {}
        if status.get("phase") != "Running" or uid in self.values:
            return
        self.values[uid] = 0.0
        self.http[f"{status['podIP']}:8080"] = lambda _, path, __, body: self._set(uid, path, body)
        line = {"event": "devices.seen", "nonce": "n0nce", "devices": [
            {"path": "/dev/nvidia0", "major": 195, "minor": len(self.values), "standard": False,
             "opening": {"opened": True, "error": None}}]}  # fmt: skip
        self.log(pod["metadata"]["name"], json.dumps(line))

    def _set(self, uid: str, path: str, body: str | None) -> HttpAnswer:
        if path == "/stop":
            self.stopped.add(uid)
        else:
            self.values[uid] = float(json.loads(body or "{}")["value"])
        return HttpAnswer(200)

    def _make_hpa(self, scaled: Json) -> None:
        spec, name = scaled["spec"], scaled["metadata"]["name"]
        labels = {"scaledobject.keda.sh/name": name}
        metric = {"name": "s0-metric-api-value", "selector": {"matchLabels": labels}}
        hpa = {
            "metadata": {
                "name": f"keda-hpa-{name}", "labels": scaled["metadata"]["labels"],
                "ownerReferences": [{"uid": scaled["metadata"]["uid"]}],
            },
            "spec": {
                "scaleTargetRef": spec["scaleTargetRef"], "minReplicas": spec["minReplicaCount"],
                "maxReplicas": spec["maxReplicaCount"],
                "metrics": [{"type": "External", "external": {"metric": metric}}],
            },
        }  # fmt: skip
        self.objects.put(HPA, hpa, namespace=scaled["metadata"]["namespace"])
        status = {"hpaName": f"keda-hpa-{name}", "externalMetricNames": [metric["name"]]}
        self.objects.change(SCALED_OBJECT, scaled, status=status)

    def _sync(self) -> None:
        """The autoscaler looks, every 15 s; it goes down by the most of the last 30 s."""
        self.after(SYNC_S, self._sync)
        for hpa in self.objects.all(HPA):
            name = hpa["spec"]["scaleTargetRef"]["name"]
            for deployment in self.objects.all(DEPLOYMENT):
                if deployment["metadata"]["name"] == name:
                    self._scale(hpa, deployment)

    def _scale(self, hpa: Json, deployment: Json) -> None:
        replicas, most = deployment["spec"]["replicas"], hpa["spec"]["maxReplicas"]
        of_app = {pod["metadata"]["uid"] for pod in self._pods_of(deployment)}
        pods_metric = hpa["spec"]["metrics"][0]["type"] == "Pods"
        told = [value for pod, value in self._values()
                if not pods_metric or pod["metadata"]["uid"] in of_app]  # fmt: skip
        if not told:
            wanted = self.missing(replicas)
            reason = "FailedGetPodsMetric" if pods_metric else "FailedGetExternalMetric"
            active = {"type": "ScalingActive", "status": "False", "reason": reason}
            metrics: list[Json] = []
        else:
            total, count = sum(told), len(told) if pods_metric else replicas
            wanted = self._stable(hpa, self.desire(total / count, count, most), replicas)
            active = {"type": "ScalingActive", "status": "True"}
            key = "pods" if pods_metric else "external"
            current = {"averageValue": f"{round(total / count * 1000)}m"}
            metrics = [{"type": key, key: {"current": current}}]
        status = {"currentReplicas": replicas, "desiredReplicas": wanted,
                  "conditions": [active], "currentMetrics": metrics}  # fmt: skip
        self.objects.change(HPA, hpa, status=status)
        if wanted != replicas:
            spec = {**deployment["spec"], "replicas": wanted}
            self.objects.change(DEPLOYMENT, deployment, spec=spec)

    def _stable(self, hpa: Json, wanted: int, replicas: int) -> int:
        past = self._past.setdefault(hpa["metadata"]["uid"], [])
        past.append((self.now, wanted))
        if wanted >= replicas:
            return wanted
        return max(n for at, n in past if at >= self.now - 30.0)


def as_kubernetes(average: float, replicas: int, most: int) -> int:
    """Rounded up, not within a tenth of the target of 10, within one and the most."""
    if abs(average / 10 - 1) <= 0.1:
        return replicas
    return max(1, min(most, -int(-average * replicas // 10)))


def with_dra(platform: ScaledPlatform, *, count: int = 2, driver: str = DRIVER) -> ScaledPlatform:
    """Devices of a vendor's driver, for claims."""
    expression = f'device.driver == "{driver}"'
    spec: Json = {"selectors": [{"cel": {"expression": expression}}]}
    platform.objects.put(DEVICE_CLASS, {"metadata": {"name": "gpu"}, "spec": spec})
    pool = {"name": "node1", "generation": 1, "resourceSliceCount": 1}
    devices = [{"name": f"gpu-{number}"} for number in range(count)]
    spec = {"driver": driver, "nodeName": "node1", "pool": pool, "devices": devices}
    platform.objects.put(RESOURCE_SLICE, {"metadata": {"name": "slice"}, "spec": spec})
    return platform
