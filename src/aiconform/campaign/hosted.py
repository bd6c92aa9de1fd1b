"""
A run in a pod that another tool made, Sonobuoy for one: what the chart would have made, made here.

Everything goes with the pod. Only what lies outside of namespaces is removed at the end, and is
left alone when it was there before.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog

from aiconform.campaign.deploy import pod_owner
from aiconform.campaign.environment import Environment
from aiconform.cluster.protocol import Cluster
from aiconform.cluster.resources import CONFIG_MAP, SERVICE, Resource
from aiconform.model.errors import ClusterError

log = structlog.get_logger()

SERVICE_ACCOUNT = Resource("", "v1", "serviceaccounts", "ServiceAccount")
PRIORITY_CLASS = Resource(
    "scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", namespaced=False
)
NAMESPACE = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
_COLLECTOR_PORT = 8443


@asynccontextmanager
async def prepared(
    environment: Environment, cluster: Cluster, *, pod_labels: Mapping[str, str]
) -> AsyncIterator[None]:
    """
    Make what a run needs, for as long as it lasts.

    Args:
        environment: Its `owner` is the pod.
        cluster: In the pod's namespace.
        pod_labels: Labels that this pod alone has; the agents find the collector by them.

    Raises:
        ClusterError: One of the objects was refused.
    """
    async with AsyncExitStack() as stack:
        for resource, manifest in _outside(environment):
            if uid := await _create(cluster, resource, manifest):
                name = str(manifest["metadata"]["name"])
                stack.push_async_callback(_remove, cluster, resource, name, uid)
        await _create(cluster, SERVICE_ACCOUNT, _account(environment))
        await _create(cluster, SERVICE, _service(environment, pod_labels))
        await _create(cluster, CONFIG_MAP, _status(environment))
        yield


def _outside(environment: Environment) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """What lies outside of namespaces, and so cannot go with the pod by itself."""
    yield PRIORITY_CLASS, _priority_class(environment)
    config = environment.config
    if config.checks.enabled != "none":
        yield NAMESPACE, _namespace(environment, config.work_namespace, "restricted")
        yield NAMESPACE, _namespace(environment, config.probe_namespace, "baseline")


async def _create(cluster: Cluster, resource: Resource, manifest: Mapping[str, Any]) -> str:
    """The new object's UID; empty when it was there already."""
    namespace = cluster.namespace if resource.namespaced else ""
    reply = await cluster.objects.create(resource, manifest, namespace=namespace, dry_run=False)
    if reply.ok:
        return str(reply.body["metadata"]["uid"])
    if reply.reason == "AlreadyExists":
        return ""
    name = manifest["metadata"]["name"]
    raise ClusterError(f"{resource.kind} {name} was refused: {reply.message}")


async def _remove(cluster: Cluster, resource: Resource, name: str, uid: str) -> None:
    try:
        await cluster.objects.delete(resource, name, namespace="", uid=uid, grace_s=None)
    except ClusterError as exc:
        log.warning("object.left", kind=resource.kind, name=name, problem=str(exc))


def _object(environment: Environment, kind: str, name: str, **rest: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": environment.namespace,
        "labels": _labels(environment),
        "ownerReferences": [pod_owner(environment)],
    }
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **rest}


def _labels(environment: Environment) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": "aiconform",
        "app.kubernetes.io/instance": environment.job,
        "app.kubernetes.io/managed-by": "aiconform",
        "aiconform/run": environment.config.name,
    }


def _account(environment: Environment) -> dict[str, Any]:
    name = environment.config.agent_service_account
    return _object(environment, "ServiceAccount", name, automountServiceAccountToken=False)


def _service(environment: Environment, pod_labels: Mapping[str, str]) -> dict[str, Any]:
    spec = {
        "selector": dict(pod_labels),
        # A pod with a container that is not ready yet must not lose its agents.
        "publishNotReadyAddresses": True,
        "ports": [{"name": "https", "port": _COLLECTOR_PORT, "targetPort": _COLLECTOR_PORT}],
    }
    return _object(environment, "Service", environment.config.collector_host, spec=spec)


def _status(environment: Environment) -> dict[str, Any]:
    return _object(
        environment, "ConfigMap", environment.status_config_map, data={"stage": "starting"}
    )


def _namespace(environment: Environment, name: str, level: str) -> dict[str, Any]:
    modes = ("enforce", "audit", "warn")
    security = {f"pod-security.kubernetes.io/{mode}": level for mode in modes}
    metadata = {"name": name, "labels": security | _labels(environment)}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _class_name(environment: Environment) -> str:
    return environment.config.pods.priority_class_name or f"{environment.job}-background"


def _priority_class(environment: Environment) -> dict[str, Any]:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": _class_name(environment), "labels": _labels(environment)},
        "value": -1000,
        "preemptionPolicy": "Never",
        "description": "Agents of aiconform: any other pod comes first.",
    }
