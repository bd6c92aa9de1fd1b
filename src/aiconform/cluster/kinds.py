"""Where objects of the kinds that we use live in the API."""

from dataclasses import dataclass

from aiconform.cluster.protocol import Kind
from aiconform.model.errors import ClusterError

_KINDS: dict[str, tuple[str, str]] = {  # kind → group, plural; all are v1
    "ConfigMap": ("", "configmaps"),
    "DaemonSet": ("apps", "daemonsets"),
    "Job": ("batch", "jobs"),
    "Pod": ("", "pods"),
    "Service": ("", "services"),
}


@dataclass(frozen=True)
class Place:
    """A collection of objects: its path, and its name in RBAC's words."""

    path: str
    plural: str
    resource: str  # "daemonsets.apps"


def place(kind: Kind | str, namespace: str) -> Place:
    """
    Raises:
        ClusterError: A kind that we never use.
    """
    if kind not in _KINDS:
        raise ClusterError(f"kind {kind} is not in the table of cluster.kinds")
    group, plural = _KINDS[kind]
    prefix = f"/apis/{group}/v1" if group else "/api/v1"
    return Place(
        path=f"{prefix}/namespaces/{namespace}/{plural}",
        plural=plural,
        resource=f"{plural}.{group}" if group else plural,
    )
