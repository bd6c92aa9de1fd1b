"""One check from its beginning to its end: time box, troubles, and the clean-up in any case."""

import asyncio
from collections.abc import Collection
from contextlib import AsyncExitStack
from typing import Literal

import structlog

from aiconform.checks.framework.check import Check
from aiconform.checks.framework.cleanup import clean_up
from aiconform.checks.framework.context import Context
from aiconform.checks.framework.errors import TimeBoxPassedError
from aiconform.checks.framework.surroundings import Surroundings
from aiconform.cluster.facts import RUN_LABEL
from aiconform.judge.words import clip
from aiconform.model.errors import JournalError
from aiconform.model.records import CheckBegan, CheckEnded, StepProblem

log = structlog.get_logger()

CANCELLED_CLEANUP_S = 10.0
SWEEP_S = 60.0

How = Literal["complete", "time_box", "broken"]


async def run_check(check: Check, around: Surroundings) -> None:
    """
    Run one check and record all that it sees; nothing that goes wrong in it gets out.

    A check that holds accelerators waits for the others that do. What an interrupted attempt at
    this check left is removed first, so that it begins like any other.

    Raises:
        JournalError: Records cannot be kept.
    """
    check = at_site(check, around)
    async with AsyncExitStack() as stack:
        if check.devices:
            await stack.enter_async_context(around.devices)
        await around.record(CheckBegan(check=check.id, time_box_s=check.time_box_s))
        context = Context(check, around)
        log.info("check.started", check=check.id, time_box_s=check.time_box_s)
        ended = await _swept_and_looked(context, around)
        log.info("check.ended", check=check.id, how=ended.how, leftover_count=len(ended.leftovers))
        await around.record(ended)


def at_site(check: Check, around: Surroundings) -> Check:
    return check.at_site(around.config.checks.settings.get(check.id, {}))


async def sweep_earlier_runs(checks: Collection[Check], around: Surroundings) -> None:
    """Remove what checks of earlier runs of this release left behind."""
    selector = (
        "app.kubernetes.io/managed-by=aiconform,"
        f"app.kubernetes.io/instance={around.job},{RUN_LABEL}!={around.config.name}"
    )
    left = await asyncio.gather(
        *(
            clean_up(at_site(check, around), around, selector=selector, limit_s=SWEEP_S)
            for check in checks
        )
    )
    for told in {name for names in left for name in names}:
        log.warning("leftover.stays", object=told)


async def _swept_and_looked(context: Context, around: Surroundings) -> CheckEnded:
    check, selector = context.check, context.selector
    try:
        await clean_up(check, around, selector=selector, limit_s=SWEEP_S)
        how, sentence, problem = await _looked(context)
        if problem is not None:
            await context.end_open_steps(problem)
        left = await clean_up(check, around, selector=selector)
    except (asyncio.CancelledError, JournalError):
        # The pod is told to end: it has seconds. The next coordinator removes the rest.
        await clean_up(check, around, selector=selector, limit_s=CANCELLED_CLEANUP_S)
        raise
    if left:
        log.warning("check.left", check=check.id, objects=left[:10])
    return CheckEnded(
        check=check.id, how=how, sentence=clip(sentence), leftovers=left,
        waited_s=context.waiting.total_s,
    )  # fmt: skip


async def _looked(context: Context) -> tuple[How, str, StepProblem | None]:
    """(how it ended, sentence, what cut off the open steps)."""
    check = context.check
    try:
        async with asyncio.timeout(check.time_box_s):
            await check.run(context)
    except (TimeBoxPassedError, TimeoutError):
        told = f"the check's time box of {check.time_box_s:g} s has passed"
        return "time_box", told, StepProblem(kind="time_box", reason="TimeBox", sentence=told)
    except JournalError:
        raise
    except Exception as exc:
        log.exception("check.broken", check=check.id)
        told = clip(f"{type(exc).__name__}: {exc}")
        return "broken", told, StepProblem(kind="broken", reason="CheckBroken", sentence=told)
    return "complete", "", None
