"""
The objects that a run makes, as plain JSON (pure): the agents' DaemonSets and their ConfigMap.

Everything is owned by the run's Job, so that deleting the Job removes everything.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from aiconform.cluster.facts import GROUP_LABEL, ROLE_LABEL, RUN_LABEL
from aiconform.cluster.placement import merged_tolerations, node_affinity
from aiconform.model.plan import Group, RunConfig
from aiconform.model.wire import TOKEN_AUDIENCE

Json = dict[str, Any]

AGENT_USER = 65532
TOKEN_SECONDS = 600  # the shortest that the API server grants; the kubelet renews it in time
_STOP_S = 5
_CA_DIRECTORY = "/var/run/aiconform/ca"
CA_ANNOTATION = "aiconform/ca"
_TOKEN_DIRECTORY = "/var/run/aiconform/token"
_DEFAULT_REQUESTS = {"cpu": "100m", "memory": "256Mi"}
_SHM_LIMIT = "1Gi"  # frameworks' workers share arrays there; 64 MiB, the runtime's, is too little


def agent_config_map(
    *, ca_pem: str, config: RunConfig, job: str, namespace: str, owner: Mapping[str, Any]
) -> Json:
    """What agents trust: the authority of this run's collector (PEM)."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(
            f"{job}-agent", config=config, job=job, namespace=namespace, owner=owner
        ),
        "data": {"ca.crt": ca_pem},
    }


def agent_daemonset(
    *,
    group: Group,
    collector_url: str,
    ca_pem: str,
    config: RunConfig,
    job: str,
    namespace: str,
    owner: Mapping[str, Any],
    hostnames: Mapping[str, str] | None = None,
) -> Json:
    """
    One agent on each node of the group.

    Args:
        ca_pem: What the agents are to trust. Those of another authority are replaced: they could
            not speak with this collector, and what they delivered went to another journal.
        job: Name of the run's Job, which begins every object's name.
        owner: apiVersion, kind, name and uid of the owner.
        hostnames: Node → its label kubernetes.io/hostname; used for large groups, see `placement`.
    """
    selector = {
        "app.kubernetes.io/name": "aiconform",
        "app.kubernetes.io/instance": job,
        ROLE_LABEL: "agent",
        GROUP_LABEL: group.name,
    }
    metadata = _metadata(
        f"{job}-agent-{group.name}", config=config, job=job, namespace=namespace, owner=owner
    )
    labels = {**config.pods.labels, **metadata["labels"], **selector}
    pod = _pod(group, collector_url=collector_url, config=config, job=job, hostnames=hostnames)
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": metadata,
        "spec": {
            "selector": {"matchLabels": selector},
            "updateStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": "100%"},
            },
            "revisionHistoryLimit": 0,
            "template": {
                "metadata": {
                    "labels": labels,
                    "annotations": {**config.pods.annotations, CA_ANNOTATION: digest_of(ca_pem)},
                },
                "spec": pod,
            },
        },
    }


def digest_of(text: str) -> str:
    """Short, to tell one text from another."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _metadata(
    name: str, *, config: RunConfig, job: str, namespace: str, owner: Mapping[str, Any]
) -> Json:
    # No `blockOwnerDeletion`: it would need a right on the finalizers of the Job.
    reference = {key: owner[key] for key in ("apiVersion", "kind", "name", "uid")}
    return {
        "name": name,
        "namespace": namespace,
        "labels": {
            "app.kubernetes.io/name": "aiconform",
            "app.kubernetes.io/instance": job,
            "app.kubernetes.io/managed-by": "aiconform",
            RUN_LABEL: config.name,
        },
        "ownerReferences": [reference],
    }


def _pod(
    group: Group,
    *,
    collector_url: str,
    config: RunConfig,
    job: str,
    hostnames: Mapping[str, str] | None,
) -> Json:
    pods, images = config.pods, config.images
    affinity = node_affinity(group.nodes, site=pods.affinity, hostnames=hostnames or {})
    spec: Json = {
        "serviceAccountName": config.agent_service_account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _STOP_S,
        "priorityClassName": pods.priority_class_name or f"{job}-background",
        "nodeSelector": {"kubernetes.io/os": "linux", **pods.node_selector},
        "affinity": affinity,
        "tolerations": merged_tolerations(pods.tolerations, group.tolerations),
        "imagePullSecrets": [{"name": name} for name in images.pull_secrets],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": AGENT_USER,
            "runAsGroup": AGENT_USER,
            "fsGroup": AGENT_USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [_installer(config)],
        "containers": [_engine(group, collector_url=collector_url, config=config)],
        "volumes": _volumes(job),
    }
    if pods.runtime_class_name:
        spec["runtimeClassName"] = pods.runtime_class_name
    return spec


def _installer(config: RunConfig) -> Json:
    """Copies the agent out of our image, so that the engine's image may be any that has Python."""
    return {
        "name": "agent",
        "image": config.images.agent,
        "imagePullPolicy": config.images.pull_policy,
        "command": ["cp", "/opt/aiconform/agent.pyz", "/aiconform/agent.pyz"],
        "resources": _resources(config, {}),
        "securityContext": _locked_down(),
        "volumeMounts": [{"name": "agent", "mountPath": "/aiconform"}],
    }


def _engine(group: Group, *, collector_url: str, config: RunConfig) -> Json:
    return {
        "name": "engine",
        "image": config.images.engine,
        "imagePullPolicy": config.images.pull_policy,
        "command": ["python3", "/aiconform/agent.pyz", "run"],
        "env": [
            # A site's variables first: Kubernetes lets the last of a name win, and ours must.
            *map(dict, config.pods.env),
            # Some frameworks ask for the user's name, and user 65532 has none in /etc/passwd.
            {"name": "LOGNAME", "value": "aiconform"},
            {"name": "HOME", "value": "/tmp"},  # frameworks write caches there
            {"name": "AICONFORM_RUN", "value": config.name},
            _from_pod("AICONFORM_NODE", "spec.nodeName"),
            _from_pod("AICONFORM_POD", "metadata.name"),
            _from_pod("AICONFORM_POD_IP", "status.podIP"),
            {"name": "AICONFORM_COLLECTOR", "value": collector_url},
            {"name": "AICONFORM_CA", "value": f"{_CA_DIRECTORY}/ca.crt"},
            {"name": "AICONFORM_TOKEN", "value": f"{_TOKEN_DIRECTORY}/token"},
            {"name": "AICONFORM_ENGINE", "value": config.engine},
            {"name": "AICONFORM_WORK", "value": "/tmp"},
        ],
        "resources": _resources(config, group.resources),
        "securityContext": _locked_down(),
        "volumeMounts": [
            {"name": "agent", "mountPath": "/aiconform", "readOnly": True},
            {"name": "work", "mountPath": "/tmp"},
            {"name": "shm", "mountPath": "/dev/shm"},
            {"name": "ca", "mountPath": _CA_DIRECTORY, "readOnly": True},
            {"name": "token", "mountPath": _TOKEN_DIRECTORY, "readOnly": True},
        ],
    }


def _volumes(job: str) -> list[Json]:
    token = {
        "audience": TOKEN_AUDIENCE,
        "expirationSeconds": TOKEN_SECONDS,
        "path": "token",
    }
    return [
        {"name": "agent", "emptyDir": {}},
        {"name": "work", "emptyDir": {}},
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": _SHM_LIMIT}},
        {"name": "ca", "configMap": {"name": f"{job}-agent"}},
        {"name": "token", "projected": {"sources": [{"serviceAccountToken": token}]}},
    ]


def _resources(config: RunConfig, accelerators: Mapping[str, int]) -> Json:
    """What the site says, else a little. Accelerators cannot be overcommitted: limits, too."""
    site = config.pods.resources
    claimed = {resource: str(count) for resource, count in accelerators.items()}
    requests = {**_DEFAULT_REQUESTS, **site.get("limits", {}), **site.get("requests", {})}
    limits = {**site.get("limits", {}), **claimed}
    others = {key: value for key, value in site.items() if key not in {"requests", "limits"}}
    found: Json = {**others, "requests": {**requests, **claimed}}
    return {**found, "limits": limits} if limits else found


def _locked_down() -> Json:
    """What the Pod Security level `restricted` asks of a container, and a bit more."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def _from_pod(name: str, field: str) -> Json:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": field}}}
