"""What the check makes: the Deployment that is scaled, its source of a metric, the autoscaler."""

from collections.abc import Mapping
from typing import Any

from aiconform.checks.framework import workload
from aiconform.checks.pod_autoscaling.devices import REQUEST, Slot, slot_of, touching
from aiconform.checks.pod_autoscaling.kinds import LEAST, METRIC, MOST, PORT, TARGET

Json = dict[str, Any]

APP_LABEL = "aiconform/scaled"
SOURCE_LABEL = "aiconform/metric-source"
# Kubernetes waits 300 s before it scales down, by default. Ours is a test, not a service.
DOWN_WINDOW_S = 30
_SCRAPE = "prometheus.io/scrape"


def deployment(name: str, slot: Slot, *, nonce: str, source: bool, template: str) -> Json:
    """
    One replica with one device, that serves the gauge when it is the `source` of the metric.

    Args:
        template: Of the claims, where devices are claimed.
    """
    server = workload("metrics", "--nonce", nonce, port=PORT, **slot_of(slot))
    spec: Json = {"initContainers": [touching(slot, nonce=nonce)], "containers": [server]}
    if slot.device_class:
        spec["resourceClaims"] = [{"name": REQUEST, "resourceClaimTemplateName": template}]
    labels = {APP_LABEL: name, **({SOURCE_LABEL: name} if source else {})}
    metadata = {"labels": labels, "annotations": _annotations(scrape=source)}
    return {
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            # Never a replica more than were asked for: each holds a device.
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": {APP_LABEL: name}},
            "template": {"metadata": metadata, "spec": spec},
        },
    }


def without_metric() -> Json:
    """A patch of the Deployment after which nobody is told of its pods' gauge."""
    metadata = {"labels": {SOURCE_LABEL: None}, "annotations": {_SCRAPE: "false"}}
    return {"spec": {"template": {"metadata": metadata}}}


def source_pod(name: str, *, nonce: str) -> Json:
    """A pod that serves the gauge and is not scaled itself, for metrics that are nobody's."""
    metadata = {
        "name": name, "labels": {SOURCE_LABEL: name}, "annotations": _annotations(scrape=True)
    }  # fmt: skip
    container = workload("metrics", "--nonce", nonce, port=PORT)
    return {"metadata": metadata, "spec": {"containers": [container]}}


def pod_monitor(name: str, *, source: str, labels: Mapping[str, str]) -> Json:
    return {
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            "selector": {"matchLabels": {SOURCE_LABEL: source}},
            "podMetricsEndpoints": [{"port": "http", "path": "/metrics", "interval": "15s"}],
        },
    }


def autoscaler(name: str, *, of: str, metric: Json) -> Json:
    return {
        "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": of},
            "minReplicas": LEAST,
            "maxReplicas": MOST,
            "metrics": [metric],
            "behavior": behavior(),
        },
    }


def behavior() -> Json:
    return {
        "scaleUp": {"stabilizationWindowSeconds": 0},
        "scaleDown": {"stabilizationWindowSeconds": DOWN_WINDOW_S},
    }


def pods_metric(name: str) -> Json:
    """The mean over the pods, held against the target."""
    target = {"type": "AverageValue", "averageValue": str(TARGET)}
    return {"type": "Pods", "pods": {"metric": {"name": name}, "target": target}}


def external_metric_source(name: str, labels: Mapping[str, str]) -> Json:
    """A value of nobody's, shared out among the replicas."""
    metric: Json = {"name": name}
    if labels:
        metric["selector"] = {"matchLabels": dict(labels)}
    target = {"type": "AverageValue", "averageValue": str(TARGET)}
    return {"type": "External", "external": {"metric": metric, "target": target}}


def scaled_object(name: str, *, of: str, trigger: Json) -> Json:
    return {
        "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": of},
            "minReplicaCount": LEAST,
            "maxReplicaCount": MOST,
            "pollingInterval": 5,
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behavior()}},
            "triggers": [trigger],
        },
    }


def direct_trigger(base: str) -> Json:
    """KEDA asks the source itself; no monitoring system is needed."""
    return {
        "type": "metrics-api",
        "metadata": {
            "url": f"{base}/value/{METRIC}",
            "valueLocation": "value",
            "targetValue": str(TARGET),
        },
    }


def prometheus_trigger(server: str, query: str) -> Json:
    """
    KEDA asks Prometheus.

    By default KEDA takes no series for zero; here the absence of a value must be an error.
    """
    return {
        "type": "prometheus",
        "metadata": {
            "serverAddress": server,
            "query": query,
            "threshold": str(TARGET),
            "ignoreNullValues": "false",
        },
    }


def _annotations(*, scrape: bool) -> Json:
    told = {"prometheus.io/port": str(PORT), "prometheus.io/path": "/metrics"}
    return {_SCRAPE: "true", **told} if scrape else {}
