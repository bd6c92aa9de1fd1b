"""cluster_autoscaling: nodes come for a pod and go with it, and each broken autoscaler fails."""

import asyncio
import contextlib
import json
import random
from typing import Any

import pytest

from aiconform.checks.cluster_autoscaling import CHECK
from aiconform.checks.framework.runner import run_check
from aiconform.cluster.resources import NODE, POD
from aiconform.model.records import EvidenceFile
from tests.checks.cluster_autoscaling.judged import judged, pods_made, steps
from tests.checks.cluster_autoscaling.world import (
    ACCEL,
    BUDGET,
    DEVICES,
    SELECTOR,
    SETTINGS,
    Adapter,
    ScalingPlatform,
)
from tests.checks.interrupted import ours
from tests.checks.rests_on import assert_falls_without_any
from tests.checks.rights_used import unused

ADAPTERS: tuple[Adapter, ...] = ("karpenter", "cluster-autoscaler")


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("whole", [0, 1, 3])
async def test_sound_autoscaler_passes_from_zero_and_from_more(
    adapter: Adapter, whole: int
) -> None:
    platform = ScalingPlatform(adapter=adapter, whole=whole)

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("PASS", "Ok"), verdict
    assert set(steps(verdict).values()) == {"PASS"}
    assert len([name for name in pods_made(platform) if "placeholder" in name]) == whole


async def test_pass_falls_without_any_record() -> None:
    platform = ScalingPlatform(whole=1)
    entries = await platform.run(CHECK, settings=SETTINGS, accelerators=BUDGET)

    assert_falls_without_any(platform, CHECK, entries, version="1.37")


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ({"adds": False}, "NotAdded"),
        ({"adds": False, "speaks": False}, "NotAdded"),
        ({"removes": False}, "NotRemoved"),
        ({"offers": 0}, "WrongType"),
        ({"offers": DEVICES - 1}, "WrongType"),
        ({"comes_ready": False}, "NotUsable"),
        ({"in_vain": True}, "AddedInVain"),
    ],
)
async def test_mutant_fails_for_its_reason(
    adapter: Adapter, spoil: dict[str, Any], reason: str
) -> None:
    platform = ScalingPlatform(adapter=adapter)
    for name, value in spoil.items():
        setattr(platform, name, value)

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("FAIL", reason), verdict


async def test_node_that_stays_is_named_since_it_costs_money() -> None:
    platform = ScalingPlatform()
    platform.removes = False

    verdict = await judged(platform)

    assert any("cost money: pool-1" in note for note in verdict.notes)


async def test_node_that_others_use_may_stay() -> None:
    platform = ScalingPlatform()
    platform.removes = False
    platform.after(50.0, lambda: platform.use("pool-1"))

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("WARN", "NodeInUse")


async def test_daemon_of_every_node_is_no_excuse_to_keep_it() -> None:
    platform = ScalingPlatform()
    platform.removes = False
    platform.after(50.0, lambda: platform.use("pool-1", owner="DaemonSet"))

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("FAIL", "NotRemoved")


async def test_node_that_goes_while_it_is_used_is_no_removal_of_an_idle_one() -> None:
    platform = ScalingPlatform()
    told: list[str] = []

    def vanish(verb: str, resource: Any, found: dict[str, Any]) -> None:
        running = found.get("status", {}).get("phase") == "Running"
        if resource == POD and verb == "update" and running and not told:
            told.append(found["spec"]["nodeName"])
            (node,) = [n for n in platform.objects.all(NODE) if n["metadata"]["name"] in told]
            platform.after(0.3, lambda: platform.objects.remove(NODE, node))

    platform.objects.reactions.append(vanish)

    verdict = await judged(platform)

    assert verdict.outcome != "PASS"
    assert verdict.outcome != "WARN"


async def test_driver_that_takes_minutes_is_waited_for() -> None:
    """Ready, and no devices yet: that is no node of the wrong type."""
    platform = ScalingPlatform()
    platform.offers = 0

    def install() -> None:
        for node in platform.objects.all(NODE):
            if node["metadata"]["name"].startswith("pool-"):
                allocatable = {"cpu": "4", "example.com/accel": str(DEVICES)}
                status = {**node["status"], "allocatable": allocatable}
                platform.objects.change(NODE, node, status=status)
        platform._try_again()

    platform.after(400.0, install)

    verdict = await judged(platform)

    assert verdict.outcome == "PASS", verdict


async def test_waiting_for_the_platform_is_told_apart_from_ours() -> None:
    platform = ScalingPlatform()
    entries = await platform.run(CHECK, settings=SETTINGS)
    files = {e.record.path: e.record.text for e in entries if isinstance(e.record, EvidenceFile)}

    told = json.loads(files["measurements.json"])

    assert 30 <= told["platform"]["removed"] <= 33
    assert 5 <= told["platform"]["added"] <= 9
    assert told["windows_s"] == 210
    assert told["platform_s"] + told["windows_s"] <= told["total_s"] <= 260
    assert 0.5 <= told["node_minutes"] <= 1
    assert "pool-1" in files["nodes.csv"]
    assert "Nominated" in files["events.jsonl"]


async def test_check_uses_every_right() -> None:
    platforms = [ScalingPlatform(whole=1), ScalingPlatform(adapter="cluster-autoscaler")]
    platforms[1].openshift("default")
    for platform in platforms:
        await judged(platform)

    assert unused(CHECK, [call for p in platforms for call in p.objects.calls]) == []


async def test_stopped_anywhere_it_leaves_nothing() -> None:
    for seed in range(10):
        platform, chance = ScalingPlatform(whole=1), random.Random(seed)
        config = platform._config(CHECK, SETTINGS, BUDGET)
        task = asyncio.create_task(run_check(CHECK, platform.surroundings(config)))
        for _ in range(chance.randrange(1, 3000)):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await run_check(CHECK, platform.surroundings(config))
        assert ours(platform) == [], f"seed {seed}"


async def test_triggers_are_neither_pinned_nor_expendable() -> None:
    """
    A pod below the cut-off, or of a known node, would never bring one; and what a placeholder
    below it holds would count as free.
    """
    platform, seen = ScalingPlatform(whole=1), dict[str, dict[str, Any]]()

    def note(verb: str, resource: Any, found: dict[str, Any]) -> None:
        if resource == POD and verb == "create":
            seen[found["metadata"]["name"].rpartition("autoscaling-")[2]] = found["spec"]

    platform.objects.reactions.append(note)
    await judged(platform)

    assert seen["trigger"]["priorityClassName"] == "aiconform-scale"
    assert "affinity" not in seen["trigger"]
    assert SELECTOR.items() <= seen["trigger"]["nodeSelector"].items()
    limits = seen["too-large"]["containers"][0]["resources"]["limits"]
    assert limits[ACCEL] == str(DEVICES + 1)
    assert seen["placeholder-0"]["priorityClassName"] == "aiconform-scale"
    assert "affinity" in seen["placeholder-0"]
