"""What a pod's status says, as facts (pure)."""

from collections.abc import Mapping
from typing import Any

from aiconform.checks.framework import allocated

Json = Mapping[str, Any]

ENDED = frozenset({"Succeeded", "Failed"})
# The runtime was asked to start the container and would not: it keeps trying, or it gave up.
REFUSED = frozenset(
    {"CreateContainerError", "RunContainerError", "StartError", "ContainerCannotRun"}
)


def pod_state(pod: Json | None) -> dict[str, Any]:
    """Where it is, how it is, and why it is not running; `found` is false when there is none."""
    if pod is None:
        return {"found": False}
    status = pod.get("status") or {}
    scheduled = _condition(status, "PodScheduled")
    reason, message = _container_trouble(status)
    return {
        "found": True,
        "name": pod["metadata"]["name"],
        "uid": pod["metadata"]["uid"],
        "node": (pod.get("spec") or {}).get("nodeName"),
        "phase": status.get("phase"),
        "ready": _condition(status, "Ready").get("status") == "True",
        "reason": status.get("reason") or reason,
        "message": str(status.get("message") or message)[:600],
        "scheduling": scheduled.get("reason"),
        "scheduling_message": str(scheduled.get("message") or "")[:600],
        "restarts": sum(int(c.get("restartCount") or 0) for c in _containers(status)),
    }


def granted(pod: Json | None, claim: Json | None) -> dict[str, Any]:
    """Which devices the API says the pod has: by the kubelet's word, and by the claim's."""
    status = (pod or {}).get("status") or {}
    identities = {
        f"{told.get('name')}/{each.get('resourceID')}"
        for container in _containers(status)
        for told in container.get("allocatedResourcesStatus") or ()
        if not str(told.get("name", "")).startswith("claim:")
        for each in told.get("resources") or ()
    }
    return {"ids": sorted(identities), "claimed": sorted(allocated(claim or {}))}


def is_refused(pod: Json) -> bool:
    return _container_trouble(pod.get("status") or {})[0] in REFUSED


def is_ended(pod: Json) -> bool:
    return (pod.get("status") or {}).get("phase") in ENDED


def _container_trouble(status: Json) -> tuple[str, str]:
    for container in _containers(status):
        state = container.get("state") or {}
        for told in (state.get("waiting") or {}, state.get("terminated") or {}):
            if told.get("reason") and told["reason"] not in {"Completed", "ContainerCreating"}:
                return str(told["reason"]), str(told.get("message") or "")
    return "", ""


def _containers(status: Json) -> list[Json]:
    return list(status.get("containerStatuses") or ())


def _condition(status: Json, kind: str) -> Json:
    return next((c for c in status.get("conditions") or () if c.get("type") == kind), {})
