"""The steps of the trial: from a metric that is told, up, not too far, down, and without it."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiconform.checks.framework import Context, Step
from aiconform.checks.pod_autoscaling.devices import TOUCH, Slot, opened
from aiconform.checks.pod_autoscaling.kinds import MOST, TARGET
from aiconform.checks.pod_autoscaling.objects import without_metric
from aiconform.checks.pod_autoscaling.samples import condition, is_ready
from aiconform.checks.pod_autoscaling.trial import Trial
from aiconform.cluster.resources import DEPLOYMENT, POD, RESOURCE_CLAIM
from aiconform.cluster.trouble import mapping

Json = dict[str, Any]

# Below the target, and no value that a pipeline would invent.
FIRST, DOUBLE, HUGE = 7.0, 2.0 * TARGET, 1000.0
VISIBLE_S, UP_S, DOWN_S, LOST_S = 720.0, 180.0, 300.0, 180.0
RUNNING_S = 300.0
STABLE_S = 60.0
# The autoscaler looks every 15 s: three of its looks.
THREE_LOOKS_S = 45.0
# What the steps after the first need when the platform is quick.
_RESERVE_S = 420.0


class Scaling:
    """One step after the other; the first that goes wrong is the last."""

    def __init__(self, ctx: Context, trial: Trial, slot: Slot) -> None:
        self._ctx, self._trial, self._slot = ctx, trial, slot
        self._visible_s = float(ctx.settings.get("visibleS", VISIBLE_S))
        self._up_s = float(ctx.settings.get("upS", UP_S))
        self._down_s = float(ctx.settings.get("downS", DOWN_S))

    async def run(self) -> None:
        steps: tuple[tuple[str, Callable[[Step], Awaitable[bool]]], ...] = (
            ("p1", self._visible),
            ("p0", self._at_rest),
            ("q1", self._at_target),
            ("p2", self._up),
            ("q3", self._never_too_far),
            ("p3", self._down),
            ("q2", self._without_metric),
        )
        for name, act in steps:
            goes_on = False
            async with self._ctx.step(name) as seen:
                goes_on = await act(seen)
            if not (seen.ok and goes_on):
                return

    async def _visible(self, seen: Step) -> bool:
        """The metrics API tells what was set."""
        await self._set(seen, FIRST)
        left_s = self._ctx.deadline - self._ctx.now() - _RESERVE_S
        limit_s = max(0.0, min(self._visible_s, left_s))
        return await self._trial.until(
            seen, "rows", lambda row: row["seen"] == FIRST, limit_s=limit_s
        )

    async def _at_rest(self, seen: Step) -> bool:
        return await self._steady(seen, 0.0, replicas=1, hold_s=STABLE_S)

    async def _at_target(self, seen: Step) -> bool:
        return await self._steady(seen, float(TARGET), replicas=1, hold_s=STABLE_S)

    async def _up(self, seen: Step) -> bool:
        await self._set(seen, DOUBLE)
        wanted = await self._trial.until(
            seen, "rows", lambda row: row["desired"] == MOST, limit_s=self._up_s
        )
        running = wanted and await self._trial.until(
            seen, "starting", lambda row: row["ready"] == MOST, limit_s=RUNNING_S
        )
        pods = await self._trial.pods()
        seen["device"] = self._slot.resource or self._slot.device_class
        seen["pods"] = [await self._pod(pod) for pod in pods]
        return running

    async def _never_too_far(self, seen: Step) -> bool:
        return await self._steady(seen, HUGE, replicas=MOST, hold_s=THREE_LOOKS_S)

    async def _down(self, seen: Step) -> bool:
        await self._set(seen, 0.0)
        fell = await self._trial.until(
            seen, "rows", lambda row: row["desired"] == 1 and row["pods"] == 1,
            limit_s=self._down_s,
        )  # fmt: skip
        stays = fell and await self._trial.hold(seen, STABLE_S)
        seen["claims"] = None
        if self._slot.device_class:
            seen["claims"] = len(await self._ctx.find(RESOURCE_CLAIM, labels=self._ctx.selector))
        return stays

    async def _without_metric(self, seen: Step) -> bool:
        """Nobody is told of the gauge any more; what the autoscaler does then."""
        if self._trial.source:
            pod = await self._ctx.get(POD, self._trial.source)
            if pod is not None:
                await self._ctx.delete(POD, pod)
        else:
            before = {pod["metadata"]["uid"] for pod in await self._trial.pods()}
            await self._ctx.patch(DEPLOYMENT, self._ctx.name("app"), without_metric())
            seen["replaced"] = await self._replaced(before)
            await self._trial.stop()
        self._trial.value = None
        lost = await self._trial.until(
            seen, "rows", lambda row: row["active"] == "False", limit_s=LOST_S
        )
        if lost:
            await self._trial.hold(seen, STABLE_S)
        return lost

    async def _replaced(self, before: set[str]) -> bool:
        async def look() -> bool | None:
            pods = await self._trial.pods()
            return (len(pods) == 1 and is_ready(pods[0])
                    and pods[0]["metadata"]["uid"] not in before) or None  # fmt: skip

        return bool(await self._ctx.until(look, limit_s=RUNNING_S, every_s=1.0))

    async def _steady(self, seen: Step, value: float, *, replicas: int, hold_s: float) -> bool:
        """Set it, wait until the autoscaler reckons with it, and look whether it stays."""
        await self._set(seen, value)
        # What has come once has its way: it comes again as quickly, and the window is the down one.
        settled = await self._trial.settle(seen, replicas=replicas, limit_s=self._down_s)
        return settled and await self._trial.hold(seen, hold_s)

    async def _set(self, seen: Step, value: float) -> None:
        await self._trial.set(value)
        seen["set"] = value

    async def _pod(self, pod: Json) -> Json:
        """Where it runs, why not, and which device files opened in it."""
        name, status = pod["metadata"]["name"], mapping(pod.get("status"))
        scheduled = condition(status, "PodScheduled")
        lines = await self._ctx.log_lines(name, container=TOUCH)
        return {
            "name": name,
            "uid": pod["metadata"]["uid"],
            "node": pod["spec"].get("nodeName"),
            "ready": is_ready(pod),
            "unscheduled": "" if scheduled.get("status") == "True" else
                           str(scheduled.get("message") or scheduled.get("reason") or "")[:300],
            "opened": opened(lines, nonce=self._ctx.nonce),
        }  # fmt: skip
