"""dra_support: passes on a platform that works, fails on each broken one, and else says why not."""

from collections.abc import Callable
from typing import Any

import pytest

from aiconform.checks.dra_support import CHECK
from aiconform.cluster.resources import POD, RESOURCE_CLAIM, RESOURCE_SLICE
from aiconform.model.errors import ClusterError
from aiconform.model.requirement import RequirementVerdict
from tests.checks.dra_support.world import DraPlatform
from tests.checks.interrupted import assert_nothing_is_left_when_stopped_anywhere
from tests.checks.rests_on import assert_falls_without_any
from tests.checks.rights_used import unused


async def judged(
    platform: DraPlatform, *, version: str = "1.35", **settings: Any
) -> RequirementVerdict:
    entries = await platform.run(CHECK, settings=settings)
    return platform.verdict(CHECK, entries, version=version)


def steps(verdict: RequirementVerdict) -> dict[str, str]:
    return {step.name: step.outcome.value for step in verdict.steps}


@pytest.mark.parametrize("count", [1, 2, 5])
async def test_platform_that_allocates_passes(count: int) -> None:
    verdict = await judged(DraPlatform(count=count))

    assert verdict.outcome == "PASS", verdict
    assert set(steps(verdict).values()) == {"PASS"}
    assert ("devices-differ" in steps(verdict)) is (count > 1)


async def test_pass_falls_without_any_record() -> None:
    platform = DraPlatform()
    entries = await platform.run(CHECK)

    assert_falls_without_any(platform, CHECK, entries, version="1.35")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ({"allocates": False}, "NotAllocated"),
        ({"prepares": False}, "NotPrepared"),
        ({"frees": False}, "NotFreed"),
        ({"reserves": False}, "NotReserved"),
        ({"twice": True}, "AllocatedTwice"),
        ({"same_file": True}, "SameDevice"),
        ({"heeds": False}, "ClaimIgnored"),
        ({"admin_open": True}, "AdminAccessOpen"),
    ],
)
async def test_mutant_fails_for_its_reason(spoil: dict[str, bool], reason: str) -> None:
    platform = DraPlatform()
    for name, value in spoil.items():
        setattr(platform, name, value)

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("FAIL", reason), verdict


async def test_mutant_that_gives_the_only_device_twice_fails() -> None:
    platform = DraPlatform(count=1)
    platform.twice = True

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("FAIL", "AllocatedTwice")


async def test_driver_without_device_files_is_told_apart_by_its_claims() -> None:
    platform = DraPlatform()
    platform.files = False

    verdict = await judged(platform)

    assert verdict.outcome == "PASS"


async def test_silent_pods_prove_nothing() -> None:
    """What the pods have was not seen, so it is not known to differ."""
    platform = DraPlatform()
    platform._say_devices = lambda pod: None  # type: ignore[method-assign]

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "PodSilent")


async def test_without_a_driver_only_the_api_is_known() -> None:
    verdict = await judged(DraPlatform(count=0))

    assert (verdict.outcome, verdict.reason) == ("WARN", "NoDriver")


async def test_without_the_api_it_is_not_provided() -> None:
    platform = DraPlatform()
    for key in [key for key in platform.objects.served if key[0] == "resource.k8s.io"]:
        del platform.objects.served[key]

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("FAIL", "NotProvided")


@pytest.mark.parametrize(("version", "outcome"), [("1.33", "WARN"), ("1.34", "FAIL")])
async def test_beta_api_will_do_for_the_oldest_checklist_alone(version: str, outcome: str) -> None:
    platform = DraPlatform(count=0)
    for key, resource in list(platform.objects.served.items()):
        if key[0] == "resource.k8s.io":
            del platform.objects.served[key]
            changed = {**vars(resource), "version": "v1beta1"}
            platform.objects.serve(type(resource)(**changed))

    verdict = await judged(platform, version=version)

    assert verdict.outcome == outcome, verdict


async def test_devices_in_use_are_not_taken() -> None:
    platform = DraPlatform(count=1)
    platform.hold(0)

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "NoFreeDevice")
    assert not [c for c in platform.objects.calls if c.startswith("create pods")]


async def test_incomplete_pool_is_no_empty_pool() -> None:
    platform = DraPlatform(count=0)
    platform.offer(2, complete=False)

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "PoolIncomplete")


async def test_older_generation_of_a_pool_does_not_count() -> None:
    platform = DraPlatform(count=1)
    stale = {
        "driver": "accel.example.com", "nodeName": "node1", "devices": [{"name": "gone"}],
        "pool": {"name": "node1", "generation": 0, "resourceSliceCount": 1},
    }  # fmt: skip
    platform.objects.put(RESOURCE_SLICE, {"metadata": {"name": "stale"}, "spec": stale})

    verdict = await judged(platform)

    assert verdict.outcome == "PASS"
    assert "1 devices" in next(s.sentence for s in verdict.steps if s.name == "device-found")


@pytest.mark.parametrize(
    ("refused", "named"),
    [
        ("create resourceclaims.resource.k8s.io", "create resourceclaims.resource.k8s.io"),
        ("create pods", "create pods"),
        ("list resourceclaims.resource.k8s.io", "list resourceclaims.resource.k8s.io"),
        ("get pods/log", "get pods/log"),
    ],
)
async def test_missing_right_is_named(refused: str, named: str) -> None:
    verdict = await judged(DraPlatform(forbidden=[refused]))

    assert verdict.outcome == "UNKNOWN", verdict
    assert verdict.reason in {"NotPermitted", "CannotCount"}
    assert named in verdict.sentence


async def test_unreachable_server_is_our_error() -> None:
    platform = DraPlatform()
    platform.objects.outage = ClusterError("no answer")

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("ERROR", "ApiTrouble")


async def test_image_that_cannot_be_had_is_our_error() -> None:
    platform = DraPlatform()
    start: Callable[[dict[str, Any]], None] = platform._start

    def unpullable(metadata: dict[str, Any]) -> None:
        start(metadata)
        (pod,) = (p for p in platform.objects.all(POD) if p["metadata"]["uid"] == metadata["uid"])
        waiting = {"waiting": {"reason": "ErrImageNeverPull", "message": "not present"}}
        container = {"name": "workload", "image": "x", "state": waiting}
        status = {"phase": "Pending", "containerStatuses": [container]}
        platform.objects.change(POD, pod, status=status)

    platform._start = unpullable  # type: ignore[method-assign]

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("ERROR", "ImagePull")


async def test_class_can_be_named_by_the_site() -> None:
    verdict = await judged(DraPlatform(), deviceClass="accel")

    assert verdict.outcome == "PASS"


@pytest.mark.parametrize(
    ("version", "level", "outcome"),
    [
        ("1.33", "SHOULD", "PASS"),
        ("1.34", "MUST", "PASS"),
        ("1.35", "MUST", "PASS"),
        ("1.36", "SHOULD", "SKIP"),
        ("1.37", "SHOULD", "SKIP"),
    ],
)
async def test_one_journal_is_judged_by_every_checklist(
    version: str, level: str, outcome: str
) -> None:
    platform = DraPlatform()
    entries = await platform.run(CHECK)

    verdict = platform.verdict(CHECK, entries, version=version)

    assert (verdict.level, verdict.outcome) == (level, outcome)
    if outcome == "SKIP":
        assert verdict.reason == "NotInVersion"
        assert "PASS" in verdict.notes[0]


async def test_claims_of_others_are_never_touched() -> None:
    platform = DraPlatform(count=3)
    platform.hold(0)
    before = list(platform.objects.all(RESOURCE_CLAIM))

    await judged(platform)

    assert platform.objects.all(RESOURCE_CLAIM) == before


async def test_every_right_is_used() -> None:
    platform = DraPlatform()

    await platform.run(CHECK)

    assert unused(CHECK, platform.objects.calls) == []


async def test_stopped_anywhere_it_leaves_nothing() -> None:
    await assert_nothing_is_left_when_stopped_anywhere(DraPlatform, CHECK, turns=3000)
