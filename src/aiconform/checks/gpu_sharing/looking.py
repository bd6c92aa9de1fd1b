"""What is looked at; nothing is judged here."""

from typing import Any

from aiconform.checks.framework import (
    PREPARE_S,
    Context,
    Inventory,
    UnavailableError,
    allocated,
    placement,
    results_of,
    said,
)
from aiconform.checks.gpu_sharing import manifests
from aiconform.checks.gpu_sharing.ways import Way, counter_sets, usage, ways_of
from aiconform.cluster.facts import pod_facts
from aiconform.cluster.resources import POD, RESOURCE_CLAIM, RESOURCE_SLICE

Json = dict[str, Any]

TOGETHER_S = 30.0
WATCH_S = 30.0  # for what must not happen
SAY_S = 45.0


async def run(ctx: Context) -> None:
    ways: list[Way] = []
    found: Inventory | None = None
    async with ctx.step("ways-found") as seen:
        found = await ctx.inventory()
        slices = await ctx.find(RESOURCE_SLICE, namespace=None)
        ways, not_tried = ways_of(found, slices, ctx.settings.get("deviceClasses") or {})
        drivers = {d.driver for d in found.devices if d.accelerator}
        seen.update({
            "ways": [way.facts() for way in ways],
            "not_tried": not_tried[:50],
            "resources": sorted({offer.resource for offer in found.plugin if offer.total}),
            "drivers": sorted(drivers | set(ctx.settings.get("deviceClasses") or {})),
            "device_count": sum(d.driver in drivers for d in found.devices),
            "incomplete": list(found.incomplete)[:50],
            "not_permitted": list(found.not_permitted),
        })  # fmt: skip
        if ways and not ctx.device_budget:
            raise UnavailableError("NoDeviceAllowed", "run.checks.accelerators is 0")
    if not seen.ok or found is None:
        return
    sets = counter_sets(slices)
    for number, way in enumerate(ways, 1):
        await _try(ctx, way, number, found, sets)


async def _try(
    ctx: Context, way: Way, number: int, before: Inventory, sets: dict[str, list[str]]
) -> None:
    names = {key: ctx.name(f"{key}-{number}") for key in ("plain", "first", "second", "surplus")}
    taints = [taint.key for taint in before.nodes[way.node].taints if taint.keeps_pods_away]

    async def make(key: str, *, units: int, claim: str = "") -> Json:
        pod = manifests.pod(
            way, ctx.hostname(way.node), taints, name=names[key], nonce=ctx.nonce, units=units,
            claim=claim,
        )  # fmt: skip
        return await ctx.apply(POD, pod)

    async with ctx.step(f"plain-{number}") as seen:
        seen["way"] = way.facts()
        made = await make("plain", units=0)
        ready = await ctx.pod_ready(names["plain"])
        seen["running"] = ready is not None
        seen["numbers"] = await _numbers(ctx, made) if ready else None
    if not seen.ok or not seen["running"]:
        return
    async with ctx.step(f"pair-{number}") as seen:
        seen["way"] = way.facts()
        shared = names["first"] if way.kind == "claim" else ""
        pods = []
        for key in ("first", "second"):
            claim = "" if way.resource else shared or names[key]
            if claim and (key == "first" or not shared):
                await ctx.apply(RESOURCE_CLAIM, manifests.claim(way, name=claim))
            pods.append((await make(key, units=1, claim=claim), claim))
        await ctx.until(lambda: _both(ctx, pods), limit_s=PREPARE_S)
        seen["at_first"] = [await _state(ctx, pod, claim, sets) for pod, claim in pods]
        seen["numbers"] = [None, None]
        if all(state["running"] for state in seen["at_first"]):
            await ctx.sleep(TOGETHER_S)
            seen["numbers"] = [await _numbers(ctx, pod) for pod, _ in pods]
        seen["at_last"] = [await _state(ctx, pod, claim, sets) for pod, claim in pods]
        objects = [await ctx.get(POD, pod["metadata"]["name"]) or pod for pod, _ in pods]
        objects += [
            c for name in {c for _, c in pods if c} if (c := await ctx.get(RESOURCE_CLAIM, name))
        ]
        await ctx.save(f"objects/pair-{number}.yaml", objects)
    if seen.ok:
        await _surplus(ctx, way, number, names["surplus"], make)
    await _end(ctx, names)
    async with ctx.step(f"capacity-{number}") as seen:
        then, now = usage(before, way), usage(await ctx.inventory(), way)
        seen.update({"before": then, "after": now, "moved": then != now})


async def _surplus(ctx: Context, way: Way, number: int, name: str, make: Any) -> None:
    """While both are there: a pod that asks for one more unit than are left."""
    async with ctx.step(f"surplus-{number}") as seen:
        claim = "" if way.resource else name
        # Two units are taken by now, or one whole device by the shared claim.
        units = way.free if way.kind == "claim" else way.free - 1
        if claim:
            everything = way.kind == "capacity"
            asked = manifests.claim(
                way, name=claim, count=1 if everything else units, everything=everything
            )
            await ctx.apply(RESOURCE_CLAIM, asked)
        made = await make("surplus", units=units, claim=claim)
        await ctx.sleep(WATCH_S)
        last = await ctx.get(POD, name) or made
        seen.update({"units": units, **placement(last)})
        await ctx.save(f"objects/surplus-{number}.yaml", last)


async def _end(ctx: Context, names: dict[str, str]) -> None:
    """All of this way's, before the next one needs the devices."""
    for name in names.values():
        if pod := await ctx.get(POD, name):
            await ctx.delete(POD, pod)
    for name in names.values():
        await ctx.gone(POD, name)
        if claim := await ctx.get(RESOURCE_CLAIM, name):
            await ctx.delete(RESOURCE_CLAIM, claim)
            await ctx.gone(RESOURCE_CLAIM, name)


async def _both(ctx: Context, pods: list[tuple[Json, str]]) -> bool:
    found = [await ctx.get(POD, pod["metadata"]["name"]) or {} for pod, _ in pods]
    return all((pod.get("status") or {}).get("phase") == "Running" for pod in found)


async def _state(ctx: Context, made: Json, claim: str, sets: dict[str, list[str]]) -> Json:
    pod = await ctx.get(POD, made["metadata"]["name"]) or {}
    found = await ctx.get(RESOURCE_CLAIM, claim) if claim else None
    trouble = pod_facts(pod).trouble if pod else None
    devices = allocated(found or {})
    return {
        "running": (pod.get("status") or {}).get("phase") == "Running"
        and pod["metadata"]["uid"] == made["metadata"]["uid"],
        "bound": (pod.get("spec") or {}).get("nodeName"),
        "why": trouble.sentence[:300] if trouble else "",
        "devices": devices,
        "shares": [str(r.get("shareID") or "") for r in results_of(found or {})],
        "counter_sets": sorted({s for device in devices for s in sets.get(device, ())}),
    }


async def _numbers(ctx: Context, made: Json) -> dict[str, str] | None:
    """Its character devices, path → "major:minor"; None: it has not said them in time."""
    line = await said(ctx, made, "devices.seen", limit_s=SAY_S)
    if line is None:
        return None
    return {d["path"]: f"{d['major']}:{d['minor']}" for d in line["devices"] if d["kind"] == "char"}
