"""From a platform in memory to the verdict: sound ones, broken ones, and those that cannot tell."""

import asyncio
from typing import Any, Literal

import pytest

from aiconform.checks.secure_accelerator_access import CHECK
from aiconform.cluster.fake_objects import FakeObjects
from aiconform.cluster.resources import POD, RUNTIME_CLASS
from aiconform.model.outcome import Outcome
from aiconform.model.requirement import Level, RequirementVerdict
from tests.checks.rests_on import assert_falls_without_any
from tests.checks.secure_accelerator_access.world import FOREIGN, GPU, Fault, World

Mode = Literal["plugin", "dra"]
MODES: tuple[Mode, ...] = ("plugin", "dra")


def judged(
    world: World, settings: dict[str, Any] | None = None, *, accelerators: int = 4
) -> RequirementVerdict:
    entries = asyncio.run(world.run(settings, accelerators=accelerators))
    return world.platform.verdict(CHECK, entries, version="1.37")


def outcome_of(verdict: RequirementVerdict, step: str) -> Outcome:
    return next(s.outcome for s in verdict.steps if s.name == step)


@pytest.mark.parametrize("mode", MODES)
def test_a_sound_platform_passes_with_evidence(mode: Mode) -> None:
    verdict = judged(World(mode=mode))

    assert (verdict.outcome, verdict.reason) == (Outcome.PASS, "Ok"), verdict.sentence
    assert {step.outcome for step in verdict.steps} == {Outcome.PASS}
    assert any(path.startswith("visibility/") for path in verdict.evidence)
    assert any("granted" in note and "gpu-0" in note for note in verdict.notes)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("most", "outcome", "reason"),
    [(0, Outcome.UNKNOWN, "NoDeviceAllowed"), (1, Outcome.WARN, "SingleDevice")],
)
def test_no_more_devices_are_held_than_the_site_allows(
    mode: Mode, most: int, outcome: Outcome, reason: str
) -> None:
    world = World(mode=mode)
    held = 0

    def count(*_: object) -> None:
        nonlocal held
        held = max(held, sum(len(devices) for devices in world.held.values()))

    world.platform.objects.reactions.append(count)
    verdict = judged(world, accelerators=most)

    assert (verdict.outcome, verdict.reason) == (outcome, reason), verdict.sentence
    assert held <= most


@pytest.mark.parametrize("mode", MODES)
def test_nothing_stays_and_two_devices_are_the_most(mode: Mode) -> None:
    world = World(mode=mode, count=4)
    most = 0

    def count(*_: object) -> None:
        nonlocal most
        most = max(most, sum(len(held) for held in world.held.values()))

    world.platform.objects.reactions.append(count)
    judged(world)

    assert most <= CHECK.devices
    assert not world.platform.objects.all(POD)


@pytest.mark.parametrize(
    ("fault", "step", "reason"),
    [
        ("leak", "own-device", "ForeignDevices"),
        ("closed", "own-device", "NotUsable"),
        ("no-device", "own-device", "NoDeviceFile"),
        ("kubelet-refuses", "own-device", "NotGranted"),
        ("pod-wide", "container-scope", "UnrequestedAccess"),
        ("env", "environment", "UnrequestedAccess"),
        ("volumes", "volumes", "UnrequestedAccess"),
        ("allow-all", "node-creation", "MadeAndOpened"),
        ("shared", "two-tenants", "SharedDevice"),
        ("neighbours", "two-tenants", "NeighbourReached"),
        ("no-device-b", "two-tenants", "NoDeviceFile"),
        ("overcommit", "capacity", "OverCapacity"),
        ("disturbs", "capacity", "Disturbed"),
        ("no-release", "release", "NotReleased"),
    ],
)
def test_a_mutant_fails_for_its_own_reason(fault: Fault, step: str, reason: str) -> None:
    verdict = judged(World(fault))

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, reason), verdict.sentence
    assert verdict.sentence.startswith(step)


@pytest.mark.parametrize(
    ("fault", "step", "reason"),
    [
        ("leak", "own-device", "ForeignDevices"),
        ("shared", "two-tenants", "SharedDevice"),
        ("same-claim", "two-tenants", "SharedDevice"),
        ("overcommit", "capacity", "OverCapacity"),
        ("admin", "admin-access", "AdminAccess"),
        ("foreign-claim", "foreign-claim", "ForeignClaim"),
    ],
)
def test_a_mutant_with_claims_fails_for_its_own_reason(
    fault: Fault, step: str, reason: str
) -> None:
    verdict = judged(World(fault, mode="dra"))

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, reason), verdict.sentence
    assert verdict.sentence.startswith(step)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("visible", "VisibleButClosed"),
        ("library", "LibrariesInjected"),
        ("admits-all", "PrivilegedAdmitted"),
        ("late-refusal", "RefusedLate"),
    ],
)
def test_what_gives_no_access_and_is_not_as_it_should_be_warns(fault: Fault, reason: str) -> None:
    verdict = judged(World(fault))

    assert (verdict.outcome, verdict.reason) == (Outcome.WARN, reason), verdict.sentence


def test_a_runtime_that_refuses_the_environment_denies_by_it() -> None:
    verdict = judged(World("runtime-refuses"))

    assert verdict.outcome is Outcome.PASS, verdict.sentence
    assert outcome_of(verdict, "environment") is Outcome.PASS


def test_the_site_lowers_a_bypass_by_environment_and_is_told_so() -> None:
    verdict = judged(World("env"), {"envBypass": "warn"})

    assert (verdict.outcome, verdict.reason) == (Outcome.WARN, "UnrequestedAccess")
    assert any("envBypass" in note for note in verdict.notes)


def test_what_cannot_make_device_files_at_all_passes_and_is_noted() -> None:
    verdict = judged(World("no-capability"))

    assert verdict.outcome is Outcome.PASS, verdict.sentence
    assert any("capabilities are cut" in note for note in verdict.notes)


def test_a_refusal_without_a_working_control_is_an_error() -> None:
    verdict = judged(World("mknod-broken"))

    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, "ControlInvalid")
    assert outcome_of(verdict, "node-creation") is Outcome.ERROR


@pytest.mark.parametrize(("fault", "reason"), [("hangs", "OpenUndecided"), ("silent", "NoListing")])
def test_what_decides_nothing_is_unknown(fault: Fault, reason: str) -> None:
    verdict = judged(World(fault))

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, reason), verdict.sentence


def test_a_control_that_cannot_open_its_device_leaves_the_refusals_unshown() -> None:
    closed = judged(World("closed"))
    leaking = judged(World("leak"))

    assert outcome_of(closed, "no-request") is Outcome.ERROR
    assert outcome_of(leaking, "no-request") is Outcome.PASS


def test_a_single_device_warns_and_tries_all_the_rest() -> None:
    verdict = judged(World(count=1))

    assert (verdict.outcome, verdict.reason) == (Outcome.WARN, "SingleDevice"), verdict.sentence
    assert outcome_of(verdict, "capacity") is Outcome.PASS
    assert outcome_of(verdict, "release") is Outcome.PASS


def test_declared_sharing_warns_where_two_tenants_have_one_device() -> None:
    shared = World("shared", labels={"nvidia.com/gpu.sharing-strategy": "time-slicing"})
    verdict = judged(shared)

    assert (verdict.outcome, verdict.reason) == (Outcome.WARN, "DeclaredSharing"), verdict.sentence


def test_no_accelerator_is_unknown() -> None:
    verdict = judged(World(count=0))

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NoAccelerator")


def holder_of_everything(objects: FakeObjects) -> None:
    container = {"name": "c", "resources": {"limits": {GPU: "2"}}}
    spec = {"nodeName": "node1", "containers": [container]}
    pod = {"metadata": {"name": "foreign"}, "spec": spec, "status": {"phase": "Running"}}
    objects.put(POD, pod, namespace=FOREIGN)


def test_no_free_device_is_unknown_and_bystanders_look_all_the_same() -> None:
    world = World()
    holder_of_everything(world.platform.objects)
    verdict = judged(world)

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NoFreeDevice")
    assert outcome_of(verdict, "other-nodes") is Outcome.PASS


def test_a_bystander_that_reaches_a_device_fails_where_none_is_free() -> None:
    world = World("elsewhere")
    holder_of_everything(world.platform.objects)
    verdict = judged(world)

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "UnrequestedAccess")


def test_every_further_accelerator_node_is_looked_at() -> None:
    sound = judged(World(nodes=("node1", "node2", "node3")))
    broken = judged(World("elsewhere", nodes=("node1", "node2", "node3")))

    assert sound.outcome is Outcome.PASS, sound.sentence
    assert (broken.outcome, broken.reason) == (Outcome.FAIL, "UnrequestedAccess")
    assert broken.sentence.startswith("other-nodes")


def test_pods_that_may_not_be_counted_leave_no_device_free() -> None:
    verdict = judged(World(forbidden=("list pods everywhere",)))

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NotPermitted")


def test_a_missing_right_is_unknown_and_named() -> None:
    verdict = judged(World(forbidden=("create pods",)))

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NotPermitted")
    assert "create" in verdict.sentence
    assert "pods" in verdict.sentence


def test_capacity_that_moves_meanwhile_is_unknown() -> None:
    world = World(count=3)

    def take(verb: str, resource: object, found: dict[str, Any]) -> None:
        if verb == "create" and resource == POD and "surplus" in found["metadata"]["name"]:
            holder_of_everything(world.platform.objects)

    world.platform.objects.reactions.append(take)
    verdict = judged(world)

    assert outcome_of(verdict, "capacity") is Outcome.UNKNOWN
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "CapacityMoved")


def test_a_vendors_runtime_class_is_tried_as_well() -> None:
    world = World()
    runtime = {"metadata": {"name": "nvidia"}, "handler": "nvidia-container-runtime"}
    world.platform.objects.put(RUNTIME_CLASS, runtime)
    asked = []

    def note(verb: str, resource: object, found: dict[str, Any]) -> None:
        if verb == "create" and resource == POD:
            asked.append(found["spec"].get("runtimeClassName"))

    world.platform.objects.reactions.append(note)
    verdict = judged(world)

    assert verdict.outcome is Outcome.PASS, verdict.sentence
    assert "nvidia" in asked


@pytest.mark.parametrize("mode", MODES)
def test_no_pass_without_any_one_record(mode: Mode) -> None:
    world = World(mode=mode, nodes=("node1", "node2") if mode == "plugin" else ("node1",))
    entries = asyncio.run(world.run())

    assert_falls_without_any(world.platform, CHECK, entries, version="1.37")


@pytest.mark.parametrize(
    ("version", "level"), [(v, Level.MUST) for v in ("1.33", "1.34", "1.35", "1.36", "1.37")]
)
def test_one_journal_is_judged_for_every_version(version: str, level: Level) -> None:
    world = World()
    entries = asyncio.run(world.run())
    verdict = world.platform.verdict(CHECK, entries, version=version)

    assert (verdict.outcome, verdict.level) == (Outcome.PASS, level)
