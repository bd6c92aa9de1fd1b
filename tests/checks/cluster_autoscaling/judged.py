"""How a platform is judged in these tests."""

from typing import Any

from aiconform.checks.cluster_autoscaling import CHECK
from aiconform.model.requirement import RequirementVerdict
from tests.checks.cluster_autoscaling.world import BUDGET, SETTINGS, ScalingPlatform


async def judged(
    platform: ScalingPlatform, *, budget: int = BUDGET, **settings: Any
) -> RequirementVerdict:
    entries = await platform.run(CHECK, settings={**SETTINGS, **settings}, accelerators=budget)
    return platform.verdict(CHECK, entries)


def steps(verdict: RequirementVerdict) -> dict[str, str]:
    return {step.name: step.outcome.value for step in verdict.steps}


def pods_made(platform: ScalingPlatform) -> list[str]:
    calls = platform.objects.calls
    return [call.rpartition("/")[2] for call in calls if call.startswith("create pods")]
