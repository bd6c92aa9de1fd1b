"""Looking: the pool is quiet and full, a pod asks for a node, and then for more than one has."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.cluster_autoscaling import nodes as of
from aiconform.checks.cluster_autoscaling.finding import discover
from aiconform.checks.cluster_autoscaling.pool import (
    STABLE_LIMIT_S,
    STABLE_S,
    Pool,
    limits_of,
    pool_of,
    untolerated,
)
from aiconform.checks.cluster_autoscaling.said import Said
from aiconform.checks.cluster_autoscaling.trial import Trial
from aiconform.checks.framework import Context, UnavailableError, on_nodes, workload
from aiconform.cluster.accelerators import accelerators_in_use
from aiconform.cluster.resources import NODE, POD

Json = dict[str, Any]
MEASUREMENTS = "measurements.json"
MOST_PLACEHOLDERS = 4
_BOUND_S = 120.0
_LOOK_S = 1.0


async def run(ctx: Context) -> None:
    found: Json = {}
    async with ctx.step("discovery") as seen:
        found = await discover(ctx)
        seen.update(found)
    pool, _ = pool_of(ctx.settings)
    ready = seen.ok and found["consent"] and not found["no_autoscaler"]
    if not ready or pool is None or found["pool_missing"] or found["untolerated"]:
        return
    said = Said(ctx, pool, adapter=found["adapter"], karpenter=found["karpenter"])
    trial = Trial(ctx, pool, limits_of(ctx.settings), said=said)
    try:
        await _carry_out(trial)
    finally:
        await _measure(ctx, trial)


async def _carry_out(trial: Trial) -> None:
    if not await _quiet(trial) or not await _full(trial) or not await trial.wait_pending():
        return
    if not await trial.wait_added():
        await trial.withdraw()
        return
    await trial.wait_removed()
    await trial.wait_refused()


async def _quiet(trial: Trial) -> bool:
    """The pool does not move by itself; its nodes are those that the site says it has."""
    ctx, pool = trial.ctx, trial.pool
    async with (
        ctx.step("baseline") as seen,
        ctx.following(NODE, namespace=None, labels=pool.labels) as changes,
    ):
        last: tuple[Any, float] = (None, ctx.now())

        async def look() -> bool:
            nonlocal last
            there = of.standing(changes, pool)
            state = sorted((uid, node["ready"]) for uid, node in there.items())
            if state != last[0]:
                last = (state, ctx.now())
            return ctx.now() - last[1] >= STABLE_S

        stable = await ctx.until(look, limit_s=STABLE_LIMIT_S, every_s=_LOOK_S)
        nodes = await ctx.find(NODE, namespace=None, labels=pool.labels)
        told = [of.brief(node, pool) for node in nodes]
        trial.known = {node["uid"] for node in told}
        trial.baseline = sum(node["ready"] for node in told)
        trial.rows += of.rows(changes, pool, step="baseline", began=trial.began)
        # The list is asked as well: a watch that was cut off would show an empty pool.
        agreed = sorted((node["uid"], node["ready"]) for node in told) == last[0]
        seen.update({"stable": bool(stable) and agreed, "limit_s": STABLE_LIMIT_S,
                     "ready": trial.baseline, "node_count": len(told)})  # fmt: skip
        seen.update(_unlike(nodes, told, pool))
        fit = seen["stable"] and not seen["differing"] and not seen["untolerated"]
    return seen.ok and bool(fit)


def _unlike(nodes: Sequence[Json], told: Sequence[Json], pool: Pool) -> Json:
    """What is not as the site says of its pool. A node without devices may be installing them."""
    wanted = {0, pool.devices_per_node}
    differing = [node for node in told if node["ready"] and node["allocatable"] not in wanted]
    taints = [taint for node in nodes for taint in of.lasting_taints(node)]
    return {
        "devices": pool.devices_per_node,
        "differing": differing[:20],
        "untolerated": untolerated(taints, pool),
    }


async def _full(trial: Trial) -> bool:
    """Nodes of the pool that are wholly free are taken, so that only a new one can help."""
    ctx, pool = trial.ctx, trial.pool
    async with ctx.step("occupied") as seen:
        seen["idle"] = []
        if trial.baseline:
            free = await _idle(ctx, pool)
            seen["idle"] = [node["name"] for node in free]
            devices = len(free) * pool.devices_per_node
            if len(free) > MOST_PLACEHOLDERS or devices > ctx.budget:
                raise UnavailableError(
                    "PoolTooIdle",
                    f"{len(free)} nodes of the pool are free: to take them, {devices} accelerators "
                    f"must be allowed (run.checks.accelerators is {ctx.budget}) on at most "
                    f"{MOST_PLACEHOLDERS} nodes",
                )
            for number, node in enumerate(free):
                await _take(ctx, pool, node, number)
    return seen.ok


async def _idle(ctx: Context, pool: Pool) -> list[Json]:
    nodes = await ctx.find(NODE, namespace=None, labels=pool.labels)
    pods = await ctx.find(POD, namespace=None)
    used = accelerators_in_use(pods, accelerator_resources={pool.resource})
    return of.idle(nodes, {name: by.get(pool.resource, 0) for name, by in used.items()}, pool)


async def _take(ctx: Context, pool: Pool, node: Mapping[str, Any], number: int) -> None:
    """
    A pod for all devices of one node that is there; no autoscaler could help it.

    Raises:
        UnavailableError: It did not get them.
    """
    name = ctx.name(f"placeholder-{number}")
    container = workload("metrics", port=8080, devices={pool.resource: pool.devices_per_node})
    spec = {
        # Not the background's: the Cluster Autoscaler counts what expendable pods hold as free.
        "priorityClassName": ctx.scale_class,
        "affinity": on_nodes(node["hostname"]),
        "tolerations": [dict(each) for each in pool.tolerations],
        "containers": [container],
    }
    await ctx.apply(POD, {"metadata": {"name": name}, "spec": spec})
    bound = await ctx.wait_for(
        POD, name, lambda pod: bool(pod["spec"].get("nodeName")), limit_s=_BOUND_S
    )
    if bound is None:
        told = f"a pod for the {pool.devices_per_node} devices of {node['name']} is not placed"
        raise UnavailableError("PlaceholderWaits", told)


async def _measure(ctx: Context, trial: Trial) -> None:
    """How long it took, and how much of that was waiting for the platform."""
    platform_s = round(sum(trial.waited.values()), 1)
    facts = {
        "total_s": round(ctx.now() - trial.began, 1),
        "platform_s": platform_s,
        "platform": {step: round(took, 1) for step, took in trial.waited.items()},
        "windows_s": STABLE_S + trial.limits.refuse_s,
        "node_minutes": trial.node_minutes(),
        "left": trial.left(),
    }
    await ctx.see("time", facts)
    await ctx.file(MEASUREMENTS, json.dumps(facts, indent=2) + "\n")
