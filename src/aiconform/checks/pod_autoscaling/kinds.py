"""Kinds and names that this check speaks of, and quantities as the metrics APIs tell them."""

import math
import re
from typing import Any

from aiconform.checks.framework import Resource

Json = dict[str, Any]

CUSTOM_GROUP, EXTERNAL_GROUP = "custom.metrics.k8s.io", "external.metrics.k8s.io"
CUSTOM_VERSIONS = ("v1beta2", "v1beta1")  # best first; only the shape of the metric's name differs
SCALED_OBJECT = Resource("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject")
POD_MONITOR = Resource("monitoring.coreos.com", "v1", "podmonitors", "PodMonitor")
# RBAC has each metric's name as a resource of its own, and which there are a site decides.
EXTERNAL = Resource(EXTERNAL_GROUP, "v1beta1", "*", "ExternalMetricValueList")

METRIC = "aiconform_queue_depth"  # a gauge of our metrics server
PORT = 8080
TARGET, LEAST, MOST = 10, 1, 2

_SCALES = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
_QUANTITY = re.compile(r"([+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)([numkMG]?)")


def any_metric(version: str) -> Resource:
    """Any metric of any object, for the declaration of rights."""
    return Resource(CUSTOM_GROUP, version, "*", "MetricValueList")


def pod_metrics(version: str) -> Resource:
    """Metrics of pods."""
    return Resource(CUSTOM_GROUP, version, "pods", "MetricValueList")


def external_metric(name: str) -> Resource:
    return Resource(EXTERNAL_GROUP, "v1beta1", name, "ExternalMetricValueList")


def quantity(text: object) -> float | None:
    """A metric's value ("7", "10400m", "1k"); None when it is no number."""
    found = _QUANTITY.fullmatch(str(text))
    if found is None:
        return None
    value = float(found[1]) * _SCALES[found[2]]
    return value if math.isfinite(value) else None
