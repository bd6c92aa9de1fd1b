"""Looking: each operator that is there, until one has been through everything."""

from aiconform.checks.framework import Context
from aiconform.checks.robust_controller.finding import (
    Found,
    Registrations,
    find_operators,
    see_controller,
    see_webhooks,
)
from aiconform.checks.robust_controller.reconciling import Trial
from aiconform.checks.robust_controller.refusing import see_control, see_own_refusal, see_refusal

# With less time than this left no further operator is begun.
RESERVE_S = 240.0


async def run(ctx: Context) -> None:
    found, registrations = await find_operators(ctx)
    tries_all = bool(ctx.settings.get("all"))
    for number, each in enumerate(found):
        if number and ctx.deadline - ctx.now() < RESERVE_S:
            return
        whole = await _tried(ctx, each, registrations)
        if whole and not tries_all:
            return


async def _tried(ctx: Context, found: Found, registrations: Registrations) -> bool:
    """Was there everything to look at: a webhook, and an object to reconcile?"""
    operator = found.operator
    taken, labels = await see_control(ctx, found)
    webhooks = await see_webhooks(ctx, found, registrations, labels)
    await see_controller(ctx, found, webhooks, step="controller")
    if webhooks:
        await see_refusal(ctx, found, webhooks)
    elif operator.own_refusal is not None:
        await see_own_refusal(ctx, found, operator.own_refusal)
    if taken and operator.reconciles:
        await Trial(ctx, found).run()
    await see_controller(ctx, found, webhooks, step="controller-after")
    return bool(webhooks) and operator.reconciles
