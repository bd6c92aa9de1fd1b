"""What the cluster is, and what we may ask of it. What is not permitted is named, never guessed."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiconform import catalogue
from aiconform.cluster.accelerators import accelerators_in_use
from aiconform.cluster.facts import node_facts
from aiconform.cluster.protocol import Cluster
from aiconform.cluster.resources import RESOURCE_SLICE
from aiconform.cluster.rights import RIGHTS, Right
from aiconform.fabric.sources import leaves_in_slices
from aiconform.model.errors import ForbiddenError, NotServedError
from aiconform.model.plan import NodeFacts, RunConfig
from aiconform.model.records import Surveyed

QUESTIONS_AT_ONCE = 8


async def survey(cluster: Cluster, config: RunConfig, *, job: str) -> Surveyed:
    """
    Look at the cluster once.

    Raises:
        ClusterError: The nodes cannot be listed at all.
    """
    version, nodes, pods, api_groups, refused, (leaves, unseen) = await asyncio.gather(
        cluster.server_version(),
        cluster.nodes(),
        _pods(cluster),
        cluster.api_groups(),
        _refused(cluster, job=job),
        _leaves(cluster, attribute=config.fabric.topology.attribute),
    )
    found = survey_nodes(nodes, pods, config)
    return Surveyed(
        server_version=version,
        nodes=tuple(n.model_copy(update={"leaves": leaves.get(n.name, ())}) for n in found),
        not_permitted=(*(f"{right}: {right.lost_without}" for right in refused), *unseen),
        api_groups=api_groups,
    )


def survey_nodes(
    nodes: Sequence[Mapping[str, Any]], pods: Sequence[Mapping[str, Any]] | None, config: RunConfig
) -> tuple[NodeFacts, ...]:
    """
    Read nodes from their JSON, with the accelerators that the catalogue or the site knows.

    Args:
        pods: Every pod of the cluster; None when they may not be listed, and then which
            accelerators are free is not known.
    """
    extra = config.accelerators.extra_resources
    known = {
        resource
        for node in nodes
        for resource in catalogue.accelerator_resources(
            (node.get("status") or {}).get("allocatable") or {}, extra
        )
    }
    found = [node_facts(node, accelerator_resources=known) for node in nodes]
    if pods is not None:
        used = accelerators_in_use(pods, accelerator_resources=known)
        found = [_with_free(node, used.get(node.name, {})) for node in found]
    return tuple(sorted(found, key=lambda node: node.name))


def _with_free(node: NodeFacts, used: Mapping[str, int]) -> NodeFacts:
    free = {
        resource: max(0, count - used.get(resource, 0))
        for resource, count in node.accelerators.items()
    }
    return node.model_copy(update={"accelerators_free": free})


async def _pods(cluster: Cluster) -> tuple[dict[str, Any], ...] | None:
    """Every pod, to know which accelerators are free; None when we may not look."""
    try:
        return await cluster.pods_everywhere()
    except ForbiddenError:
        return None


async def _leaves(
    cluster: Cluster, *, attribute: str
) -> tuple[Mapping[str, tuple[str, ...]], tuple[str, ...]]:
    """Each node's leaves as its devices tell them, and why not when they cannot be read."""
    if not attribute:
        return {}, ()
    try:
        listing = await cluster.objects.list(RESOURCE_SLICE, namespace=None)
    except ForbiddenError:
        return {}, ("list resourceslices.resource.k8s.io: no topology from devices' attributes",)
    except NotServedError:
        return {}, ()
    return leaves_in_slices(listing.items, attribute=attribute), ()


async def _refused(cluster: Cluster, *, job: str) -> list[Right]:
    slots = asyncio.Semaphore(QUESTIONS_AT_ONCE)

    async def is_refused(right: Right) -> bool:
        namespace = cluster.namespace if right.namespaced else None
        name = next(iter(right.names_of(job)), "")
        async with slots:
            return not await cluster.permitted(
                right.verb, right.group, right.resource, namespace, name=name
            )

    answers = await asyncio.gather(*(is_refused(right) for right in RIGHTS))
    return [right for right, refused in zip(RIGHTS, answers, strict=True) if refused]
