"""
How many accelerators of each node are taken: what the pods bound to it ask for (pure).

A pod counts from being bound until it has ended. What it takes is the larger of what its
containers take together and what its init containers take one after another; init containers that
go on beside the others (restartPolicy Always: sidecars) count with both.
Source: kubernetes.io/docs/concepts/workloads/pods/, pages init-containers and sidecar-containers,
"Resource sharing within containers".
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from aiconform.cluster.trouble import mapping, mappings


def accelerators_in_use(
    pods: Iterable[Mapping[str, Any]], *, accelerator_resources: Collection[str]
) -> dict[str, dict[str, int]]:
    """
    Count by node and resource.

    Args:
        pods: Every pod of the cluster, as plain JSON.
        accelerator_resources: Names or shell patterns of extended resources.
    """
    used: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for pod in pods:
        spec = mapping(pod.get("spec"))
        node = spec.get("nodeName")
        if not node or mapping(pod.get("status")).get("phase") in {"Succeeded", "Failed"}:
            continue
        for resource in _resources_of(spec):
            if is_accelerator(resource, accelerator_resources):
                used[str(node)][resource] += effective_request(spec, resource)
    return {node: dict(counts) for node, counts in used.items()}


def is_accelerator(resource: str, patterns: Collection[str]) -> bool:
    """Is the resource one of those named? "nvidia.com/mig-*" names a family."""
    return any(fnmatchcase(resource, pattern) for pattern in patterns)


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
    return max(peak, together)


def whole_quantity(quantity: object) -> int:
    """A Kubernetes quantity of whole things ("8", "1k"); 0 when it is not one."""
    text = str(quantity)
    scale = {"k": 1000, "Ki": 1024, "M": 10**6, "Mi": 2**20}
    suffix = next((s for s in ("Ki", "Mi", "k", "M") if text.endswith(s)), "")
    digits = text.removesuffix(suffix)
    plain = digits.isascii() and digits.isdigit() and len(digits) <= 18
    return int(digits) * scale.get(suffix, 1) if plain else 0


def _resources_of(spec: Mapping[str, Any]) -> set[str]:
    containers = (*mappings(spec.get("initContainers")), *mappings(spec.get("containers")))
    return {
        str(resource)
        for container in containers
        for kind in ("requests", "limits")
        for resource in mapping(mapping(container.get("resources")).get(kind))
    }


def _asked(container: Mapping[str, Any], resource: str) -> int:
    resources = mapping(container.get("resources"))
    asked = mapping(resources.get("requests")).get(resource)
    if asked is None:
        asked = mapping(resources.get("limits")).get(resource, 0)
    return whole_quantity(asked)
