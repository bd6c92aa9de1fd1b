"""
What a pod and a node say of themselves, as facts (pure).

In: plain JSON objects as the API server gives them. Nothing here raises: what is absent or of a
strange shape reads as not known.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from aiconform.cluster.accelerators import (
    accelerators_in_use,
    is_accelerator,
    whole_quantity,
)
from aiconform.cluster.trouble import PodTrouble, containers_of, pod_trouble
from aiconform.cluster.trouble import mapping as _mapping
from aiconform.cluster.trouble import mappings as _mappings
from aiconform.model.plan import NodeFacts, Taint

__all__ = ["PodFacts", "PodTrouble", "accelerators_in_use", "node_facts", "pod_facts"]

ROLE_LABEL = "aiconform/role"
GROUP_LABEL = "aiconform/group"
RUN_LABEL = "aiconform/run"

_TEXT_LIMIT = 256  # of `model.base.Text`


@dataclass(frozen=True)
class PodFacts:
    """One pod as the API server shows it."""

    name: str
    uid: str
    # Where it runs, or, not bound yet, the node that its DaemonSet made it for.
    node: str | None
    group: str | None
    ip: str | None
    phase: str
    ready: bool
    scheduled: bool
    deleted: bool = False  # gone from the API server
    terminating: bool = False  # told to go, still there
    restarts: int = 0  # of all its containers
    last_end: str = ""  # how a container ended before its last restart: "OOMKilled, exit code 137"
    trouble: PodTrouble | None = None


def pod_facts(pod: Mapping[str, Any], *, deleted: bool = False) -> PodFacts:
    """Read one pod; `deleted` when the watch reported its end."""
    metadata, spec, status = (_mapping(pod.get(key)) for key in ("metadata", "spec", "status"))
    statuses = [state for _, state in containers_of(pod)]
    return PodFacts(
        name=str(metadata.get("name", "")),
        uid=str(metadata.get("uid", "")),
        node=_text(spec.get("nodeName")) or _intended_node(spec),
        group=_text(_mapping(metadata.get("labels")).get(GROUP_LABEL)),
        ip=_text(status.get("podIP")),
        phase=_text(status.get("phase")) or "Unknown",
        ready=_condition(status, "Ready").get("status") == "True",
        scheduled=bool(spec.get("nodeName")),
        deleted=deleted,
        terminating=bool(metadata.get("deletionTimestamp")),
        restarts=sum(_integer(state.get("restartCount")) for state in statuses),
        last_end=next(filter(None, map(_last_end, statuses)), ""),
        trouble=pod_trouble(pod),
    )


def node_facts(
    node: Mapping[str, Any],
    *,
    accelerator_resources: Collection[str] = (),
) -> NodeFacts:
    """
    Read one node.

    Args:
        accelerator_resources: Names of extended resources that count as accelerators; shell
            patterns such as "nvidia.com/mig-*" are understood.
    """
    metadata, spec, status = (_mapping(node.get(key)) for key in ("metadata", "spec", "status"))
    info = _mapping(status.get("nodeInfo"))
    ready = _condition(status, "Ready")
    allocatable = {
        str(key): str(value) for key, value in _mapping(status.get("allocatable")).items()
    }
    name = str(metadata.get("name", "")) or "unnamed"
    accelerators = _accelerators(allocatable, accelerator_resources)
    return NodeFacts(
        name=name,
        uid=_clip(metadata.get("uid")),
        ready=ready.get("status") == "True",
        ready_reason=_clip(ready.get("reason") or ("" if ready else "NoReadyCondition")),
        unschedulable=spec.get("unschedulable") is True,
        taints=tuple(map(_taint, _mappings(spec.get("taints")))),
        labels={str(key): str(value) for key, value in _mapping(metadata.get("labels")).items()},
        architecture=_clip(info.get("architecture")),
        os_image=_clip(info.get("osImage")),
        kernel=_clip(info.get("kernelVersion")),
        kubelet=_clip(info.get("kubeletVersion")),
        runtime=_clip(info.get("containerRuntimeVersion")),
        allocatable=allocatable,
        accelerators=accelerators,
    )


def _accelerators(allocatable: Mapping[str, str], wanted: Collection[str]) -> dict[str, int]:
    found = {
        resource: whole_quantity(quantity)
        for resource, quantity in sorted(allocatable.items())
        if is_accelerator(resource, wanted)
    }
    return {resource: count for resource, count in found.items() if count > 0}


def _taint(raw: Mapping[str, Any]) -> Taint:
    return Taint(
        key=_clip(raw.get("key")), value=_clip(raw.get("value")), effect=_clip(raw.get("effect"))
    )


def _intended_node(spec: Mapping[str, Any]) -> str | None:
    """
    The node that a DaemonSet's pod is meant for, before it is bound.

    The DaemonSet controller replaces the template's node terms by one with the field metadata.name.
    """
    affinity = _mapping(_mapping(spec.get("affinity")).get("nodeAffinity"))
    required = _mapping(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"))
    for term in _mappings(required.get("nodeSelectorTerms")):
        for field in _mappings(term.get("matchFields")):
            values = field.get("values")
            if field.get("key") == "metadata.name" and isinstance(values, list) and values:
                return str(values[0])
    return None


def _last_end(state: Mapping[str, Any]) -> str:
    ended = _mapping(_mapping(state.get("lastState")).get("terminated"))
    if not ended:
        return ""
    return f"{ended.get('reason') or 'Ended'}, exit code {ended.get('exitCode', '?')}"


def _condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    found = (c for c in _mappings(status.get("conditions")) if c.get("type") == kind)
    return next(found, {})


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0


def _clip(value: object) -> str:
    return "" if value is None else str(value)[:_TEXT_LIMIT]
