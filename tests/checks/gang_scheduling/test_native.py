"""The whole check on Kubernetes' own gang scheduling, sound and broken, in memory."""

from dataclasses import replace
from typing import Any

import pytest

from aiconform.checks.framework.fake import FakePlatform
from aiconform.checks.gang_scheduling import CHECK
from aiconform.cluster.fake_objects import refusal
from aiconform.cluster.objects import Reply
from aiconform.cluster.resources import NODE, POD, Resource
from aiconform.model.outcome import Outcome
from aiconform.model.records import CheckEnded, Entry, EvidenceFile, Sighted
from aiconform.model.requirement import RequirementVerdict
from tests.checks.gang_scheduling.gangs import ACCEL, POD_GROUP, Gangs, Json, platform


async def judged(made: FakePlatform, **settings: Any) -> RequirementVerdict:
    entries = await made.run(CHECK, settings=settings)
    ended = [e.record for e in entries if isinstance(e.record, CheckEnded)]
    assert [(r.how, r.leftovers) for r in ended] == [("complete", ())], ended
    return made.verdict(CHECK, entries)


def outcomes(verdict: RequirementVerdict) -> dict[str, str]:
    return {step.name: step.outcome.value for step in verdict.steps}


async def test_sound_scheduler_passes_with_accelerators() -> None:
    made = platform()
    Gangs(made)
    entries = await made.run(CHECK)
    verdict = made.verdict(CHECK, entries)
    assert (verdict.outcome, verdict.reason) == (Outcome.PASS, "Ok"), verdict
    assert set(outcomes(verdict).values()) == {"PASS"}
    files = {e.record.path: e.record.text for e in entries if isinstance(e.record, EvidenceFile)}
    assert "native-refused" in files["timeline.csv"]
    assert "Unschedulable" in files["objects/native-refused.yaml"]
    assert not made.objects.all(POD)
    assert not made.objects.all(POD_GROUP)


async def test_group_has_the_priority_of_its_pods() -> None:
    """The scheduler places no pod of a group whose priority is another."""
    made = platform()
    classes: dict[str, set[str]] = {"PodGroup": set(), "Pod": set()}

    def note(resource: Resource, found: Json, dry_run: bool) -> Reply | None:
        if resource.kind in classes:
            classes[resource.kind].add(found["spec"].get("priorityClassName"))
        return None

    made.objects.admission.append(note)
    Gangs(made)
    await judged(made)
    assert classes["PodGroup"] == classes["Pod"] == {"aiconform-background"}


async def test_every_record_is_needed() -> None:
    made = platform()
    Gangs(made)
    entries = await made.run(CHECK)
    for entry in entries:
        if isinstance(entry.record, Sighted | EvidenceFile):
            fewer = [e for e in entries if e is not entry]
            outcome = made.verdict(CHECK, fewer).outcome
            assert outcome not in {Outcome.PASS, Outcome.WARN}, entry.record


@pytest.mark.parametrize(
    ("way", "reason", "step"),
    [
        ("partial", "PartialPlacement", "native-refused"),
        ("flash", "PartialPlacement", "native-refused"),
        ("deadlock", "PartialPlacement", "native-rivalry"),
        ("asleep", "NotPlaced", "native-together"),
        ("slow", "Scattered", "native-together"),
    ],
)
async def test_mutant_schedulers_fail(way: Any, reason: str, step: str) -> None:
    made = platform()
    Gangs(made, way=way)
    verdict = await judged(made)
    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, reason), verdict
    assert outcomes(verdict)[step] == "FAIL"


async def test_mutant_gang_of_one_fails() -> None:
    """A group whose minCount is rewritten is placed in part."""
    made = platform()

    def loosen(resource: Resource, found: Json, dry_run: bool) -> Reply | None:
        if resource == POD_GROUP:
            found["spec"]["schedulingPolicy"]["gang"]["minCount"] = 1
        return None

    made.objects.admission.append(loosen)
    Gangs(made)
    verdict = await judged(made)
    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "PartialPlacement")
    assert outcomes(verdict)["native-together"] == "PASS"


@pytest.mark.parametrize("only_real", [False, True])
async def test_mutant_dropped_group_fails(only_real: bool) -> None:
    """schedulingGroup silently dropped: in the dry run already, or only in earnest."""
    made = platform()

    def strip(resource: Resource, found: Json, dry_run: bool) -> Reply | None:
        if resource == POD and not (only_real and dry_run):
            found["spec"].pop("schedulingGroup", None)
        return None

    made.objects.admission.append(strip)
    Gangs(made)
    verdict = await judged(made)
    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "GroupDropped"), verdict


async def test_silent_refusal_is_no_proof() -> None:
    """Nothing was placed, and nobody says that it waits."""
    made = platform()
    Gangs(made, way="silent")
    verdict = await judged(made)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NoRefusalSeen")


async def test_control_that_places_all_is_no_control() -> None:
    made = platform()
    Gangs(made)
    made.schedule = lambda pod: None if "schedulingGroup" in pod["spec"] else "node1"
    verdict = await judged(made)
    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, "ControlInvalid")


async def test_gated_control_is_no_control() -> None:
    made = platform()

    def gate(resource: Resource, found: Json, dry_run: bool) -> Reply | None:
        if resource == POD and "schedulingGroup" not in found["spec"]:
            found["spec"]["schedulingGates"] = [{"name": "kueue.x-k8s.io/admission"}]
        return None

    made.objects.admission.append(gate)
    Gangs(made)
    assert (await judged(made)).reason == "ControlInvalid"


async def test_ranks_that_do_not_meet_are_an_error_of_the_environment() -> None:
    made = platform()
    Gangs(made, meet=False)
    verdict = await judged(made)
    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, "NotMet")


async def test_processors_stand_in_for_accelerators_with_a_warning() -> None:
    made = platform(devices=1, nodes=("node1",))
    made.objects.put(NODE, _bare_node("node2"))
    Gangs(made)
    verdict = await judged(made)
    assert (verdict.outcome, verdict.reason) == (Outcome.WARN, "NoAcceleratorUsed"), verdict


async def test_processors_pass_where_no_accelerator_is() -> None:
    made = platform(devices=None, nodes=("node1", "node2", "node3"))
    Gangs(made)
    verdict = await judged(made)
    assert verdict.outcome is Outcome.PASS, verdict


async def test_no_processors_wanted() -> None:
    made = platform(devices=None)
    Gangs(made)
    verdict = await judged(made, cpuFallback=False)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NoFreeDevice")


async def test_nothing_installed() -> None:
    verdict = await judged(platform())
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NothingInstalled")


async def test_pods_that_cannot_be_counted() -> None:
    made = platform(forbidden=("list pods",))
    Gangs(made)
    entries = await made.run(CHECK)
    verdict = made.verdict(CHECK, entries)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "CannotCount"), verdict


@pytest.mark.parametrize("verb", ["create pods", "create podgroups.scheduling.k8s.io"])
async def test_missing_rights_are_named(verb: str) -> None:
    made = platform(forbidden=(verb,))
    Gangs(made)
    verdict = await judged(made)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NotPermitted")
    assert verb.split()[1] in verdict.sentence


async def test_foreign_use_that_moves_is_tried_again() -> None:
    """Others take a device once: the second try passes on what is left."""
    made = platform()
    Gangs(made)
    made.after(20.0, lambda: _foreign(made))
    verdict = await judged(made)
    assert verdict.outcome is Outcome.PASS, verdict
    assert "3 slots" in verdict.sentence


async def test_foreign_use_that_goes_on_moving_is_unknown() -> None:
    made = platform()
    Gangs(made)
    for seconds in (20.0, 100.0, 190.0):
        made.after(seconds, lambda seconds=seconds: _foreign(made, f"other-{seconds:g}"))  # type: ignore[misc]
    verdict = await judged(made)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "CapacityMoved"), verdict


async def test_refused_pod() -> None:
    made = platform()
    Gangs(made)
    made.objects.admission.append(
        lambda resource, found, dry_run: (
            refusal(403, "Forbidden", "exceeded quota") if resource == POD else None
        )
    )
    verdict = await judged(made)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "PodRefused")


async def test_time_box() -> None:
    made = platform()
    Gangs(made)
    entries: tuple[Entry, ...] = await made.run(replace(CHECK, time_box_s=60))
    verdict = made.verdict(CHECK, entries)
    assert verdict.outcome is Outcome.UNKNOWN


def _foreign(made: FakePlatform, name: str = "other") -> None:
    resources = {"limits": {ACCEL: "1"}}
    spec = {"nodeName": "node2", "containers": [{"name": "x", "resources": resources}]}
    made.objects.put(POD, {"metadata": {"name": name, "labels": {"aiconform/gang": ""}},
                           "spec": spec}, namespace="foreign")  # fmt: skip


def _bare_node(name: str) -> Json:
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": {},
        "status": {
            "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "20"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }
