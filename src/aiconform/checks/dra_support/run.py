"""What is looked at; nothing is judged here."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiconform.checks.dra_support.holding import Offer, device_numbers, offers_of, pod
from aiconform.checks.dra_support.requests import (
    GROUP,
    KINDS,
    VERSIONS,
    allocated,
    asks_for_admin,
    claim_spec,
    claims,
    reserved_for,
    templates,
)
from aiconform.checks.framework import PREPARE_S, Context, UnavailableError
from aiconform.cluster.resources import POD

Json = dict[str, Any]

ALLOCATE_S = 60.0
FREE_S = 120.0
WATCH_S = 30.0  # for what must not happen
ABSENT = "aiconform.invalid"  # a DeviceClass that nobody has


async def run(ctx: Context) -> None:
    version = await _served(ctx)
    if version is None:
        return
    await _kept(ctx, version)
    await _admin_access(ctx, version)
    offer = await _offer(ctx, version)
    if offer is None:
        return
    if await _plain_pod(ctx, offer):
        await asyncio.gather(_allocation(ctx, version, offer), _impossible(ctx, version, offer))


async def _served(ctx: Context) -> str | None:
    """The best version that is served."""
    version: str | None = None
    async with ctx.step("api-served") as seen:
        versions = await ctx.versions(GROUP)
        version = next((v for v in VERSIONS if v in versions), None)
        seen["versions"] = list(versions)
        verbs = await ctx.served(GROUP, version) if version else {}
        seen["version"] = version
        seen["verbs"] = {kind: sorted(verbs.get(kind, ())) for kind in KINDS}
        resources = {kind: list(told) for kind, told in verbs.items()}
        api = {"group": GROUP, "versions": list(versions), "resources": resources}
        await ctx.save("objects/api.yaml", api)
    return version


async def _kept(ctx: Context, version: str) -> None:
    """A template and a claim are made, read back, and deleted."""
    async with ctx.step("objects-kept") as seen:
        spec = claim_spec(version, ABSENT)
        for resource, body in (
            (templates(version), {"spec": {"spec": spec}}),
            (claims(version), {"spec": spec}),
        ):
            name = ctx.name("kept")
            made = await ctx.apply(resource, {"metadata": {"name": name}, **body})
            there = await ctx.get(resource, name)
            await ctx.delete(resource, made)
            seen[resource.plural] = {
                "uid": made["metadata"]["uid"],
                "read_uid": there["metadata"]["uid"] if there else None,
                "same_spec": there is not None and there["spec"] == made["spec"],
                "gone": await ctx.gone(resource, name, limit_s=30.0),
            }


async def _admin_access(ctx: Context, version: str) -> None:
    """Administrative access in a namespace that is not labelled for it, as a dry run."""
    async with ctx.step("admin-access-refused") as seen:
        manifest = {
            "metadata": {"name": ctx.name("admin")},
            "spec": claim_spec(version, ABSENT, admin=True),
        }
        reply = await ctx.attempt(claims(version), manifest)
        causes = (reply.body.get("details") or {}).get("causes") or ()
        seen.update({
            "status": reply.status, "reason": reply.reason, "message": reply.message[:500],
            "fields": [[str(c.get("field")), str(c.get("reason"))] for c in causes],
            "kept": reply.ok and asks_for_admin(reply.body),
        })  # fmt: skip


async def _offer(ctx: Context, version: str) -> Offer | None:
    async with ctx.step("device-found") as seen:
        if not ctx.device_budget:
            raise UnavailableError("NoDeviceAllowed", "run.checks.accelerators is 0")
        found = await ctx.inventory(dra_version=version)
        offers = offers_of(found, str(ctx.settings.get("deviceClass") or ""))
        seen.update(found.told())
        seen["offers"] = [vars(offer) for offer in offers[:20]]
        return offers[0] if offers else None
    return None


async def _plain_pod(ctx: Context, offer: Offer) -> bool:
    """The control: the same pod on the same node without a claim."""
    async with ctx.step("plain-pod-runs") as seen:
        await ctx.apply(POD, pod(ctx, "plain", offer))
        ready = await ctx.pod_ready(ctx.name("plain"))
        seen["node"] = ready["spec"]["nodeName"] if ready else None
        seen["numbers"] = await device_numbers(ctx, "plain") if ready else None
        return ready is not None
    return False


async def _allocation(ctx: Context, version: str, offer: Offer) -> None:
    """
    Two claims at the same time, when two devices are free; else the second has to wait.

    With leave for one device only, there is a second claim only when it cannot get another one.
    """
    resource = claims(version)
    names = ("first", "second") if ctx.device_budget > 1 or offer.free == 1 else ("first",)
    expected = min(offer.free, ctx.device_budget)
    async with ctx.step("device-allocated") as seen:
        seen["expected"] = expected
        seen["pool_nodes"] = list(offer.pool_nodes)
        for name in names:
            manifest = {"metadata": {"name": ctx.name(name)},
                        "spec": claim_spec(version, offer.device_class)}  # fmt: skip
            claim = await ctx.apply(resource, manifest)
            await ctx.save(f"objects/claim-{name}-before.yaml", claim)
            await ctx.apply(POD, pod(ctx, name, offer, claim=ctx.name(name)))
        held = await _holders(ctx, version, names, expected=expected)
        seen["claims"] = held
    if not seen.ok:
        return
    await _differ(ctx, [h for h in held if h["running"]])
    await _freed(ctx, version, [h["name"] for h in held if h["devices"]])


async def _holders(
    ctx: Context, version: str, names: Sequence[str], *, expected: int
) -> list[Json]:
    """What became of each claim, once as many are allocated and running as are expected."""
    began = ctx.now()
    times: dict[tuple[str, str], float] = {}
    found: list[Json] = []

    async def look(what: str) -> bool:
        found.clear()
        for name in names:
            found.append(await _holder(ctx, version, name))
            for happened in ("devices", "running"):
                if found[-1][happened]:
                    times.setdefault((name, happened), round(ctx.now() - began, 3))
        return sum(bool(holder[what]) for holder in found) >= expected

    if await ctx.until(lambda: look("devices"), limit_s=ALLOCATE_S):
        await ctx.until(lambda: look("running"), limit_s=PREPARE_S)
    if len(names) > expected:
        await ctx.sleep(WATCH_S / 2)  # the other claim must not be allocated meanwhile
        await look("devices")
    for holder in found:
        holder["allocated_s"] = times.get((holder["name"], "devices"))
        holder["running_s"] = times.get((holder["name"], "running"))
        if claim := await ctx.get(claims(version), ctx.name(holder["name"])):
            await ctx.save(f"objects/claim-{holder['name']}-after.yaml", claim)
    return found


async def _holder(ctx: Context, version: str, name: str) -> Json:
    claim = await ctx.get(claims(version), ctx.name(name)) or {}
    user = await ctx.get(POD, ctx.name(name)) or {}
    return {
        "name": name,
        "devices": allocated(claim),
        "reserved_for": reserved_for(claim),
        "pod_uid": (user.get("metadata") or {}).get("uid"),
        "node": (user.get("spec") or {}).get("nodeName"),
        "running": (user.get("status") or {}).get("phase") == "Running",
        "waiting": _waiting(user),
    }


async def _differ(ctx: Context, holders: Sequence[Json]) -> None:
    """Which device files two pods of one node really have, beyond those that every pod has."""
    if len(holders) < 2:
        return
    async with ctx.step("devices-differ") as seen:
        seen["devices"] = {h["name"]: h["devices"] for h in holders}
        for name in ("plain", *(h["name"] for h in holders)):
            seen[name] = await device_numbers(ctx, name)


async def _freed(ctx: Context, version: str, names: Sequence[str]) -> None:
    """The pods go; then the claims are nobody's, and have no device any more."""
    async with ctx.step("device-freed") as seen:
        began = ctx.now()
        for name in names:
            holder = await ctx.get(POD, ctx.name(name))
            if holder is not None:
                await ctx.delete(POD, holder)
        for name in names:
            freed = await ctx.wait_for(
                claims(version), ctx.name(name), lambda claim: not allocated(claim),
                limit_s=max(1.0, FREE_S - (ctx.now() - began)),
            )  # fmt: skip
            seen[name] = round(ctx.now() - began, 3) if freed else None


async def _impossible(ctx: Context, version: str, offer: Offer) -> None:
    """A claim that no device can meet: its pod must wait, and not run without a device."""
    async with ctx.step("impossible-claim-waits") as seen:
        spec = claim_spec(version, offer.device_class, cel="false")
        manifest = {"metadata": {"name": ctx.name("impossible")}, "spec": spec}
        await ctx.apply(claims(version), manifest)
        name = ctx.name("impossible")
        async with ctx.following(POD, fields=f"metadata.name={name}") as changes:
            made = await ctx.apply(POD, pod(ctx, "impossible", offer, claim=name))
            await ctx.sleep(WATCH_S)
            seen["bound_to"] = [
                c.object["spec"]["nodeName"] for c in changes if c.object["spec"].get("nodeName")
            ]
            seen["change_count"] = len(changes)
            last = changes[-1].object if changes else made
        seen["scheduled"] = _scheduled(last)
        claim = await ctx.get(claims(version), name) or {}
        seen["devices"] = allocated(claim)
        await ctx.save("objects/impossible-pod.yaml", last)


def _scheduled(pod: Json) -> Json:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    found: Json = next((c for c in conditions if c.get("type") == "PodScheduled"), {})
    return {key: str(found.get(key, ""))[:500] for key in ("status", "reason", "message")}


def _waiting(pod: Json) -> str:
    """Why its container does not run yet, as the kubelet says it."""
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        waiting = (status.get("state") or {}).get("waiting") or {}
        if waiting:
            return f"{waiting.get('reason', '')} {waiting.get('message', '')}".strip()[:500]
    return ""
