"""One look at autoscaler, pods and metric at a time, as a row that can be judged (pure)."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiconform.checks.framework import Change
from aiconform.checks.pod_autoscaling.kinds import quantity
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]

# t_s: since the check began; set: the value that we set; seen: what the metrics API tells; average:
# what the autoscaler reckons with; active: its condition ScalingActive; pods: that are not ending.
COLUMNS = ("t_s", "set", "seen", "average", "current", "desired", "pods", "ready", "active", "why")
_MOST_WORDS = 160


def row(
    *,
    t_s: float,
    value: float | None,
    seen: float | None,
    told: str,
    hpa: Mapping[str, Any] | None,
    pods: Sequence[Mapping[str, Any]],
) -> Json:
    """
    Args:
        told: Why there is no value.
        pods: Those of the Deployment that are not ending.
    """
    status = mapping(mapping(hpa).get("status"))
    active: Mapping[str, Any] = condition(status, "ScalingActive")
    why = told if seen is None else ""
    if active.get("status") != "True":
        why = f"{active.get('reason', 'no condition')}: {active.get('message', '')}; {why}"
    return {
        "t_s": round(t_s, 1),
        "set": value,
        "seen": seen,
        "average": average(status),
        "current": status.get("currentReplicas"),
        "desired": status.get("desiredReplicas"),
        "pods": len(pods),
        "ready": sum(is_ready(pod) for pod in pods),
        "active": active.get("status"),
        "why": why[:_MOST_WORDS],
    }


def condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Of an autoscaler or a pod; empty when it has none of this kind."""
    return next((c for c in mappings(status.get("conditions")) if c.get("type") == kind), {})


def is_ready(pod: Mapping[str, Any]) -> bool:
    return condition(mapping(pod.get("status")), "Ready").get("status") == "True"


def average(status: Mapping[str, Any]) -> float | None:
    """What the autoscaler says that its one metric is, for each pod."""
    for each in mappings(status.get("currentMetrics")):
        for kind in ("pods", "external"):
            current = mapping(mapping(each.get(kind)).get("current"))
            if "averageValue" in current:
                return quantity(current["averageValue"])
    return None


def replicas_told(changes: Sequence[Change], *, hpa: str) -> list[list[Any]]:
    """[current, desired] of each different state of the autoscaler, in order."""
    found: list[list[Any]] = []
    for change in changes:
        if change.object["metadata"].get("name") != hpa:
            continue
        status = mapping(change.object.get("status"))
        pair = [status.get("currentReplicas"), status.get("desiredReplicas")]
        if not found or found[-1] != pair:
            found.append(pair)
    return found


def as_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """The evidence file hpa.csv."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
