"""Looking: the valid object is taken, and one that only the operator can refuse is refused."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.framework import Context, Reply, UnavailableError
from aiconform.checks.robust_controller.answers import attributed
from aiconform.checks.robust_controller.finding import Found
from aiconform.checks.robust_controller.operators import Sample
from aiconform.cluster.resources import EVENT
from aiconform.cluster.trouble import mapping

Json = dict[str, Any]

OWN_REFUSAL_S = 60.0
# An operator may need some seconds to know what the valid object refers to.
SETTLE_S = 15.0


async def see_control(ctx: Context, found: Found) -> tuple[bool, dict[str, str]]:
    """(was the valid object taken?, the labels that it has)."""
    labels: dict[str, str] = {}
    async with ctx.step(f"{found.operator.key}-control") as seen:
        name = ctx.name(found.operator.key)
        for resource, make in found.operator.needs:
            await ctx.apply(resource, make(name))

        async def look() -> bool | None:
            reply, real = await _asked(ctx, found, found.operator.valid(name))
            answer = attributed(reply, webhooks=found.registered)
            seen.update({"answer": answer, "dry_run": not real})
            labels.update(_labels(reply))
            return reply.ok or None

        limit_s = SETTLE_S if found.operator.needs else 0.0
        return bool(await ctx.until(look, limit_s=limit_s, every_s=1.0)), labels
    return False, labels


def _labels(reply: Reply) -> dict[str, str]:
    told = mapping(mapping(reply.body.get("metadata")).get("labels")) if reply.ok else {}
    return {str(key): str(value) for key, value in told.items()}


async def see_refusal(ctx: Context, found: Found, webhooks: Sequence[Mapping[str, Any]]) -> None:
    """Samples are tried until the operator's webhook refuses one."""
    key = found.operator.key
    async with ctx.step(f"{key}-refusal") as seen:
        bodies: list[Json] = []
        seen["tries"] = tries = []
        seen["webhooks"] = list(webhooks)
        for sample in found.operator.samples:
            manifest = sample.manifest(ctx.name(f"{key}-bad"))
            reply, real = await _asked(ctx, found, manifest)
            answer = attributed(reply, webhooks=found.registered)
            tries.append({"defect": sample.defect, "dry_run": not real, **answer})
            bodies.append({"defect": sample.defect, "answer": reply.body})
            if answer["kind"] in {"denied", "dead"}:
                break
        seen["tries"] = tries
        await ctx.file(f"deny-{key}.json", json.dumps(bodies, indent=2))


async def _asked(ctx: Context, found: Found, manifest: Mapping[str, Any]) -> tuple[Reply, bool]:
    """
    (the answer, was it a real create?): a dry run, unless a webhook does not take such.

    What is taken in a real create is deleted at once.
    """
    reply = await ctx.attempt(found.resource, manifest)
    if attributed(reply, webhooks=())["kind"] != "no-dry-run":
        return reply, False
    reply = await ctx.attempt(found.resource, manifest, dry_run=False)
    if reply.ok:
        await ctx.delete(found.resource, reply.body)
        if not await ctx.gone(found.resource, manifest["metadata"]["name"]):
            told = f"{manifest['metadata']['name']}, made for a moment, does not go"
            raise UnavailableError("StaysBehind", told)
    return reply, True


async def see_own_refusal(ctx: Context, found: Found, sample: Sample) -> None:
    """An operator without a webhook: does its controller say that an object is wrong?"""
    operator = found.operator
    async with ctx.step(f"{operator.key}-own-refusal") as seen:
        name = ctx.name(f"{operator.key}-bad")
        made = await ctx.apply(found.resource, sample.manifest(name))
        uid = made["metadata"]["uid"]

        async def told() -> list[str] | None:
            events = await ctx.find(EVENT, fields=f"involvedObject.uid={uid}")
            return [str(e.get("reason")) for e in events if e.get("type") == "Warning"] or None

        reasons = await ctx.until(told, limit_s=OWN_REFUSAL_S) or []
        seen.update({"defect": sample.defect, "limit_s": OWN_REFUSAL_S})
        seen["reasons"] = sorted(set(reasons))
        await ctx.delete(found.resource, made)
