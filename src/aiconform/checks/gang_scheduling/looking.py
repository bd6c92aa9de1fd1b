"""What `run` does: which solution, which slots, and the procedure on them."""

from typing import Any

from aiconform.checks.framework import Context, UnavailableError
from aiconform.checks.gang_scheduling.adapters import ADAPTERS, Offer
from aiconform.checks.gang_scheduling.capacity import free_by_node
from aiconform.checks.gang_scheduling.procedure import Procedure, Went
from aiconform.checks.gang_scheduling.shapes import claim_template
from aiconform.checks.gang_scheduling.slots import MOST, Slots, Wish, choose_slots
from aiconform.checks.gang_scheduling.timeline import HEADING
from aiconform.cluster.resources import NODE, POD, RESOURCE_CLAIM_TEMPLATE
from aiconform.model.errors import ForbiddenError

Json = dict[str, Any]
TIMELINE = "timeline.csv"


async def run(ctx: Context) -> None:
    rows: list[str] = []
    async with ctx.step("solution") as seen:
        offers = await _offers(ctx)
        seen["candidates"] = [offer.told() for offer in offers]
    usable = [offer for offer in offers if offer.usable] if seen.ok else []
    if not usable:
        return
    for tries in (1, 2):
        slots = await _slots(ctx, tries)
        if slots is None:
            break
        went = await _tried(ctx, usable, slots, rows, tries)
        if went != "moved":
            break
    if rows:
        await ctx.file(TIMELINE, HEADING + "".join(rows))


async def _tried(
    ctx: Context, usable: list[Offer], slots: Slots, rows: list[str], tries: int
) -> Went:
    """The first solution that may be tried, or all of them when the site wants that."""
    async with ctx.step("queues") as seen:
        weighed = [await _weighed(ctx, offer, slots) for offer in usable]
        seen["candidates"] = [offer.told() for offer in weighed]
    fit = [offer for offer in weighed if offer.usable] if seen.ok else []
    chosen = fit if ctx.settings.get("all") is True else fit[:1]
    await ctx.see("chosen", {"adapters": [offer.adapter for offer in chosen], "tries": tries})
    went: Went = "done"
    for offer in chosen:
        procedure = Procedure(
            ctx, ADAPTERS[offer.adapter], offer, slots, template=ctx.name("device")
        )
        try:
            told = await procedure.carry_out()
        finally:
            rows.extend(procedure.rows)
        went = "moved" if told == "moved" else went
    return went


async def _offers(ctx: Context) -> list[Offer]:
    wanted = str(ctx.settings.get("adapter") or "")
    if wanted and wanted not in ADAPTERS:
        raise UnavailableError(
            "UnknownAdapter", f"there is no adapter {wanted}, but {', '.join(ADAPTERS)}"
        )
    found = []
    for name, adapter in ADAPTERS.items():
        if wanted not in {"", name}:
            continue
        try:
            offer = await adapter.discover(ctx)
        except ForbiddenError as exc:
            offer = Offer(name, "").refused("NotPermitted", str(exc))
        if offer is not None:
            found.append(offer)
    return found


async def _weighed(ctx: Context, offer: Offer, slots: Slots) -> Offer:
    try:
        return await ADAPTERS[offer.adapter].weigh(ctx, offer, slots.amounts)
    except ForbiddenError as exc:
        return offer.refused("NotPermitted", str(exc))


async def _slots(ctx: Context, tries: int) -> Slots | None:
    async with ctx.step("slots") as seen:
        seen["tries"] = tries
        nodes = await ctx.find(NODE, namespace=None)
        try:
            pods = await ctx.find(POD, namespace=None)
        except ForbiddenError as exc:
            raise UnavailableError("CannotCount", f"what is free cannot be counted: {exc}") from exc
        inventory = await ctx.inventory()
        found = choose_slots(inventory, free_by_node(nodes, pods), _wish(ctx))
        if not isinstance(found, Slots):
            raise UnavailableError(found.reason, found.sentence)
        seen["slots"] = found.told()
        if found.mode == "dra" and tries == 1:
            template = claim_template(ctx.name("device"), found)
            await ctx.apply(RESOURCE_CLAIM_TEMPLATE, template)
        return found
    return None


def _wish(ctx: Context) -> Wish:
    """Fewer than two accelerators make no gang: then processors are left."""
    return Wish(
        most=min(MOST, ctx.budget), cpu_instead=ctx.settings.get("cpuFallback") is not False
    )
