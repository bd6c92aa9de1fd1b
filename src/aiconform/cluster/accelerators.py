"""
Which accelerators of a node are free: allocatable less what pods ask for (pure).

A pod counts from being bound until it has ended. What it takes is the larger of what its
containers take together and what its init containers take one after another; init containers that
go on beside the others (restartPolicy Always: sidecars) count with both.
Source: kubernetes.io/docs/concepts/workloads/pods/, pages init-containers and sidecar-containers,
"Resource sharing within containers".
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from aiconform.cluster.facts import whole_quantity
from aiconform.cluster.trouble import mapping, mappings
from aiconform.model.plan import NodeFacts


def with_free_accelerators(
    nodes: Iterable[NodeFacts], pods: Iterable[Mapping[str, Any]] | None
) -> tuple[NodeFacts, ...]:
    """
    Fill `accelerators_free`.

    Args:
        pods: Every pod of the cluster; None when they could not be listed: free stays None.
    """
    nodes = tuple(nodes)
    if pods is None:
        return nodes
    wanted = frozenset(resource for node in nodes for resource in node.accelerators)
    used = used_by_node(pods, resources=wanted)
    return tuple(
        node.model_copy(
            update={
                "accelerators_free": {
                    resource: max(0, count - used.get(node.name, {}).get(resource, 0))
                    for resource, count in node.accelerators.items()
                }
            }
        )
        for node in nodes
    )


def used_by_node(
    pods: Iterable[Mapping[str, Any]], *, resources: frozenset[str]
) -> dict[str, dict[str, int]]:
    """Node → resource → how many are asked for by pods that are bound and have not ended."""
    used: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for pod in pods:
        node = mapping(pod.get("spec")).get("nodeName")
        if not node or mapping(pod.get("status")).get("phase") in {"Succeeded", "Failed"}:
            continue
        for resource in resources:
            if count := effective_request(mapping(pod.get("spec")), resource):
                used[str(node)][resource] += count
    return {node: dict(counts) for node, counts in used.items()}


def effective_request(spec: Mapping[str, Any], resource: str) -> int:
    """How many of an extended resource a pod with this specification takes."""
    beside, peak = 0, 0
    for container in mappings(spec.get("initContainers")):
        asked = _asked(container, resource)
        if container.get("restartPolicy") == "Always":
            beside += asked
            peak = max(peak, beside)
        else:
            peak = max(peak, beside + asked)
    together = beside + sum(_asked(c, resource) for c in mappings(spec.get("containers")))
    overhead = whole_quantity(mapping(spec.get("overhead")).get(resource, 0))
    return max(peak, together) + overhead


def _asked(container: Mapping[str, Any], resource: str) -> int:
    resources = mapping(container.get("resources"))
    asked = mapping(resources.get("requests")).get(resource)
    if asked is None:
        asked = mapping(resources.get("limits")).get(resource, 0)
    return whole_quantity(asked)
