"""Which autoscaler there is, and what the site says of it. Nothing is made yet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiconform.checks.cluster_autoscaling.kinds import (
    KARPENTER_POOL,
    NODE_POOL,
    OPENSHIFT,
    POOL_MARKS,
    STATUS,
    STATUS_NAMESPACE,
)
from aiconform.checks.cluster_autoscaling.nodes import lasting_taints
from aiconform.checks.cluster_autoscaling.pool import (
    Pool,
    consents,
    excuse_of,
    pool_of,
    untolerated,
)
from aiconform.checks.framework import Context, Resource
from aiconform.cluster.resources import CONFIG_MAP, NODE
from aiconform.cluster.trouble import mapping

Json = dict[str, Any]


async def discover(ctx: Context) -> Json:
    """
    Facts of the step `discovery`.

    `adapter`: karpenter, cluster-autoscaler, or generic: whose words are understood. `found`: in
    sentences, what shows that there is an autoscaler; `marks`: what only shows node pools.
    """
    pool, problem = pool_of(ctx.settings)
    version = next(iter(await ctx.versions(NODE_POOL.group)), "")
    pools = await _node_pools(ctx, version)
    status = await ctx.get(CONFIG_MAP, STATUS, namespace=STATUS_NAMESPACE)
    openshift = await _openshift(ctx)
    found = [
        *(
            [f"{NODE_POOL.group}/{version} is served, with {len(pools)} NodePools"]
            if version
            else []
        ),
        *([f"ConfigMap {STATUS_NAMESPACE}/{STATUS} is there"] if status is not None else []),
        *([f"ClusterAutoscaler {name} of OpenShift is there" for name in openshift]),
    ]
    return {
        "adapter": _adapter(pool, karpenter=bool(version), status=status is not None),
        "karpenter": version,
        "node_pools": sorted(pools),
        "found": found,
        "marks": _marks(await ctx.find(NODE, namespace=None)),
        "no_autoscaler": excuse_of(ctx.settings),
        "consent": consents(ctx.settings),
        "pool": pool.told() if pool else None,
        "pool_named": "pool" in ctx.settings,
        "pool_problem": problem,
        "pool_missing": _missing(pool, version, pools),
        "untolerated": _untolerated(pool, pools),
    }


def versioned(resource: Resource, version: str) -> Resource:
    """The kind as this cluster serves it."""
    return replace(resource, version=version or resource.version)


async def _node_pools(ctx: Context, version: str) -> dict[str, Json]:
    if not version:
        return {}
    found = await ctx.find(versioned(NODE_POOL, version), namespace=None)
    return {str(mapping(each.get("metadata")).get("name")): each for each in found}


async def _openshift(ctx: Context) -> list[str]:
    if not await ctx.versions(OPENSHIFT.group):
        return []
    found = await ctx.find(OPENSHIFT, namespace=None)
    return [str(mapping(each.get("metadata")).get("name")) for each in found]


def _adapter(pool: Pool | None, *, karpenter: bool, status: bool) -> str:
    if karpenter and (not status or (pool is not None and KARPENTER_POOL in pool.selector)):
        return "karpenter"
    return "cluster-autoscaler" if status else "generic"


def _marks(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Labels and annotations of nodes that name a pool."""
    found = set()
    for node in nodes:
        metadata = mapping(node.get("metadata"))
        keys = {*mapping(metadata.get("labels")), *mapping(metadata.get("annotations"))}
        found |= {mark for mark in POOL_MARKS if any(str(key).startswith(mark) for key in keys)}
    return sorted(found)


def _missing(pool: Pool | None, version: str, pools: Mapping[str, Json]) -> str:
    """The NodePool that the selector names and that is not there."""
    name = pool.selector.get(KARPENTER_POOL, "") if pool and version else ""
    return name if name not in pools else ""


def _untolerated(pool: Pool | None, pools: Mapping[str, Json]) -> list[str]:
    found = pools.get(pool.selector.get(KARPENTER_POOL, "")) if pool else None
    return untolerated(lasting_taints(found), pool) if pool and found else []
