"""What a platform says of its drivers is compared with what the drivers say, node by node."""

import json
from typing import Any

import pytest

from aiconform.catalogue import vendors
from aiconform.catalogue.drivers import drivers
from aiconform.checks.driver_runtime_management import CHECK, judging
from aiconform.checks.driver_runtime_management.operators import OPERATORS
from aiconform.checks.driver_runtime_management.units import units_of
from aiconform.checks.driver_runtime_management.versions import agree, in_text
from aiconform.checks.framework import Answer
from aiconform.checks.framework.fake import FakePlatform
from aiconform.checks.framework.inventory import take_inventory
from aiconform.cluster.resources import NODE, RESOURCE_CLAIM
from aiconform.model.errors import ClusterError
from aiconform.model.records import EvidenceFile, Sighted
from aiconform.model.requirement import RequirementVerdict
from tests.checks.driver_runtime_management.world import DRIVER, FULL, GPU, DriverPlatform
from tests.checks.interrupted import assert_nothing_is_left_when_stopped_anywhere
from tests.checks.rests_on import assert_falls_without_any
from tests.checks.rights_used import unused


async def judged(platform: FakePlatform, **settings: Any) -> RequirementVerdict:
    entries = await platform.run(CHECK, settings=settings)
    return platform.verdict(CHECK, entries, version="1.37")


def told(verdict: RequirementVerdict) -> tuple[str, str]:
    return verdict.outcome.value, verdict.reason


def steps(verdict: RequirementVerdict) -> dict[str, str]:
    return {step.name: step.outcome.value for step in verdict.steps}


def by_label() -> DriverPlatform:
    return DriverPlatform("plugin")


def by_attribute() -> DriverPlatform:
    return DriverPlatform("dra")


def by_text() -> DriverPlatform:
    return DriverPlatform("dra", kind="string")


@pytest.mark.parametrize("make", [by_label, by_attribute, by_text])
async def test_true_versions_pass_whatever_tells_them(make: Any) -> None:
    """A semantic version has no leading zeros: 580.95.5 is 580.95.05."""
    verdict = await judged(make())

    assert told(verdict) == ("PASS", "Ok"), verdict
    assert set(steps(verdict).values()) == {"PASS"}


@pytest.mark.parametrize("make", [by_label, by_attribute])
async def test_pass_falls_without_any_record(make: Any) -> None:
    platform = make()
    entries = await platform.run(CHECK)

    assert_falls_without_any(platform, CHECK, entries, version="1.37")


@pytest.mark.parametrize("make", [by_label, by_attribute, by_text])
async def test_mutant_that_says_another_version_fails(make: Any) -> None:
    """On the second node alone, where no device was granted."""
    platform = make()
    platform.say("node2", "580.99.0")

    verdict = await judged(platform)

    assert told(verdict) == ("FAIL", "VersionMismatch"), verdict
    assert "node2" in verdict.sentence
    assert "580.99.0" in verdict.sentence
    assert "580.95.05" in verdict.sentence


async def test_mutant_with_a_stale_label_after_an_upgrade_fails() -> None:
    platform = by_label()
    platform.true["node1"] = "590.10.01"

    verdict = await judged(platform)

    assert told(verdict) == ("FAIL", "VersionMismatch")


async def test_second_way_that_lies_fails_beside_a_true_one() -> None:
    """The major, minor and rev labels of older discovery, beside the full one."""
    platform = by_label()
    for node in platform.objects.all(NODE):
        for part, value in (("major", "570"), ("minor", "10"), ("rev", "1")):
            node["metadata"]["labels"][f"nvidia.com/cuda.driver.{part}"] = value

    verdict = await judged(platform)

    assert told(verdict) == ("FAIL", "VersionMismatch")


@pytest.mark.parametrize("make", [by_label, by_attribute])
async def test_nothing_told_is_not_provided(make: Any) -> None:
    platform = make()
    platform.say("node1", None)
    platform.say("node2", None)

    verdict = await judged(platform)

    assert told(verdict) == ("FAIL", "NotProvided")


async def test_label_that_is_no_version_tells_nothing() -> None:
    platform = by_label()
    platform.say("node1", "unknown")
    platform.say("node2", "")

    assert told(await judged(platform)) == ("FAIL", "NotProvided")


async def test_told_of_some_nodes_only_is_a_warning() -> None:
    platform = by_label()
    platform.say("node2", None)

    verdict = await judged(platform)

    assert told(verdict) == ("WARN", "PartlyAdvertised")
    assert "node2" in verdict.sentence


async def test_nodes_that_are_alike_and_differ_in_version_are_a_warning() -> None:
    platform = by_label()
    platform.say("node2", "590.10.01")
    platform.true["node2"] = "590.10.01"

    assert told(await judged(platform)) == ("WARN", "VersionSkew")


async def test_true_version_that_nobody_can_read_is_unknown() -> None:
    platform = by_label()
    platform.true = dict.fromkeys(platform.true)

    assert told(await judged(platform)) == ("UNKNOWN", "TrueVersionUnread")


async def test_true_version_of_some_nodes_only_is_a_warning() -> None:
    platform = by_label()
    platform.true["node2"] = None

    verdict = await judged(platform)

    assert told(verdict) == ("WARN", "NotCompared")
    assert "node2" in verdict.sentence


async def test_cordoned_node_is_not_compared_and_that_is_told() -> None:
    platform = by_label()
    node = next(n for n in platform.objects.all(NODE) if n["metadata"]["name"] == "node2")
    node["spec"]["unschedulable"] = True

    assert told(await judged(platform)) == ("WARN", "NotCompared")


async def test_file_that_only_granted_pods_see_is_read_on_every_node() -> None:
    platform = by_attribute()
    platform.only_granted = True

    verdict = await judged(platform)

    assert told(verdict) == ("PASS", "Ok"), verdict
    holders = [c for c in platform.objects.calls if c.startswith("create pods") and "holder" in c]
    assert len(holders) == 2


async def test_lie_is_found_where_only_granted_pods_see_the_truth() -> None:
    platform = by_attribute()
    platform.only_granted = True
    platform.say("node2", "99.0.0")

    assert told(await judged(platform)) == ("FAIL", "VersionMismatch")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ({"injects": False}, "NoRuntimeInjected"),
        ({"devices": 2}, "DeviceCount"),
        ({"devices": 0}, "DeviceCount"),
        ({"starts": False}, "NotStarted"),
    ],
)
@pytest.mark.parametrize("make", [by_label, by_attribute])
async def test_mutant_grant_fails(make: Any, spoil: dict[str, Any], reason: str) -> None:
    platform = make()
    for name, value in spoil.items():
        setattr(platform, name, value)

    assert told(await judged(platform)) == ("FAIL", reason)


async def test_impossible_version_that_is_scheduled_is_told_and_decides_nothing() -> None:
    platform = by_attribute()
    platform.heeds = False

    verdict = await judged(platform)

    assert verdict.outcome == "PASS"
    assert steps(verdict)["impossible-version-waits"] == "FAIL"


async def test_silent_pods_prove_nothing() -> None:
    platform = by_label()
    platform.silent = True

    verdict = await judged(platform)

    assert verdict.outcome == "UNKNOWN"


async def test_no_accelerator_is_unknown() -> None:
    verdict = await judged(FakePlatform())

    assert told(verdict) == ("UNKNOWN", "NoAccelerator")


async def test_devices_in_use_are_left_alone() -> None:
    platform = by_attribute()
    for node in ("node1", "node2"):
        result = {"driver": DRIVER, "pool": node, "device": "gpu-0"}
        status = {"allocation": {"devices": {"results": [result]}}}
        claim = {"metadata": {"name": f"theirs-{node}"}, "spec": {}, "status": status}
        platform.objects.put(RESOURCE_CLAIM, claim, namespace="somebody")

    verdict = await judged(platform)

    assert told(verdict) == ("UNKNOWN", "NoFreeDevice")
    assert steps(verdict)["true-versions-read"] == "PASS"


async def test_no_leave_for_a_device_is_told() -> None:
    platform = by_label()
    entries = await platform.run(CHECK, accelerators=0)

    verdict = platform.verdict(CHECK, entries, version="1.37")

    assert told(verdict) == ("UNKNOWN", "NoDeviceAllowed")


@pytest.mark.parametrize(
    "refused",
    ["create pods", "get pods/log", "list pods everywhere", "list clusterpolicies.nvidia.com"],
)
async def test_missing_right_is_unknown(refused: str) -> None:
    verdict = await judged(DriverPlatform("plugin", forbidden=[refused]))

    assert verdict.outcome == "UNKNOWN", verdict


async def test_unreachable_server_is_our_error() -> None:
    platform = by_label()
    platform.objects.outage = ClusterError("no answer")

    assert told(await judged(platform)) == ("ERROR", "ApiTrouble")


async def test_site_describes_a_driver_that_we_do_not_know() -> None:
    platform = by_attribute()
    for key, value in list(platform.objects.objects.items()):
        if key[0].startswith(("resourceslices", "deviceclasses")):
            text = json.dumps(value["spec"]).replace(DRIVER, "accel.example.com")
            value["spec"] = json.loads(text)
    driver = {
        "versionFiles": ["/run/accel/version"],
        "versionPattern": r"x86_64\s+(\d[\d.]*)",
        "devices": ["/dev/nvidia[0-9]*"],
    }

    assert told(await judged(platform)) == ("UNKNOWN", "NoAccelerator")
    verdict = await judged(platform, drivers={"accel.example.com": driver})

    assert verdict.outcome == "PASS", verdict


@pytest.mark.parametrize("drivers", [{"x": {"nonsense": 1}}, ["x"], {"x": {"versionPattern": "("}}])
async def test_setting_that_cannot_be_read_is_told(drivers: Any) -> None:
    verdict = await judged(by_label(), drivers=drivers)

    assert told(verdict) == ("UNKNOWN", "SettingUnreadable")


async def test_operator_that_is_not_ready_is_a_warning_and_its_version_is_compared() -> None:
    platform = by_label()
    policy = OPERATORS[0].resource
    platform.objects.serve(policy)
    found = {
        "metadata": {"name": "policy"},
        "spec": {"driver": {"enabled": True, "version": "580.95.05"}},
        "status": {"state": "notReady"},
    }
    platform.objects.put(policy, found)

    assert told(await judged(platform)) == ("WARN", "OperatorNotReady")

    found["status"] = {"state": "ready"}
    found["spec"] = {"driver": {"enabled": True, "version": "570.00.01"}}
    platform.objects.put(policy, found)

    assert told(await judged(platform)) == ("FAIL", "VersionMismatch")

    found["spec"] = {"driver": {"enabled": False, "version": "570.00.01"}}
    platform.objects.put(policy, found)

    assert told(await judged(platform)) == ("PASS", "Ok")


async def test_table_shows_both_sides() -> None:
    platform = by_label()

    entries = await platform.run(CHECK)

    records = [e.record for e in entries]
    (text,) = [r.text for r in records if isinstance(r, EvidenceFile) and r.path == "versions.csv"]
    assert f"node1,nvidia,580.95.05,{FULL},580.95.05,/proc/driver/nvidia/version" in text


async def test_shared_names_of_one_vendor_are_one_unit() -> None:
    """Devices that are plugged in and claimed on the same node are not counted twice."""
    platform = DriverPlatform("dra")
    for node in platform.objects.all(NODE):
        node["status"]["allocatable"][GPU] = "1"

    entries = await platform.run(CHECK)

    records = [e.record for e in entries]
    (found,) = [r for r in records if isinstance(r, Sighted) and r.step == "accelerators-found"]
    assert [(u["maker"], u["total"]) for u in found.facts["units"]] == [("nvidia", 1)] * 2


async def test_every_right_is_used() -> None:
    platform = by_attribute()

    await platform.run(CHECK)

    assert unused(CHECK, platform.objects.calls) == []


async def test_stopped_anywhere_it_leaves_nothing() -> None:
    await assert_nothing_is_left_when_stopped_anywhere(by_attribute, CHECK, turns=3000)


async def test_resource_that_nobody_has_described_is_unknown() -> None:
    """An accelerator by the site's word, of whose driver nothing is known."""
    found = take_inventory(
        nodes=[{
            "metadata": {"name": "node1"},
            "status": {"allocatable": {"x.example.com/npu": "1"},
                       "conditions": [{"type": "Ready", "status": "True"}]},
        }],
        pods=[], extra=["x.example.com/npu"],
    )  # fmt: skip

    (unit,) = units_of(found, drivers(), {}, classes={})
    answer = rule_of_found({"units": [unit.facts()], "undescribed": [unit.maker]})

    assert (answer.outcome, answer.reason) == ("UNKNOWN", "UnknownAccelerator")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"units": [{}], "incomplete": ["d/p"]}, "PoolIncomplete"),
        ({"units": [{"node": "n"}], "left_out": ["x"]}, "NodesLeftOut"),
        ({"units": [], "not_permitted": ["not permitted to list pods"]}, "CannotCount"),
    ],
)
def test_what_was_not_looked_at_is_told(facts: dict[str, Any], reason: str) -> None:
    assert rule_of_found(facts).reason == reason


def rule_of_found(facts: dict[str, Any]) -> Answer:
    kinds = ("units", "undescribed", "incomplete", "left_out", "not_permitted")
    nothing: dict[str, list[Any]] = {kind: [] for kind in kinds}
    return judging._found({**nothing, **facts})


@pytest.mark.parametrize(
    ("look", "outcome", "reason"),
    [
        ({"ran": False, "bound": None}, "UNKNOWN", "NotScheduled"),
        ({"ran": False}, "FAIL", "NotStarted"),
        ({"said": False}, "UNKNOWN", "PodSilent"),
        ({"compared": False}, "UNKNOWN", "NoControl"),
        ({"allocated": []}, "FAIL", "NotAllocated"),
        ({"patterns": [], "new_devices": ["/dev/a", "/dev/b"]}, "PASS", "Ok"),
        ({"patterns": [], "new_devices": []}, "FAIL", "DeviceCount"),
        ({"injects": False, "new_files": []}, "PASS", "Ok"),
    ],
)
def test_granted_pod_is_judged_by_all_that_it_saw(
    look: dict[str, Any], outcome: str, reason: str
) -> None:
    sound = {
        "maker": "m", "node": "n", "group": "g", "asked": "c", "by": "claim", "allocated": ["d"],
        "patterns": ["/dev/a*"], "injects": True, "bound": "n", "ran": True, "why": "",
        "said": True, "compared": True, "new_devices": ["/dev/a0"], "new_files": ["/lib/x.so"],
    }  # fmt: skip

    answer = judging._granted({"looks": [{**sound, **look}]}, [{"group": "g", "free": 1}])

    assert (answer.outcome, answer.reason) == (outcome, reason)


@pytest.mark.parametrize(("free", "reason"), [(1, "NotGrantable"), (0, "NoFreeDevice")])
def test_group_without_a_granted_pod_is_unknown(free: int, reason: str) -> None:
    answer = judging._granted({"looks": []}, [{"group": "g", "free": free}])

    assert (answer.outcome, answer.reason) == ("UNKNOWN", reason)


def test_pod_of_which_no_scheduler_speaks_shows_nothing() -> None:
    answer = judging._impossible({"bound": None, "reason": "", "message": "", "asked": "x"})

    assert (answer.outcome, answer.reason) == ("UNKNOWN", "NotConsidered")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("580", "580.95.05", True),
        ("580.95.5", "580.95.05", True),
        ("v1.4.2-rc1", "1.4.2", True),
        ("1.4.3", "1.4.2", False),
        ("58.0", "580", False),
    ],
)
def test_versions_agree_at_the_precision_that_both_have(one: str, other: str, same: bool) -> None:
    assert agree(one, other) is same


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.06  Wed Jun 26", "535.183.06"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Rel", "580.65.06"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  580.65.06  R", "580.65.06"),
        ("nothing of the kind", None),
        (None, None),
    ],
)
def test_nvidia_version_is_found_in_its_file(text: str | None, version: str | None) -> None:
    assert in_text(text, drivers()["nvidia"].version_pattern) == version


def test_every_vendor_has_its_driver_described() -> None:
    assert set(drivers()) == {vendor.id for vendor in vendors()}
