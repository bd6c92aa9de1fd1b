"""PASS is earned by every device's figures, and by those of one device that follow a load."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from aiconform.checks.accelerator_metrics import CHECK
from aiconform.checks.framework import HttpAnswer, HttpError
from aiconform.cluster.resources import POD
from aiconform.model.outcome import Outcome
from aiconform.model.requirement import RequirementVerdict
from tests.checks.accelerator_metrics.exported import (
    LOADED,
    RESOURCES,
    SITE,
    ExportedPlatform,
    busier,
    holder,
)
from tests.checks.interrupted import assert_nothing_is_left_when_stopped_anywhere
from tests.checks.rests_on import assert_falls_without_any


async def _verdict(platform: ExportedPlatform, settings: Any = LOADED) -> RequirementVerdict:
    return platform.verdict(CHECK, await platform.run(CHECK, settings=settings))


def _told(verdict: RequirementVerdict) -> tuple[Outcome, str]:
    return verdict.outcome, verdict.reason


@pytest.mark.parametrize("vendor", sorted(RESOURCES))
async def test_sound_exporters_pass_and_nothing_stays(vendor: str) -> None:
    platform = ExportedPlatform(vendor)

    verdict = await _verdict(platform)

    assert _told(verdict) == (Outcome.PASS, "Ok"), verdict.sentence
    assert all(pod["metadata"]["namespace"] == "monitoring" for pod in platform.objects.all(POD))


async def test_pass_is_lost_without_any_record_that_it_rests_on() -> None:
    platform = ExportedPlatform()

    entries = await platform.run(CHECK, settings=LOADED)

    assert_falls_without_any(platform, CHECK, entries, version="1.37")


@pytest.mark.parametrize("vendor", sorted(RESOURCES))
@pytest.mark.parametrize(
    ("mutant", "reason"),
    [
        ("constant", "DoesNotFollowLoad"),
        ("no-memory", "NoMemory"),
        ("wrong-unit", "Implausible"),
        ("missing-device", "MissingDevice"),
        ("stale", "Stale"),
    ],
)
async def test_mutant_exporters_fail(vendor: str, mutant: str, reason: str) -> None:
    platform = ExportedPlatform(vendor)
    platform.mutants = {mutant}
    expected = (Outcome.FAIL, reason)
    if (vendor, mutant) == ("neuron", "missing-device"):
        # Neuron's own monitor is silent of idle cores: that no core is missing cannot be told.
        expected = (Outcome.UNKNOWN, "OnlyBusyDevices")

    verdict = await _verdict(platform)

    assert _told(verdict) == expected, verdict.sentence


def _utilization_only(told: Any, held: bool) -> Any:
    return replace(told, used_bytes=2**29)


def _memory_only(told: Any, held: bool) -> Any:
    return replace(told, utilization=0.0)


def _swapped(told: Any, held: bool) -> Any:
    """Tells free memory as used."""
    return replace(told, used_bytes=told.total_bytes - told.used_bytes)


def _percent(told: Any, held: bool) -> Any:
    return replace(told, utilization=told.utilization * 100)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_utilization_only, "DoesNotFollowLoad"),
        (_memory_only, "DoesNotFollowLoad"),
        (_swapped, "DoesNotFollowLoad"),
        (_percent, "Implausible"),
    ],
)
async def test_mutant_figures_fail(spoil: Callable[..., Any], reason: str) -> None:
    platform = ExportedPlatform()
    platform.reading = spoil

    verdict = await _verdict(platform)

    assert _told(verdict) == (Outcome.FAIL, reason), verdict.sentence


def _any_busy(platform: ExportedPlatform) -> bool:
    pods = {pod["metadata"]["name"] for pod in platform.objects.all(POD)}
    return bool(pods & platform.burning)


async def test_mutant_that_tells_the_nodes_load_for_each_device_fails() -> None:
    platform = ExportedPlatform()
    platform.reading = lambda told, _: replace(
        told,
        utilization=0.9 * _any_busy(platform),
        used_bytes=2**29 + 2**30 * _any_busy(platform),
    )

    assert _told(await _verdict(platform)) == (Outcome.FAIL, "OthersFollow")


async def test_mutant_whose_idle_devices_move_with_the_loaded_one_fails() -> None:
    platform = ExportedPlatform()
    platform.reading = lambda told, held: (
        told if held or not _any_busy(platform) else busier(told, by=0.2)
    )

    assert _told(await _verdict(platform)) == (Outcome.FAIL, "OthersFollow")


async def test_mutant_that_tells_the_load_of_another_device_fails() -> None:
    """The kubelet says which device was granted."""
    platform = ExportedPlatform()

    def granted(verb: str, resource: Any, pod: dict[str, Any]) -> None:
        if "load-" in pod["metadata"]["name"] and pod.get("status", {}).get("phase") == "Running":
            node = pod["spec"]["nodeName"]
            told = [{"name": platform.resource, "resources": [{"resourceID": f"GPU-{node}-1"}]}]
            pod["status"]["containerStatuses"] = [{"allocatedResourcesStatus": told}]

    platform.objects.reactions.append(granted)

    assert _told(await _verdict(platform)) == (Outcome.FAIL, "WrongDevice")


async def test_mutant_that_tells_what_is_granted_as_what_is_busy_fails() -> None:
    platform = ExportedPlatform()

    def granted(told: Any, busy: bool) -> Any:
        return replace(told, utilization=0.95, used_bytes=2**30 + 2**29) if told.labels else told

    platform.reading = granted

    assert _told(await _verdict(platform)) == (Outcome.FAIL, "DoesNotFollowLoad")


async def test_mutant_that_stays_busy_fails() -> None:
    platform = ExportedPlatform()
    seen: list[bool] = []

    def ratchet(told: Any, held: bool) -> Any:
        if held:
            seen.append(True)
        return busier(told, by=0.9) if seen and not held and told.index == 0 else told

    platform.reading = ratchet

    assert _told(await _verdict(platform)) == (Outcome.FAIL, "StaysBusy")


async def test_mutant_that_invents_a_device_fails() -> None:
    platform = ExportedPlatform()
    platform.count = 3

    assert _told(await _verdict(platform)) == (Outcome.FAIL, "UnknownDevice")


async def test_names_that_only_look_like_utilization_count_for_nothing() -> None:
    platform = ExportedPlatform()
    decoys = 'DCGM_FI_DEV_MEM_CLOCK{gpu="0"} 1593\ngpu_util_of_the_node{gpu="0"} 0.5\n'
    platform.page = lambda *_: HttpAnswer(200, {}, decoys)

    assert _told(await _verdict(platform)) == (Outcome.FAIL, "NoKnownNames")


async def test_names_of_another_maker_count_for_nothing() -> None:
    platform = ExportedPlatform("amd", resource="nvidia.com/gpu")

    assert _told(await _verdict(platform)) == (Outcome.FAIL, "NoKnownNames")


async def test_page_that_is_no_prometheus_text_fails() -> None:
    platform = ExportedPlatform()
    platform.page = lambda _, text: HttpAnswer(200, {}, text + "<html>\n")

    assert _told(await _verdict(platform)) == (Outcome.FAIL, "Malformed")


async def test_exporter_that_is_broken_fails_and_one_that_is_away_for_a_moment_does_not() -> None:
    broken, shaky = ExportedPlatform(), ExportedPlatform()
    broken.page = lambda *_: HttpAnswer(503, {}, "")
    scrapes = itertools.count()
    shaky.page = lambda _, text: HttpAnswer(503 if next(scrapes) in {0, 5} else 200, {}, text)

    assert _told(await _verdict(broken)) == (Outcome.FAIL, "ScrapeFailed")
    assert _told(await _verdict(shaky)) == (Outcome.PASS, "Ok")


async def test_exporter_that_wants_an_identity_is_unknown() -> None:
    platform = ExportedPlatform()
    platform.page = lambda *_: HttpAnswer(401, {}, "")

    assert _told(await _verdict(platform)) == (Outcome.UNKNOWN, "Auth")


async def test_exporter_that_cannot_be_reached_is_unknown() -> None:
    platform = ExportedPlatform()

    def refuse(*_: Any) -> HttpAnswer:
        raise HttpError("no route to host")

    platform.page = refuse

    assert _told(await _verdict(platform)) == (Outcome.UNKNOWN, "Unreachable")


async def test_nothing_installed_is_unknown() -> None:
    platform = ExportedPlatform(exporting=())

    assert _told(await _verdict(platform)) == (Outcome.UNKNOWN, "NothingInstalled")


async def test_no_accelerator_is_unknown() -> None:
    platform = ExportedPlatform(resource="example.com/unheard-of")

    assert _told(await _verdict(platform)) == (Outcome.UNKNOWN, "NoAccelerator")


async def test_some_nodes_without_exporter_are_a_warning() -> None:
    platform = ExportedPlatform(exporting=("node1",))

    verdict = await _verdict(platform)

    assert _told(verdict) == (Outcome.WARN, "SomeWithout")
    assert "node2" in verdict.sentence


async def test_a_group_of_nodes_without_any_exporter_fails() -> None:
    platform = ExportedPlatform(exporting=("node1",))
    for node in platform.objects.objects.values():
        if node["metadata"]["name"] == "node2":
            node["status"]["allocatable"][platform.resource] = "8"

    verdict = await _verdict(platform)

    assert _told(verdict) == (Outcome.FAIL, "NoExporter"), verdict.sentence


async def test_nodes_that_are_out_of_use_are_a_warning() -> None:
    """Nodes that only stand for some, as simulators make them, have no exporter."""
    platform = ExportedPlatform(exporting=("node1",))
    for node in platform.objects.objects.values():
        if node["metadata"]["name"] == "node2":
            node["status"]["allocatable"][platform.resource] = "8"
            node["spec"]["unschedulable"] = True

    assert _told(await _verdict(platform)) == (Outcome.WARN, "SomeWithout")


async def test_image_that_cannot_be_had_is_an_error() -> None:
    platform = ExportedPlatform()

    def refuse(verb: str, resource: Any, pod: dict[str, Any]) -> None:
        if resource == POD and "load-" in pod["metadata"]["name"] and verb == "create":
            waiting = {"reason": "ErrImageNeverPull", "message": "not present"}
            status = {"phase": "Pending", "containerStatuses": [
                {"name": "workload", "state": {"waiting": waiting}}]}  # fmt: skip
            platform.after(0.5, lambda: platform.objects.change(POD, pod, status=status))

    platform.objects.reactions.append(refuse)

    assert _told(await _verdict(platform)) == (Outcome.ERROR, "ImagePull")


async def test_site_that_lends_no_accelerator_is_unknown() -> None:
    platform = ExportedPlatform()

    entries = await platform.run(CHECK, settings=LOADED, accelerators=0)

    assert _told(platform.verdict(CHECK, entries)) == (Outcome.UNKNOWN, "NoBudget")


async def test_without_a_load_figures_are_only_read() -> None:
    """Our own image has no framework for any vendor's device."""
    platform = ExportedPlatform()

    assert _told(await _verdict(platform, {})) == (Outcome.WARN, "PresenceOnly")


async def test_image_without_a_framework_is_no_load() -> None:
    platform = ExportedPlatform()
    platform.framework = None

    assert _told(await _verdict(platform)) == (Outcome.WARN, "PresenceOnly")


async def test_work_of_the_processor_never_stands_for_a_known_makers_device() -> None:
    platform = ExportedPlatform()
    platform.framework = None
    settings = {**LOADED, "load": {"engine": "none"}}

    assert _told(await _verdict(platform, settings)) == (Outcome.WARN, "PresenceOnly")


async def test_work_of_the_processor_stands_for_a_fixture_when_the_site_says_so() -> None:
    platform = ExportedPlatform(resource=SITE)
    platform.framework = None

    assert _told(await _verdict(platform, {"load": {"engine": "none"}})) == (Outcome.PASS, "Ok")


async def test_load_that_did_no_work_is_an_error_of_ours() -> None:
    platform = ExportedPlatform()
    platform.products = 0

    assert _told(await _verdict(platform)) == (Outcome.ERROR, "LoadIdle")


async def test_devices_that_are_all_in_use_are_unknown() -> None:
    platform = ExportedPlatform(count=1)
    for node in ("node1", "node2"):
        platform.objects.put(
            POD, holder(node, platform.resource, name=f"theirs-{node}"), namespace="foreign"
        )

    assert _told(await _verdict(platform)) == (Outcome.UNKNOWN, "NoFreeDevice")


async def test_device_of_a_foreign_pod_may_change_meanwhile() -> None:
    platform = ExportedPlatform(nodes=("node1",))
    platform.objects.put(POD, holder("node1", platform.resource), namespace="foreign")
    moments = itertools.count()
    platform.reading = lambda told, _: (
        replace(told, utilization=next(moments) % 2 * 0.5) if told.index == 0 else told
    )

    verdict = await _verdict(platform)

    assert _told(verdict) == (Outcome.PASS, "Ok"), verdict.sentence


@pytest.mark.parametrize(
    ("verb", "word"),
    [
        ("list pods everywhere", "list pods"),
        ("list services", "services"),
        ("list endpointslices.discovery.k8s.io", "endpointslices"),
        ("list nodes", "nodes"),
        ("create pods", "pods"),
    ],
)
async def test_missing_right_is_unknown_and_named(verb: str, word: str) -> None:
    verdict = await _verdict(ExportedPlatform(forbidden=(verb,)))

    assert _told(verdict) == (Outcome.UNKNOWN, "NotPermitted"), verdict.sentence
    assert word in verdict.sentence


async def test_pods_of_others_are_not_named_in_the_evidence() -> None:
    platform = ExportedPlatform(nodes=("node1",))
    platform.objects.put(POD, holder("node1", platform.resource, name="secret-project"),
                         namespace="foreign")  # fmt: skip

    entries = await platform.run(CHECK, settings=LOADED)

    texts = [e.record.text for e in entries if e.record.kind == "evidence_file"]
    assert any("DCGM_FI_DEV_GPU_UTIL" in text for text in texts)
    assert not any("secret-project" in text for text in texts)


async def test_stopped_anywhere_it_leaves_nothing() -> None:
    await assert_nothing_is_left_when_stopped_anywhere(
        lambda: ExportedPlatform(resource=SITE), CHECK
    )
