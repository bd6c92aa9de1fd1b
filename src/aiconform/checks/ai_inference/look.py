"""Looking: what there is, and a trial of each class that is worth one."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.ai_inference.backends import Backends
from aiconform.checks.ai_inference.choosing import (
    Candidate,
    candidates,
    class_facts,
    gateway_in_use,
)
from aiconform.checks.ai_inference.kinds import CLASS, GATEWAY, GROUP, NEEDED
from aiconform.checks.ai_inference.trial import Trial
from aiconform.checks.framework import Context
from aiconform.cluster.resources import CUSTOM_RESOURCE_DEFINITION
from aiconform.cluster.trouble import mapping

Json = dict[str, Any]

CRD_NAME = f"gateways.{GROUP}"
_BUNDLE = "gateway.networking.k8s.io/bundle-version"
# What one class takes at most when all goes well; with less time left no other is begun.
_TRIAL_S = 200.0


async def run(ctx: Context) -> None:
    async with ctx.step("api") as api:
        kinds = await ctx.served(GROUP, "v1")
        api["versions"] = list(await ctx.versions(GROUP))
        api["kinds"] = sorted(name for name in kinds if "/" not in name)
    if not api.ok or not all(name in kinds for name in NEEDED):
        return
    await _see_release(ctx)
    in_use, gateways = await _see_gateways(ctx)
    async with ctx.step("classes") as seen:
        classes = [class_facts(found) for found in await ctx.find(CLASS, namespace=None)]
        chosen = _chosen(ctx, classes, in_use, gateways)
        seen["classes"] = classes[:20]
        seen["trials"] = [{"class": c.class_name, "controller": c.controller} for c in chosen]
        seen["may_create"] = _may_create(ctx.settings)
    if not seen.ok or not chosen or not seen["may_create"]:
        return
    backends = await Backends.made(ctx)
    if backends is None:
        return
    for number, candidate in enumerate(chosen, 1):
        if number > 1 and ctx.deadline - ctx.now() < _TRIAL_S:
            return
        await Trial(ctx, number, candidate, backends).run()


def _may_create(settings: Mapping[str, Any]) -> bool:
    return bool(settings.get("useExisting")) or settings.get("allowCreate", True) is not False


def _chosen(
    ctx: Context, classes: Sequence[Json], in_use: Sequence[Json], gateways: Sequence[Json]
) -> tuple[Candidate, ...]:
    """The candidates; for a Gateway that the site names, its own class and ports."""
    wanted = ctx.settings.get("useExisting")
    if not wanted:
        return candidates(classes, in_use, ctx.settings)
    namespace, _, name = str(wanted).partition("/")
    for facts, found in zip(in_use, gateways, strict=True):
        metadata = found["metadata"]
        if (metadata.get("namespace"), metadata["name"]) == (namespace, name):
            settings = {"listenerPort": next(iter(facts["ports"]), None), **ctx.settings}
            return candidates(classes, in_use, {**settings, "gatewayClass": facts["class"]})
    return ()


async def _see_release(ctx: Context) -> None:
    async with ctx.step("release") as seen:
        found = await ctx.get(CUSTOM_RESOURCE_DEFINITION, CRD_NAME, namespace=None)
        notes = mapping(mapping(mapping(found).get("metadata")).get("annotations"))
        seen["bundle"] = notes.get(_BUNDLE)


async def _see_gateways(ctx: Context) -> tuple[list[Json], list[Json]]:
    """Of all Gateways: what matters of them, and themselves. None when they may not be listed."""
    gateways: list[Json] = []
    async with ctx.step("gateways") as seen:
        gateways = list(await ctx.find(GATEWAY, namespace=None))
        seen["count"] = len(gateways)
    return [gateway_in_use(found) for found in gateways], gateways
