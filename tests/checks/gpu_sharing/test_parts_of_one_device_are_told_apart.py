"""Two pods on one device at the same time: in each way of sharing, and what only looks like it."""

from typing import Any

import pytest

from aiconform.checks.framework.fake import FakePlatform
from aiconform.checks.gpu_sharing import CHECK, identity, judging
from aiconform.cluster.resources import DEVICE_CLASS, NODE, POD, RESOURCE_CLAIM
from aiconform.model.errors import ClusterError
from aiconform.model.requirement import RequirementVerdict
from tests.checks.gpu_sharing.world import DRIVER, SharingPlatform
from tests.checks.interrupted import assert_nothing_is_left_when_stopped_anywhere
from tests.checks.rests_on import assert_falls_without_any
from tests.checks.rights_used import unused

MIG = [{"/dev/nvidia0": (195, 0), "/dev/nvidia-caps/nvidia-cap1": (240, 1)},
       {"/dev/nvidia0": (195, 0), "/dev/nvidia-caps/nvidia-cap2": (240, 2)}]  # fmt: skip


async def judged(platform: FakePlatform, **settings: Any) -> RequirementVerdict:
    entries = await platform.run(CHECK, settings=settings)
    return platform.verdict(CHECK, entries, version="1.37")


def told(verdict: RequirementVerdict) -> tuple[str, str]:
    return verdict.outcome.value, verdict.reason


def by_mig() -> SharingPlatform:
    platform = SharingPlatform("nvidia.com/mig-1g.5gb", 3)
    platform.files = MIG
    return platform


def by_claim() -> SharingPlatform:
    """An ordinary DRA driver: two pods name one claim."""
    return SharingPlatform(devices=[{"name": "gpu-0"}, {"name": "gpu-1"}])


def by_parts() -> SharingPlatform:
    devices = [
        {"name": f"mig-{n}", "consumesCounters": [{"counterSet": "gpu-0"}]} for n in range(3)
    ]
    platform = SharingPlatform(devices=devices)
    platform.files = MIG
    return platform


def by_capacity() -> SharingPlatform:
    device = {
        "name": "gpu-0", "allowMultipleAllocations": True, "capacity": {"memory": {"value": "8Gi"}},
    }  # fmt: skip
    return SharingPlatform(devices=[device])


def by_slices(**labels: str) -> SharingPlatform:
    told = {"nvidia.com/gpu.replicas": "4", "nvidia.com/gpu.sharing-strategy": "time-slicing"}
    return SharingPlatform("nvidia.com/gpu", 4, labels=labels or told)


ALL = [by_mig, by_claim, by_parts, by_capacity]


@pytest.mark.parametrize("make", ALL)
async def test_shared_device_passes(make: Any) -> None:
    verdict = await judged(make())

    assert told(verdict) == ("PASS", "Ok"), verdict


@pytest.mark.parametrize("make", ALL)
async def test_pass_falls_without_any_record(make: Any) -> None:
    platform = make()
    entries = await platform.run(CHECK)

    assert_falls_without_any(platform, CHECK, entries, version="1.37")


@pytest.mark.parametrize(
    "labels",
    [
        {"nvidia.com/gpu.replicas": "4"},
        {"nvidia.com/gpu.sharing-strategy": "mps"},
        {"nvidia.com/gpu.replicas": "4", "nvidia.com/gpu.sharing-strategy": "time-slicing"},
    ],
)
async def test_slices_in_time_are_a_warning_without_a_computation(labels: dict[str, str]) -> None:
    assert told(await judged(by_slices(**labels))) == ("WARN", "IdentityOnly")


async def test_mig_that_takes_the_place_of_whole_devices_passes() -> None:
    labels = {"nvidia.com/mig.strategy": "single", "nvidia.com/gpu.product": "A100-MIG-1g.5gb"}
    platform = SharingPlatform("nvidia.com/gpu", 7, labels=labels)
    platform.files = MIG

    assert told(await judged(platform)) == ("PASS", "Ok")


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize(
    ("spoil", "outcome", "reason"),
    [
        ({"serial": True}, "FAIL", "NotShared"),
        ({"starts": 1}, "FAIL", "NotStarted"),
        ({"ends": True}, "FAIL", "NotTogether"),
        ({"admits": True}, "FAIL", "OverAdmitted"),
        ({"silent": True}, "UNKNOWN", "PodSilent"),
    ],
)
async def test_mutant_is_found_in_each_way(
    make: Any, spoil: dict[str, Any], outcome: str, reason: str
) -> None:
    platform = make()
    for name, value in spoil.items():
        setattr(platform, name, value)

    assert told(await judged(platform)) == (outcome, reason)


@pytest.mark.parametrize("make", [by_claim, by_capacity])
async def test_mutant_whose_shared_device_is_two_fails(make: Any) -> None:
    platform = make()
    platform.files = [{"/dev/nvidia0": (195, 0)}, {"/dev/nvidia1": (195, 1)}]

    assert told(await judged(platform)) == ("FAIL", "DifferentDevices")


@pytest.mark.parametrize("make", [by_mig, by_slices])
async def test_units_of_two_devices_prove_nothing(make: Any) -> None:
    platform = make()
    platform.files = [{"/dev/nvidia0": (195, 0)}, {"/dev/nvidia1": (195, 1)}]

    assert told(await judged(platform)) == ("UNKNOWN", "SpreadPlacement")


@pytest.mark.parametrize("make", [by_mig, by_slices])
async def test_mutant_whose_units_have_no_device_fails(make: Any) -> None:
    platform = make()
    platform.files = [{}]

    assert told(await judged(platform)) == ("FAIL", "NoDevice")


@pytest.mark.parametrize("make", [by_claim, by_capacity])
async def test_without_device_files_only_the_claims_tell(make: Any) -> None:
    platform = make()
    platform.files = [{}]

    assert told(await judged(platform)) == ("WARN", "IdentityOnly")


async def test_parts_that_no_file_tells_apart_are_a_warning() -> None:
    cores = SharingPlatform("aws.amazon.com/neuroncore", 4)
    cores.files = [{"/dev/neuron0": (240, 0)}]
    parts = by_parts()
    parts.files = MIG[:1]

    assert told(await judged(cores)) == ("WARN", "IdentityOnly")
    assert told(await judged(parts)) == ("WARN", "IdentityOnly")


async def test_mutant_that_gives_one_part_or_one_share_twice_fails() -> None:
    parts, capacity = by_parts(), by_capacity()
    parts.give = ["mig-0", "mig-0"]
    capacity.share_ids = ["s1", "s1"]

    assert told(await judged(parts)) == ("FAIL", "SamePart")
    assert told(await judged(capacity)) == ("FAIL", "SameShare")


async def test_parts_of_two_devices_prove_nothing() -> None:
    devices = [
        {"name": f"mig-{n}", "consumesCounters": [{"counterSet": f"gpu-{n}"}]} for n in range(3)
    ]

    assert told(await judged(SharingPlatform(devices=devices))) == ("UNKNOWN", "SpreadPlacement")


async def test_parts_among_whole_devices_are_picked_by_an_attribute_or_not_at_all() -> None:
    whole = {"name": "gpu-0", "attributes": {"type": {"string": "gpu"}}}
    parts = [
        {"name": f"mig-{n}", "consumesCounters": [{"counterSet": "gpu-1"}],
         "attributes": {"type": {"string": "mig"}}}
        for n in range(2)
    ]  # fmt: skip
    platform = SharingPlatform(devices=[whole, *parts])
    platform.give = ["mig-0", "mig-1", "gpu-0"]
    platform.files = [*MIG, {"/dev/nvidia1": (195, 1)}]

    await judged(platform)

    made = [c for c in platform.objects.calls if c.startswith("create resourceclaims")]
    assert made
    nameless = [{**part, "attributes": {}} for part in parts]
    verdict = await judged(SharingPlatform(devices=[{"name": "gpu-0"}, *nameless]))
    assert told(verdict) == ("UNKNOWN", "NotTried"), verdict


async def test_whole_devices_without_a_word_of_sharing_are_not_provided() -> None:
    verdict = await judged(SharingPlatform("nvidia.com/gpu", 8))

    assert told(verdict) == ("FAIL", "NotProvided")


async def test_fractions_of_other_schedulers_are_told_and_not_tried() -> None:
    platform = FakePlatform(allocatable={"nvidia.com/gpu": "1", "nvidia.com/gpumem": "80"})

    verdict = await judged(platform)

    assert told(verdict) == ("UNKNOWN", "NotTried")
    assert "gpumem" in verdict.sentence


async def test_no_accelerator_is_unknown() -> None:
    assert told(await judged(FakePlatform())) == ("UNKNOWN", "NoAccelerator")


async def test_hardware_that_cannot_share_is_skipped_with_who_says_so() -> None:
    assert told(await judged(SharingPlatform("google.com/tpu", 4))) == (
        "SKIP", "HardwareCannotShare",
    )  # fmt: skip
    verdict = await judged(by_claim(), cannotShare="one model fills a device")
    assert told(verdict) == ("SKIP", "HardwareCannotShare")
    assert "one model" in verdict.sentence


async def test_devices_in_use_are_left_alone() -> None:
    platform = SharingPlatform()
    result = {"driver": DRIVER, "pool": "node1", "device": "gpu-0"}
    status = {"allocation": {"devices": {"results": [result]}}}
    claim = {"metadata": {"name": "theirs"}, "spec": {}, "status": status}
    platform.objects.put(RESOURCE_CLAIM, claim, namespace="somebody")

    assert told(await judged(platform)) == ("UNKNOWN", "NoFreeDevice")
    assert not [c for c in platform.objects.calls if c.startswith("create")]


async def test_too_few_free_parts_are_told() -> None:
    assert told(await judged(SharingPlatform("nvidia.com/mig-1g.5gb", 1))) == (
        "UNKNOWN", "NotTried",
    )  # fmt: skip


async def test_capacity_that_moved_meanwhile_proves_nothing() -> None:
    """Somebody takes a device while our pods are there."""
    platform = by_claim()
    result = {"driver": DRIVER, "pool": "node1", "device": "gpu-1"}
    status = {"allocation": {"devices": {"results": [result]}}}
    claim = {"metadata": {"name": "theirs"}, "spec": {}, "status": status}

    def take() -> None:
        platform.objects.put(RESOURCE_CLAIM, claim, namespace="somebody")

    platform.after(20.0, take)

    assert told(await judged(platform)) == ("UNKNOWN", "CapacityMoved")


@pytest.mark.parametrize(
    "refused", ["create pods", "get pods/log", "list resourceclaims.resource.k8s.io"]
)
async def test_missing_right_is_unknown(refused: str) -> None:
    platform = SharingPlatform(forbidden=[refused])

    verdict = await judged(platform)

    assert verdict.outcome == "UNKNOWN", verdict
    assert refused.split()[-1].split(".")[0] in verdict.sentence


async def test_no_leave_for_a_device_is_told() -> None:
    platform = by_claim()
    entries = await platform.run(CHECK, accelerators=0)

    verdict = platform.verdict(CHECK, entries, version="1.37")
    assert told(verdict) == ("UNKNOWN", "NoDeviceAllowed")


async def test_unreachable_server_is_our_error() -> None:
    platform = by_claim()
    platform.objects.outage = ClusterError("no answer")

    assert told(await judged(platform)) == ("ERROR", "ApiTrouble")


async def test_every_right_is_used() -> None:
    platform = by_claim()

    await platform.run(CHECK)

    assert unused(CHECK, platform.objects.calls) == []


async def test_stopped_anywhere_it_leaves_nothing() -> None:
    await assert_nothing_is_left_when_stopped_anywhere(by_claim, CHECK, turns=3000)


WAY = {"kind": "claim", "resource": "", "driver": DRIVER, "node": "n", "free": 1}
STATE = {"running": True, "bound": "n", "why": "", "devices": ["d/p/x"], "shares": [""],
         "counter_sets": []}  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ({"devices": []}, {}, "NotAllocated"),
        ({"devices": ["d/p/y"]}, {}, "DifferentDevices"),
    ],
)
def test_claims_that_contradict_each_other_fail(
    first: dict[str, Any], second: dict[str, Any], reason: str
) -> None:
    answer = identity.judged(WAY, [{**STATE, **first}, {**STATE, **second}], [{}, {}], {})

    assert (answer.outcome, answer.reason) == ("FAIL", reason)


def test_shares_of_two_devices_prove_nothing() -> None:
    way = {**WAY, "kind": "capacity"}
    states = [STATE, {**STATE, "devices": ["d/p/y"]}]

    answer = identity.judged(way, states, [{}, {}], {})

    assert (answer.outcome, answer.reason) == ("UNKNOWN", "SpreadPlacement")


@pytest.mark.parametrize(
    ("facts", "outcome", "reason"),
    [
        ({"incomplete": ["d/p"]}, "UNKNOWN", "PoolIncomplete"),
        ({"not_permitted": ["list pods"]}, "UNKNOWN", "CannotCount"),
        ({"device_count": 2}, "UNKNOWN", "NoFreeDevice"),
        ({"resources": ["nvidia.com/gpu"]}, "FAIL", "NotProvided"),
    ],
)
def test_no_way_is_told_with_its_reason(facts: dict[str, Any], outcome: str, reason: str) -> None:
    nothing: dict[str, Any] = {"ways": [], "not_tried": [], "resources": [], "device_count": 0,
                               "incomplete": [], "not_permitted": []}  # fmt: skip

    answer = judging._found({**nothing, **facts})

    assert (answer.outcome, answer.reason) == (outcome, reason)


def test_steps_in_which_others_moved_or_nobody_spoke_prove_nothing() -> None:
    unbound = {**STATE, "bound": None}
    pair = {"way": WAY, "at_first": [STATE, unbound], "at_last": [], "numbers": []}
    surplus = {"units": 1, "bound": "n", "reason": "", "message": ""}

    answers = [
        judging._pair(pair, {}, True),
        judging._surplus(surplus, True),
        judging._surplus({**surplus, "bound": None}, False),
        judging._plain({"running": False}),
    ]

    assert [(a.outcome, a.reason) for a in answers] == [
        ("UNKNOWN", "CapacityMoved"), ("UNKNOWN", "CapacityMoved"),
        ("UNKNOWN", "NotConsidered"), ("UNKNOWN", "NotStarted"),
    ]  # fmt: skip


async def test_driver_without_a_class_of_its_own_needs_the_sites_word() -> None:
    platform = by_claim()
    for found in platform.objects.all(DEVICE_CLASS):
        found["spec"] = {}

    assert told(await judged(platform)) == ("UNKNOWN", "NotTried")
    assert told(await judged(platform, deviceClasses={DRIVER: DRIVER})) == ("PASS", "Ok")


async def test_partitions_of_other_makers_are_parts_by_their_names() -> None:
    platform = SharingPlatform("amd.com/cpx_nps4", 4)
    platform.files = [{"/dev/dri/renderD128": (226, 128)}, {"/dev/dri/renderD129": (226, 129)}]

    assert told(await judged(platform)) == ("UNKNOWN", "SpreadPlacement")


async def test_what_others_do_elsewhere_is_of_no_account() -> None:
    platform = by_mig()
    platform.objects.put(
        NODE,
        {
            "metadata": {"name": "other", "labels": {"kubernetes.io/hostname": "other"}},
            "status": {
                "allocatable": {"nvidia.com/mig-1g.5gb": "1"},
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        },
    )
    theirs = {
        "metadata": {"name": "theirs"},
        "spec": {
            "nodeName": "other",
            "containers": [{"resources": {"limits": {"nvidia.com/mig-1g.5gb": "1"}}}],
        },
        "status": {"phase": "Running"},
    }

    def take() -> None:
        platform.objects.put(POD, theirs, namespace="somebody")

    platform.after(20.0, take)

    assert told(await judged(platform)) == ("PASS", "Ok")
