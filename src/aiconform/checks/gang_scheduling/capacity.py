"""
What is free on nodes now, and how many pods of one shape fit (pure).

Effective requests follow the scheduler's rules: the containers together or the largest moment of
the init containers, sidecars counted with both, then the pod-level request and the overhead.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from aiconform.cluster.trouble import mapping, mappings

Json = Mapping[str, Any]
Amounts = Mapping[str, float]  # resource → cores, bytes, devices

_SCALES = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip
_ENDED = frozenset({"Succeeded", "Failed"})
# What sums of binary fractions may be off by.
_TINY = 1e-9


def amount(quantity: object) -> float:
    """
    A Kubernetes quantity ("1100m", "96Mi", "2") as a number; 0 when it is none.
    """
    text = str(quantity)
    for suffix in sorted(_SCALES, key=len, reverse=True):
        if text.endswith(suffix):
            return _number(text.removesuffix(suffix)) * _SCALES[suffix]
    return _number(text)


def free_by_node(nodes: Iterable[Json], pods: Iterable[Json]) -> dict[str, dict[str, float]]:
    """
    Node → resource → allocatable less what its pods that have not ended ask for.

    Args:
        pods: Every pod of the cluster. Terminating ones count: their devices are not yet free.
    """
    used: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for pod in pods:
        spec = mapping(pod.get("spec"))
        node = spec.get("nodeName")
        if not node or mapping(pod.get("status")).get("phase") in _ENDED:
            continue
        used[str(node)]["pods"] += 1
        for resource, asked in effective_requests(spec).items():
            used[str(node)][resource] += asked
    return {
        name: {
            resource: amount(there) - used[name].get(resource, 0.0)
            for resource, there in mapping(mapping(node.get("status")).get("allocatable")).items()
        }
        for node in nodes
        if (name := str(mapping(node.get("metadata")).get("name", "")))
    }


def fits(free: Amounts, request: Amounts) -> int:
    """How many pods that ask for this find room, by the tightest resource."""
    asked = {"pods": 1.0, **request}
    rooms = [
        int((free.get(resource, 0.0) + _TINY) / each)
        for resource, each in asked.items()
        if each > 0
    ]
    return max(0, min(rooms))


def effective_requests(spec: Json) -> dict[str, float]:
    """What the scheduler counts for a pod of this specification."""
    together: dict[str, float] = defaultdict(float)
    sidecars: dict[str, float] = defaultdict(float)
    peak: dict[str, float] = defaultdict(float)
    for container in mappings(spec.get("initContainers")):
        always = container.get("restartPolicy") == "Always"
        for resource, asked in _asked(container).items():
            moment = sidecars[resource] + asked
            peak[resource] = max(peak[resource], moment)
            if always:
                sidecars[resource] = moment
    for container in mappings(spec.get("containers")):
        for resource, asked in _asked(container).items():
            together[resource] += asked
    found = {
        resource: max(peak[resource], together[resource] + sidecars[resource])
        for resource in {*peak, *together, *sidecars}
    }
    found.update(_asked(spec))  # a pod-level request replaces the containers'
    for resource, extra in mapping(spec.get("overhead")).items():
        found[resource] = found.get(resource, 0.0) + amount(extra)
    return found


def _asked(part: Json) -> dict[str, float]:
    """Requests of a container or a pod; a limit without one is a request."""
    resources = mapping(part.get("resources"))
    told = {**mapping(resources.get("limits")), **mapping(resources.get("requests"))}
    return {resource: amount(quantity) for resource, quantity in told.items()}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
