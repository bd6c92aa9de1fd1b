"""A small check for tests of the framework: one pod, its log, and a rule on it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from aiconform.checks.framework import (
    Answer,
    Check,
    Conclusion,
    Context,
    Sightings,
    conclude,
    failed,
    looks_at,
    makes,
    on,
    passed,
    rule,
    workload,
)
from aiconform.cluster.resources import CONFIG_MAP, DEVICE_CLASS, POD

Run = Callable[[Context], Awaitable[None]]


async def run(ctx: Context) -> None:
    async with ctx.step("pod-runs") as seen:
        pod = await ctx.apply(POD, pod_manifest(ctx))
        ready = await ctx.pod_ready(pod["metadata"]["name"])
        seen["ready"] = ready is not None
        await ctx.save("objects/pod.yaml", ready or pod)


def pod_manifest(ctx: Context, short: str = "pod", **spec: Any) -> dict[str, Any]:
    containers = [workload("echo", port=8080)]
    return {"metadata": {"name": ctx.name(short)}, "spec": {"containers": containers, **spec}}


def evaluate(seen: Sightings) -> Conclusion:
    runs = rule(seen, "pod-runs", _runs)
    return conclude((runs,), passed="the pod runs", evidence=("objects/pod.yaml",))


def _runs(facts: Mapping[str, Any]) -> Answer:
    return passed("it runs") if facts["ready"] else failed("NotRunning", "it never ran")


TOY = Check(
    id="dra_support",
    rights=(
        *makes(POD, why="a pod", also=("get", "watch", "patch")),
        *makes(CONFIG_MAP, why="an object"),
        *on(POD, "get", subresource="log", why="its log"),
        *looks_at(DEVICE_CLASS, why="to look"),
    ),
    time_box_s=600,
    cost="one pod",
    run=run,
    evaluate=evaluate,
)


def toy(run: Run, **changes: Any) -> Check:
    """The same check with another way of looking."""
    return replace(TOY, run=run, **changes)
