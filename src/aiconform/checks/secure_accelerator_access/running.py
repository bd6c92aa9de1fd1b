"""Looks, and records; never judges. The steps and their facts are read by `judging`."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiconform.checks.framework import Context, Inventory, UnavailableError
from aiconform.checks.secure_accelerator_access import manifests
from aiconform.checks.secure_accelerator_access.at_site import AtSite
from aiconform.checks.secure_accelerator_access.files import all_patterns
from aiconform.checks.secure_accelerator_access.sites import (
    Choice,
    accelerator_nodes,
    choose,
    taints_of,
)
from aiconform.checks.secure_accelerator_access.visits import visit
from aiconform.cluster.resources import POD

MOST_NODES = 40  # further accelerator nodes on which a pod without a device looks around
_AT_A_TIME = 8


async def run(ctx: Context) -> None:
    choice = found = None
    async with ctx.step("inventory") as seen:
        if not ctx.device_budget:
            told = "run.checks.accelerators is 0: none may be held, so none was tried"
            raise UnavailableError("NoDeviceAllowed", told)
        found = await ctx.inventory()
        choice = choose(found, ctx.settings)
        seen.update(
            {
                "sites": [site.as_facts() for site in choice.sites],
                "left_out": list(choice.left_out),
                "nodes": list(accelerator_nodes(found, ctx.settings)),
                "not_permitted": list(found.not_permitted),
                "incomplete": list(found.incomplete),
                "totals": {"plugin": len(found.plugin), "dra": len(found.devices)},
            }
        )
    if not seen.ok or choice is None or found is None:
        return
    await _without_any(ctx, found, choice)
    for number, site in enumerate(choice.sites, 1):
        await AtSite(ctx, site, number).look()
    await _outlawed(ctx)


async def _without_any(ctx: Context, found: Inventory, choice: Choice) -> None:
    """On the accelerator nodes that are no site: a pod that asked for nothing, with the tricks."""
    tried = {site.node for site in choice.sites}
    nodes = [name for name in accelerator_nodes(found, ctx.settings) if name not in tried]
    if not nodes:
        return
    patterns = all_patterns(site.files for site in choice.sites)
    async with ctx.step("other-nodes") as seen:
        looks: list[dict[str, Any]] = []
        for number in range(0, min(len(nodes), MOST_NODES), _AT_A_TIME):
            some = nodes[number : number + _AT_A_TIME]
            looks += await _visits(ctx, found, some, patterns, first=number)
            seen["looks"] = looks
        seen.update({"patterns": list(patterns), "left_out": nodes[MOST_NODES:]})
        seen["files"] = [path for look in looks for path in look["files"]]


async def _visits(
    ctx: Context, found: Inventory, nodes: Sequence[str], patterns: Sequence[str], *, first: int
) -> list[dict[str, Any]]:
    pods = []
    for number, node in enumerate(nodes, first + 1):
        hostname = found.nodes[node].labels.get("kubernetes.io/hostname", node)
        name = ctx.name(f"elsewhere-{number}")
        pods.append(
            manifests.visitor(
                hostname, name=name, nonce=ctx.nonce, taints=taints_of(found, node),
                look_for=patterns,
                env=manifests.by_environment()["env"],
            )
        )  # fmt: skip
    looks = await asyncio.gather(*(visit(ctx, pod) for pod in pods))
    return [{"node": node, **look} for node, look in zip(nodes, looks, strict=True)]


async def _outlawed(ctx: Context) -> None:
    """What only admission keeps out; asked for as a dry run and never made."""
    async with ctx.step("privileged-refused") as seen:
        name = ctx.name("outlaw")
        reply = await ctx.attempt(POD, manifests.outlaw(name), dry_run=True, unsafe=True)
        plain = manifests.visitor("any", name=ctx.name("lawful"), nonce=ctx.nonce)
        del plain["spec"]["securityContext"]
        control = await ctx.attempt(POD, plain, dry_run=True)
        seen["outlaw"] = {"ok": reply.ok, "status": reply.status, "reason": reply.reason,
                          "message": reply.message[:600]}  # fmt: skip
        seen["lawful"] = {"ok": control.ok, "status": control.status, "reason": control.reason,
                          "message": control.message[:600]}  # fmt: skip
