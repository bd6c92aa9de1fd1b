"""Pods that are given one device, and pods that ask for a version which nobody has."""

from collections.abc import Sequence
from typing import Any

from aiconform.catalogue.drivers import Driver
from aiconform.checks.driver_runtime_management import manifests
from aiconform.checks.driver_runtime_management.units import Unit
from aiconform.checks.driver_runtime_management.versions import unheard_of
from aiconform.checks.driver_runtime_management.visits import visit
from aiconform.checks.framework import PREPARE_S, Context, UnavailableError, allocated, placement
from aiconform.cluster.resources import POD, RESOURCE_CLAIM

Json = dict[str, Any]

WATCH_S = 20.0  # for what must not happen
NOBODYS = "9999.0.0"


async def grant(ctx: Context, unit: Unit, driver: Driver, *, number: int) -> Json:
    """One device of the unit in a pod that looks once; freed again."""
    claim, devices = "", list[str]()
    if unit.device_class:
        claim = ctx.name(f"device-{number}")
        made = await ctx.apply(RESOURCE_CLAIM, manifests.claim(unit.device_class, name=claim))
    pod = manifests.holder(
        unit, ctx.hostname(unit.node), driver,
        name=ctx.name(f"holder-{number}"), nonce=ctx.nonce, claim=claim,
    )  # fmt: skip

    async def look_at_claim() -> None:
        """While the pod is there: a claim is freed as soon as its pod has ended."""
        if claim:
            found = await ctx.get(RESOURCE_CLAIM, claim) or {}
            devices.extend(allocated(found))
            await ctx.save(f"objects/claim-{number}.yaml", found)

    look = await visit(ctx, pod, driver, limit_s=PREPARE_S, meanwhile=look_at_claim)
    if claim:
        await ctx.gone(POD, pod["metadata"]["name"])
        await ctx.delete(RESOURCE_CLAIM, made)
    return {
        "maker": unit.maker, "node": unit.node, "group": unit.group,
        "asked": unit.device_class or unit.resource, "by": "claim" if claim else "resource",
        "allocated": devices, "patterns": list(driver.devices), "injects": driver.injects, **look,
    }  # fmt: skip


async def impossible(ctx: Context, unit: Unit, driver: Driver, said: Sequence[Json]) -> None:
    """A pod for a version that nobody has must wait: then versions can be asked for."""
    async with ctx.step("impossible-version-waits") as seen:
        attribute = next((s for s in said if s["adapter"] == "attribute"), None)
        label = next((s for s in said if s["adapter"] == "label"), None)
        name = ctx.name("impossible")
        hostname = ctx.hostname(unit.node)
        if attribute and unit.device_class:
            asked = unheard_of(attribute)
            claim = manifests.claim(unit.device_class, name=name, cel=asked)
            await ctx.apply(RESOURCE_CLAIM, claim)
            pod = manifests.holder(unit, hostname, driver, name=name, nonce=ctx.nonce, claim=name)
        elif label:
            asked = f"{label['key']}={NOBODYS}"
            pod = manifests.choosy(
                unit, hostname, name=name, nonce=ctx.nonce, label=label["key"], value=NOBODYS
            )
        else:
            raise UnavailableError("NothingToAskBy", "no attribute or label tells a version")
        seen["asked"] = asked
        await ctx.apply(POD, pod)
        await ctx.sleep(WATCH_S)
        last = await ctx.get(POD, name) or {}
        seen.update(placement(last))
