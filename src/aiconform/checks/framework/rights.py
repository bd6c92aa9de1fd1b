"""
Rights as a check declares them. The chart grants exactly these when the check is switched on.

    rights=(
        *makes(POD, why="holds one device", also=("get", "watch")),
        *generates(RESOURCE_CLAIM, why="made from our template"),
        *looks_at(GATEWAY_CLASS, why="which gateways there are"),
        *INVENTORY,
    )
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aiconform.cluster.resources import (
    DEVICE_CLASS,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
    Resource,
)
from aiconform.cluster.rights import Right

Workplace = Literal["work", "probe"]
_LOST = "the step that needs it is UNKNOWN"


@dataclass(frozen=True)
class ObjectRight(Right):
    """A right that knows the kind it is for: what may be deleted is swept up at the end."""

    of: Resource | None = None


def makes(
    resource: Resource, *, why: str, also: Sequence[str] = (), namespace: Workplace = "work"
) -> tuple[Right, ...]:
    """Create objects in our namespace, list and delete them at the end; `also`: get, watch, …"""
    return _ours(resource, ("create", "list", "delete", *also), why=why, namespace=namespace)


def generates(
    resource: Resource, *, why: str, also: Sequence[str] = (), namespace: Workplace = "work"
) -> tuple[Right, ...]:
    """Objects that others make for us (pods of a Deployment): list and delete them at the end."""
    return _ours(resource, ("list", "delete", *also), why=why, namespace=namespace)


def looks_at(
    resource: Resource,
    *,
    why: str,
    verbs: Sequence[str] = ("list",),
    lost_without: str = _LOST,
    names: tuple[str, ...] = (),
    switch: str = "",
) -> tuple[Right, ...]:
    """Read objects of the whole cluster: get, list, watch."""
    return tuple(
        Right(
            verb=verb,
            group=resource.group,
            resource=resource.plural,
            namespaced=False,
            why=why,
            lost_without=lost_without,
            names=names,
            switch=switch,
        )
        for verb in verbs
    )


def on(
    resource: Resource,
    *verbs: str,
    why: str,
    subresource: str = "",
    namespace: Workplace = "work",
) -> tuple[Right, ...]:
    """Any other verbs on a resource or a subresource ("log", "scale") in our namespace."""
    return _ours(resource, verbs, why=why, namespace=namespace, subresource=subresource)


def _ours(
    resource: Resource,
    verbs: Sequence[str],
    *,
    why: str,
    namespace: Workplace,
    subresource: str = "",
) -> tuple[Right, ...]:
    name = f"{resource.plural}/{subresource}" if subresource else resource.plural
    return tuple(
        ObjectRight(
            verb=verb,
            group=resource.group,
            resource=name,
            namespaced=True,
            why=why,
            lost_without=_LOST,
            namespace=namespace,
            of=None if subresource else resource,
        )
        for verb in verbs
    )


# What `Context.inventory` asks beyond the run's own rights.
INVENTORY: tuple[Right, ...] = (
    *looks_at(RESOURCE_SLICE, why="which devices the drivers of Dynamic Resource Allocation offer"),
    *looks_at(DEVICE_CLASS, why="the classes that devices are asked for by"),
    *looks_at(
        RESOURCE_CLAIM,
        why="which of those devices are in use",
        lost_without="no device of Dynamic Resource Allocation is claimed, since it may be in use",
        switch="rbac.countForeignPods",
    ),
)
