"""What no manifest and no patch of a check may hold, whatever its kind (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from aiconform.cluster.trouble import mapping

Security = Literal["restricted", "baseline"]

_HOST = frozenset({"hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"})
_NEVER_SET = {
    "hostPath": "a volume of the node",
    "hostPort": "a port of the node",
    "nodeName": "it would bypass the scheduler",
    "preemptionPolicy": "only the priority class says it",
    "serviceAccountName": "pods of checks have no service account",
    "serviceAccount": "pods of checks have no service account",
    "ephemeralContainers": "not for checks",
    "sysctls": "a setting of the node",
}


def unsafe(key: str, value: Any, security: Security) -> str:
    if key in _NEVER_SET and value not in (None, "", [], {}):
        return _NEVER_SET[key]
    if key in _HOST and value is True:
        return "a part of the node"
    if key == "priority" and isinstance(value, int):
        return "only the priority class says it"
    if value is True and (
        key == "privileged" or (key == "allowPrivilegeEscalation" and security == "restricted")
    ):
        return "more than a check's pod may"
    if key == "capabilities" and mapping(value).get("add"):
        return "no capability may be added"
    if key == "procMount" and value != "Default":
        return "more than a check's pod may"
    if security == "restricted" and (
        (key == "runAsNonRoot" and value is False) or (key == "runAsUser" and value == 0)
    ):
        return "root is only for the probe namespace"
    if key == "type" and value in {"LoadBalancer", "NodePort"}:
        return "a Service of a check is seen inside the cluster only"
    return ""


def walk(part: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    if isinstance(part, Mapping):
        for key, value in part.items():
            yield path, str(key), value
            yield from walk(value, f"{path}.{key}")
    elif isinstance(part, list | tuple):
        for number, value in enumerate(part):
            yield from walk(value, f"{path}[{number}]")
