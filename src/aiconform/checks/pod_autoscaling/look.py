"""Looking: which way from metric to autoscaler there is, and a Deployment that goes it."""

from typing import Any

from aiconform.checks.framework import Context
from aiconform.checks.pod_autoscaling import devices, objects
from aiconform.checks.pod_autoscaling.discovery import KEDA_API, choose, metrics_apis
from aiconform.checks.pod_autoscaling.kinds import CUSTOM_GROUP, POD_MONITOR, SCALED_OBJECT
from aiconform.checks.pod_autoscaling.relevance import accelerator_metrics
from aiconform.checks.pod_autoscaling.samples import as_csv, replicas_told
from aiconform.checks.pod_autoscaling.scaling import Scaling
from aiconform.checks.pod_autoscaling.trial import Trial, base_url
from aiconform.checks.pod_autoscaling.ways import Way, way_of
from aiconform.cluster.resources import (
    API_SERVICE,
    DEPLOYMENT,
    HORIZONTAL_POD_AUTOSCALER,
    POD,
    RESOURCE_CLAIM_TEMPLATE,
)
from aiconform.cluster.trouble import mapping

Json = dict[str, Any]

START_S = 300.0
_NEEDED = 2
_MOST_STATES = 200


async def run(ctx: Context) -> None:
    name, version = await _discover(ctx)
    slot = await _choose_devices(ctx) if name else None
    if name is None or slot is None:
        return
    way = way_of(name, version, ctx)
    async with ctx.step("watch") as seen, ctx.following(HORIZONTAL_POD_AUTOSCALER) as changes:
        trial = Trial(ctx, way, app=ctx.name("app"), changes=changes)
        if await _make(ctx, trial, way, slot):
            await Scaling(ctx, trial, slot).run()
            hpa = await ctx.get(HORIZONTAL_POD_AUTOSCALER, trial.hpa)
            await ctx.save("objects/hpa.yaml", hpa or {})
            await ctx.file("hpa.csv", as_csv(trial.rows))
        seen["states"] = replicas_told(changes, hpa=trial.hpa)[:_MOST_STATES]
    if name == "custom":
        await _see_relevance(ctx, version)


async def _discover(ctx: Context) -> tuple[str | None, str]:
    name, version = None, ""
    async with ctx.step("discovery") as seen:
        seen["off"] = ctx.settings.get("horizontalPodAutoscaler") is False
        seen["hpa_served"] = "horizontalpodautoscalers" in await ctx.served("autoscaling", "v2")
        apis = metrics_apis(await ctx.find(API_SERVICE, namespace=None))
        group, _, of = KEDA_API.partition("/")
        keda = SCALED_OBJECT.plural in await ctx.served(group, of)
        seen["apis"] = [vars(api) for api in apis]
        seen["keda"] = keda
        seen["asked"] = ctx.settings.get("adapter")
        if not seen["off"] and seen["hpa_served"]:
            name, version = choose(apis, keda=keda, settings=ctx.settings)
        seen["way"], seen["version"] = name, version
    return (name, version) if seen.ok else (None, "")


async def _choose_devices(ctx: Context) -> devices.Slot | None:
    """None: two devices cannot be held, and there is no use in going on."""
    slot = devices.Slot()
    async with ctx.step("devices") as seen:
        inventory = await ctx.inventory()
        slot = devices.choose_slot(inventory, named=str(ctx.settings.get("deviceClass") or ""))
        seen.update(slot.told())
        seen["budget"], seen["needed"] = ctx.device_budget, _NEEDED
        seen["not_permitted"] = list(inventory.not_permitted)
    return slot if seen.ok and min(slot.free, ctx.device_budget) >= _NEEDED else None


async def _make(ctx: Context, trial: Trial, way: Way, slot: devices.Slot) -> bool:
    """Deployment, source and autoscaler; False: it cannot go on."""
    async with ctx.step("objects") as seen:
        app, source = ctx.name("app"), ctx.name("source")
        await _make_monitor(ctx, source=app if way.in_app else source)
        source_ready = True
        if not way.in_app:
            await ctx.apply(POD, objects.source_pod(source, nonce=ctx.nonce))
            trial.source = source
            seen["source_ready"] = source_ready = await ctx.pod_ready(source) is not None
        template = ctx.name("device")
        if slot.device_class:
            await ctx.apply(RESOURCE_CLAIM_TEMPLATE, devices.claim_template(template, slot))
        made = objects.deployment(
            app, slot, nonce=ctx.nonce, source=way.in_app, template=template
        )  # fmt: skip
        await ctx.save("objects/deployment.yaml", await ctx.apply(DEPLOYMENT, made))
        ready = await _first_ready(ctx, trial)
        seen["ready"] = ready is not None
        if ready is None or not source_ready:
            return False
        serving = await ctx.get(POD, trial.source) if trial.source else ready
        base = base_url(serving or ready)
        trial.hpa = await way.make(of=app, source=base) or ""
        seen["autoscaler"] = trial.hpa
    return seen.ok and bool(trial.hpa)


async def _make_monitor(ctx: Context, *, source: str) -> None:
    """Where there is an operator of Prometheus it is told of our pods, beside the annotations."""
    if POD_MONITOR.plural not in await ctx.served(POD_MONITOR.group, POD_MONITOR.version):
        return
    labels = {str(k): str(v) for k, v in mapping(ctx.settings.get("monitorLabels")).items()}
    monitor = objects.pod_monitor(ctx.name("monitor"), source=source, labels=labels)
    await ctx.apply(POD_MONITOR, monitor)


async def _first_ready(ctx: Context, trial: Trial) -> Json | None:
    async def appeared() -> Json | None:
        return next(iter(await trial.pods()), None)

    first = await ctx.until(appeared, limit_s=START_S)
    if first is None:
        return None
    return await ctx.pod_ready(first["metadata"]["name"], limit_s=START_S)


async def _see_relevance(ctx: Context, version: str) -> None:
    """Is a metric of the accelerators themselves told of pods, and would an HPA on it be taken?"""
    async with ctx.step("relevance") as seen:
        names = accelerator_metrics(await ctx.served(CUSTOM_GROUP, version))
        seen["names"] = names
        if names:
            manifest = objects.autoscaler(
                ctx.name("dry"), of=ctx.name("app"), metric=objects.pods_metric(names[0])
            )
            reply = await ctx.attempt(HORIZONTAL_POD_AUTOSCALER, manifest)
            seen["accepted"], seen["told"] = reply.ok, reply.message[:300]
