"""
What autoscalers say of a pod, in its events and elsewhere (pure).

Sources: kubernetes/autoscaler, cluster-autoscaler/FAQ.md, "What events are emitted by CA?";
kubernetes-sigs/karpenter v1.14, pkg/controllers/provisioning/scheduling/events.go.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]

_CALLED = frozenset({"TriggeredScaleUp", "Nominated"})
_REFUSED = frozenset({"NotTriggerScaleUp"})
_BOTH = "FailedScheduling"  # Karpenter's own events have the scheduler's reason
_SCHEDULER = "default-scheduler"
_CLOUD = re.compile(
    r"quota|insufficient ?(instance ?)?capacity|stock ?out|out of (capacity|resource|stock)"
    r"|resource.?pool.?exhausted|(vcpu|instance|account|service) ?limit ?exceeded",
    re.IGNORECASE,
)
_DRA = re.compile(r"dynamic resource allocation|\bDRA\b|resource ?claim", re.IGNORECASE)


def digest(events: Iterable[Mapping[str, Any]]) -> list[Json]:
    """Events of one pod, as facts: who, why, what."""
    return [
        {
            "by": str(
                event.get("reportingComponent") or mapping(event.get("source")).get("component")
                or "",
            ),
            "reason": str(event.get("reason") or ""),
            "message": str(event.get("message") or "")[:600],
        }
        for event in events
    ]  # fmt: skip


def called(events: Sequence[Json]) -> list[str]:
    """What says that an autoscaler wants a node for this very pod."""
    return [e["message"] for e in events if e["reason"] in _CALLED and e["by"] != _SCHEDULER]


def refused(events: Sequence[Json]) -> list[str]:
    """What says that an autoscaler has looked at this pod, and that no node would help."""
    return [
        e["message"]
        for e in events
        if e["by"] != _SCHEDULER and (e["reason"] in _REFUSED or e["reason"] == _BOTH)
    ]


def of_cloud(texts: Iterable[str]) -> str:
    """The first that says that the cloud has no more to give."""
    return next((text for text in texts if _CLOUD.search(text)), "")


def of_claims(texts: Iterable[str]) -> str:
    """The first that says that claims for devices are not understood."""
    return next((text for text in texts if _DRA.search(text)), "")


def claims(found: Iterable[Mapping[str, Any]], pool_label: str) -> list[Json]:
    """Karpenter's NodeClaims of a pool: which node each became, and what is in its way."""
    told = []
    for claim in found:
        metadata, status = mapping(claim.get("metadata")), mapping(claim.get("status"))
        if pool_label not in {
            "",
            str(mapping(metadata.get("labels")).get("karpenter.sh/nodepool")),
        }:
            continue
        told.append(
            {
                "name": str(metadata.get("name", "")),
                "uid": str(metadata.get("uid", "")),
                "created": str(metadata.get("creationTimestamp") or ""),
                "node": str(status.get("nodeName") or ""),
                "trouble": [
                    f"{c.get('type')}: {c.get('reason')}: {c.get('message')}"[:300]
                    for c in mappings(status.get("conditions"))
                    if c.get("status") != "True" and c.get("type") in {"Launched", "Registered"}
                ],
            }
        )
    return told


def backoff(status: str) -> str:
    """
    Why the Cluster Autoscaler has given up for a while, from its status; empty: it has not.

    The status is YAML since 1.30 and prose before; both have the words `errorCode` or "Backoff".
    """
    lines = [line.strip() for line in status.splitlines()]
    told = [line for line in lines if line.startswith(("errorCode", "errorMessage"))]
    if not told:
        told = [line for line in lines if "Backoff" in line]
    return "; ".join(told)[:600]
