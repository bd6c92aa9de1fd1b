"""What the API server says of pods and claims (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any

from aiconform.cluster.trouble import mapping, mappings

Json = Mapping[str, Any]


def results_of(claim: Json) -> Iterator[Json]:
    """The devices that a claim is allocated; none: it is not."""
    allocation = mapping(mapping(claim.get("status")).get("allocation"))
    yield from mappings(mapping(allocation.get("devices")).get("results"))


def allocated(claim: Json) -> list[str]:
    """Their names: "driver/pool/device"."""
    return [f"{r.get('driver')}/{r.get('pool')}/{r.get('device')}" for r in results_of(claim)]


def placement(pod: Json) -> dict[str, Any]:
    """
    What a scheduler has done with the pod.

    Returns:
        `bound`: the node, or None; `reason`, `message`: of its condition PodScheduled.
    """
    conditions = mappings(mapping(pod.get("status")).get("conditions"))
    scheduled = next((c for c in conditions if c.get("type") == "PodScheduled"), {})
    return {
        "bound": mapping(pod.get("spec")).get("nodeName"),
        "reason": str(scheduled.get("reason") or ""),
        "message": str(scheduled.get("message") or "")[:400],
    }
