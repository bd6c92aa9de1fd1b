"""The property that every check must have: stopped anywhere, it leaves nothing for long."""

import asyncio
import contextlib
import random
from collections.abc import Callable

from aiconform.checks.framework.check import Check
from aiconform.checks.framework.fake import PROBE, WORK, FakePlatform
from aiconform.checks.framework.manners import CHECK_LABEL
from aiconform.checks.framework.runner import run_check
from aiconform.model.plan import Checks, RunConfig


def ours(platform: FakePlatform) -> list[str]:
    """Objects of checks that are there."""
    return [
        f"{found['kind']} {found['metadata']['name']}"
        for found in platform.objects.objects.values()
        if CHECK_LABEL in (found["metadata"].get("labels") or {})
    ]


def config_for(check: Check) -> RunConfig:
    checks = Checks(enabled=(check.id,))
    return RunConfig(name="test-run", checks=checks, work_namespace=WORK, probe_namespace=PROBE)


async def assert_nothing_is_left_when_stopped_anywhere(
    make: Callable[[], FakePlatform], check: Check, *, times: int = 10, turns: int = 400
) -> None:
    """
    Cancel the check at random moments, and its clean-up as well; the next attempt sweeps.

    Args:
        make: A new platform each time.
        turns: At most so many turns of the event loop until the first cancel.
    """
    for seed in range(times):
        platform, chance = make(), random.Random(seed)
        config = config_for(check)
        task = asyncio.create_task(run_check(check, platform.surroundings(config)))
        for _ in range(chance.randrange(1, turns)):
            await asyncio.sleep(0)
        task.cancel()
        for _ in range(chance.randrange(1, 60)):
            await asyncio.sleep(0)
        task.cancel()  # and again: SIGKILL does not wait for a clean-up
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await run_check(check, platform.surroundings(config))
        assert ours(platform) == [], f"seed {seed}"
