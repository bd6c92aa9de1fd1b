"""cluster_autoscaling: without consent nothing is made; what could not be tested is told."""

from typing import Any

import pytest

from aiconform.checks.cluster_autoscaling import CHECK
from aiconform.cluster.resources import EVENT, NODE, POD
from tests.checks.cluster_autoscaling.judged import judged, pods_made, steps
from tests.checks.cluster_autoscaling.world import (
    DEVICES,
    POOL,
    Adapter,
    ScalingPlatform,
)

EXCUSE = "a fixed fleet of four nodes in our own rooms"


@pytest.mark.parametrize("consent", [None, False, "true", 1])
async def test_without_consent_nothing_is_made(consent: object) -> None:
    platform = ScalingPlatform()

    verdict = await judged(platform, consent=consent)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "NoConsent")
    assert pods_made(platform) == []


async def test_no_autoscaler_and_the_sites_word_for_it_is_skip_with_that_word() -> None:
    platform = ScalingPlatform(adapter="none")
    entries = await platform.run(CHECK, settings={"noAutoscaler": EXCUSE})

    verdict = platform.verdict(CHECK, entries)

    assert (verdict.outcome, verdict.reason) == ("SKIP", "NoAutoscaler")
    assert verdict.sentence == EXCUSE


@pytest.mark.parametrize("settings", [{}, {"noAutoscaler": "  "}, {"noAutoscaler": True}])
async def test_no_autoscaler_without_a_word_is_unknown(settings: dict[str, Any]) -> None:
    """One may be out of sight: nothing that was not found is proved not to be there."""
    platform = ScalingPlatform(adapter="none")
    entries = await platform.run(CHECK, settings=settings)

    verdict = platform.verdict(CHECK, entries)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "NoAutoscalerFound")


@pytest.mark.parametrize("adapter", ["karpenter", "cluster-autoscaler"])
async def test_excuse_does_not_hide_an_autoscaler(adapter: Adapter) -> None:
    platform = ScalingPlatform(adapter=adapter)
    entries = await platform.run(CHECK, settings={"noAutoscaler": EXCUSE})

    verdict = platform.verdict(CHECK, entries)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "AutoscalerFound")


async def test_excuse_is_not_taken_when_one_could_not_look() -> None:
    platform = ScalingPlatform(adapter="none", forbidden=("get configmaps",))
    entries = await platform.run(CHECK, settings={"noAutoscaler": EXCUSE})

    verdict = platform.verdict(CHECK, entries)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "NotPermitted")
    assert "get configmaps" in verdict.sentence


@pytest.mark.parametrize(
    "pool",
    [
        None,
        {},
        {**POOL, "selector": {}},
        {**POOL, "selector": {"a": 1}},
        {**POOL, "resource": "gpu"},
        {**POOL, "devicesPerNode": 0},
        {**POOL, "devicesPerNode": "8"},
        {**POOL, "devicesPerNode": True},
        {**POOL, "selector": {"karpenter.sh/nodepool": "another"}},
    ],
)
async def test_pool_that_is_not_clear_is_not_tried(pool: object) -> None:
    platform = ScalingPlatform()

    verdict = await judged(platform, pool=pool)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "NoPool")
    assert pods_made(platform) == []


async def test_limit_that_is_no_number_is_told() -> None:
    verdict = await judged(ScalingPlatform(), upS="long")

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "NoPool")
    assert "upS" in verdict.sentence


@pytest.mark.parametrize(
    "right",
    [
        "create pods", "watch pods", "list nodes", "watch nodes", "get nodes", "list events",
        "get configmaps", "list nodepools.karpenter.sh", "list nodeclaims.karpenter.sh",
        "list pods",
    ],
)  # fmt: skip
async def test_missing_right_is_unknown_and_named(right: str) -> None:
    platform = ScalingPlatform(whole=1, forbidden=(right,))

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "NotPermitted"), verdict
    assert right in verdict.sentence


async def test_nodes_that_are_free_and_more_than_may_be_held_are_left_alone() -> None:
    platform = ScalingPlatform(whole=1)

    verdict = await judged(platform, budget=4)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "PoolTooIdle")
    assert pods_made(platform) == []


async def test_more_than_four_free_nodes_are_left_alone() -> None:
    verdict = await judged(ScalingPlatform(whole=5))

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "PoolTooIdle")


async def test_nodes_in_use_are_not_taken() -> None:
    platform = ScalingPlatform(whole=2)
    held = platform.hold("pool-1", 1)

    verdict = await judged(platform)

    assert verdict.outcome == "PASS", verdict
    assert len([name for name in pods_made(platform) if "placeholder" in name]) == 1
    (after,) = [p for p in platform.objects.all(POD) if p["metadata"]["namespace"] == "tenant"]
    assert after == held


async def test_pool_with_other_nodes_than_the_site_says_is_not_tried() -> None:
    platform = ScalingPlatform()
    platform.add_node(devices=4)

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "PoolDiffers")
    assert pods_made(platform) == []


async def test_pool_whose_larger_nodes_take_the_larger_pod_is_told() -> None:
    """The autoscaler was right: the site's number of devices was not."""
    platform = ScalingPlatform()
    platform.in_vain, platform.offers = True, 2 * DEVICES

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "PoolDiffers")


async def test_pool_that_moves_by_itself_is_not_tried() -> None:
    platform = ScalingPlatform()
    for number in range(40):
        platform.after(20.0 * number, platform.grow)

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "PoolUnstable")
    assert pods_made(platform) == []


async def test_taint_that_no_toleration_names_is_told_before_money_is_spent() -> None:
    platform = ScalingPlatform(whole=1)
    for node in platform.objects.all(NODE):
        if node["metadata"]["name"] == "pool-1":
            node["spec"]["taints"] = [{"key": "team", "value": "a", "effect": "NoSchedule"}]

    verdict = await judged(platform)
    tolerant = await judged(
        platform, pool={**POOL, "tolerations": [{"key": "team", "operator": "Exists"}]}
    )

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "PoolTainted")
    assert steps(tolerant)["baseline"] == "PASS"


async def test_room_that_somebody_else_leaves_proves_nothing() -> None:
    platform = ScalingPlatform(whole=1)
    platform.adds = False
    held = platform.hold("pool-1", DEVICES)
    platform.after(60.0, lambda: platform.objects.remove(POD, held))

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "CapacityMoved"), verdict


async def test_node_that_came_for_another_pod_proves_nothing() -> None:
    """It appears after ours, but was ordered before it."""
    platform = ScalingPlatform()
    platform.adds = platform.speaks = False
    platform.after(50.0, platform.grow)

    verdict = await judged(platform)

    assert verdict.outcome == "UNKNOWN", verdict
    assert verdict.reason == "NotAttributed"


@pytest.mark.parametrize("after_s", [40.0, 400.0])
async def test_pod_that_somebody_deletes_proves_nothing(after_s: float) -> None:
    platform = ScalingPlatform()
    platform.adds = False

    def delete() -> None:
        for pod in platform.objects.all(POD):
            platform.objects.remove(POD, pod)

    platform.after(after_s, delete)

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "TriggerGone"), verdict


async def test_autoscaler_out_of_sight_is_a_warning_since_it_says_nothing() -> None:
    platform = ScalingPlatform(adapter="generic")

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("WARN", "NotAttributed"), verdict
    assert steps(verdict)["removed"] == "PASS"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("creating machine, QuotaExceeded: Insufficient regional quota", "CloudCapacity"),
        ("pod has Dynamic Resource Allocation requirements", "DRAUnsupportedByAutoscaler"),
    ],
)
async def test_what_is_no_fault_of_the_platform_is_unknown(message: str, reason: str) -> None:
    platform = ScalingPlatform()
    platform.adds, platform.refusal = False, message

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", reason)


async def test_limit_of_the_pool_is_the_sites_own_and_fails() -> None:
    platform = ScalingPlatform()
    platform.adds = False
    platform.refusal = "all available instance types exceed limits for nodepool"

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("FAIL", "NotAdded")


async def test_larger_pod_that_nobody_considered_proves_nothing() -> None:
    platform = ScalingPlatform()

    def mute(verb: str, resource: Any, found: dict[str, Any]) -> None:
        if resource == EVENT and found["reason"] == "FailedScheduling":
            platform.objects.remove(EVENT, found)

    platform.objects.reactions.append(mute)

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "NotConsidered")
