"""PASS is earned by requests that arrive where they have to, as the backends count them."""

from typing import Any

import pytest

from aiconform.checks.ai_inference import CHECK
from aiconform.checks.ai_inference.kinds import GATEWAY, ROUTE
from aiconform.cluster.resources import ENDPOINT_SLICE, SERVICE
from aiconform.model.outcome import Outcome
from aiconform.model.requirement import RequirementVerdict
from tests.checks.ai_inference.gateway import (
    GatewayPlatform,
)
from tests.checks.rests_on import assert_falls_without_any


async def _verdict(platform: GatewayPlatform, **settings: Any) -> RequirementVerdict:
    entries = await platform.run(CHECK, settings=settings)
    return platform.verdict(CHECK, entries)


async def test_sound_gateway_passes_and_nothing_stays() -> None:
    platform = GatewayPlatform()

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.PASS, "Ok"), verdict.sentence
    assert "k1-split.csv" in verdict.evidence
    assert not platform.objects.all(ROUTE)
    assert not platform.objects.all(GATEWAY)


async def test_pass_is_lost_without_any_record_that_it_rests_on() -> None:
    platform = GatewayPlatform()

    entries = await platform.run(CHECK)

    assert_falls_without_any(platform, CHECK, entries, version="1.37")


async def test_missing_service_that_is_not_told_is_a_warning() -> None:
    platform = GatewayPlatform()
    platform.tells_missing = False

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.WARN, "NoBackendNotFound")


async def test_services_that_lead_to_the_same_pod_measure_nothing() -> None:
    platform = GatewayPlatform()

    def same(verb: str, resource: Any, found: dict[str, Any]) -> None:
        if resource == ENDPOINT_SLICE and verb == "create":
            uids = [platform.pod(f"ai-inference-backend-{x}") for x in "ab"]
            found["endpoints"] = [{"targetRef": {"uid": p["metadata"]["uid"]}} for p in uids if p]

    platform.objects.reactions.append(same)

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, "EndpointsNotOurs")


@pytest.mark.parametrize(("installed", "classes"), [(False, ()), (True, ())])
async def test_nothing_or_definitions_alone_are_not_provided(
    installed: bool, classes: tuple[str, ...]
) -> None:
    verdict = await _verdict(GatewayPlatform(installed=installed, classes=classes))

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "NotProvided")


async def test_gateway_that_is_never_programmed_fails_with_its_conditions() -> None:
    platform = GatewayPlatform()
    platform.programs = False

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "NotProgrammed")
    assert "AddressNotAssigned" in verdict.sentence


async def test_address_that_cannot_be_reached_is_unknown() -> None:
    platform = GatewayPlatform()
    platform.reachable = False

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "AddressUnreachable")


@pytest.mark.parametrize("verb", ["create gateways", "create httproutes", "list gatewayclasses"])
async def test_missing_right_is_unknown_and_named(verb: str) -> None:
    platform = GatewayPlatform(forbidden=(f"{verb}.gateway.networking.k8s.io",))

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NotPermitted")
    assert verb.split()[1] in verdict.sentence


async def test_right_that_only_tells_more_is_not_needed() -> None:
    platform = GatewayPlatform(forbidden=("get customresourcedefinitions.apiextensions.k8s.io",))

    verdict = await _verdict(platform)

    assert verdict.outcome is Outcome.PASS, verdict.sentence


async def test_site_that_allows_no_gateway_is_unknown() -> None:
    verdict = await _verdict(GatewayPlatform(), allowCreate=False)

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "CreateNotAllowed")


async def test_another_port_is_tried_where_the_usual_one_is_taken() -> None:
    platform = GatewayPlatform()
    platform.taken_ports = {80}

    verdict = await _verdict(platform)

    assert verdict.outcome is Outcome.PASS, verdict.sentence


async def test_client_that_fails_is_no_verdict_on_the_platform() -> None:
    platform = GatewayPlatform()
    platform.client_phase = "Failed"

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "ClientFailed")


async def test_best_of_several_classes_counts_and_all_are_told() -> None:
    platform = GatewayPlatform(classes=("broken", "sound"))
    platform.answer = lambda request: platform.routed(request, headers="k1-" not in request.host)

    verdict = await _verdict(platform)

    assert verdict.outcome is Outcome.PASS, verdict.sentence
    assert "sound" in verdict.sentence
    assert any(note.startswith("broken: FAIL") for note in verdict.notes)


async def test_class_that_no_time_was_left_for_may_be_better_than_one_that_fails() -> None:
    platform = GatewayPlatform(classes=("broken", "untried"))
    platform.programs = False

    verdict = await _verdict(platform, gatewayWaitS=550)

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NotExecuted")
    assert any(note.startswith("broken: FAIL") for note in verdict.notes)


async def test_existing_gateway_is_used_as_it_is() -> None:
    platform = GatewayPlatform()
    listeners = [{"name": "web", "protocol": "HTTP", "port": 8000}]
    spec = {"gatewayClassName": "c", "listeners": listeners}
    shared = {"metadata": {"name": "shared"}, "spec": spec}
    platform.objects.put(GATEWAY, shared, namespace="infra")

    verdict = await _verdict(platform, useExisting="infra/shared")

    assert verdict.outcome is Outcome.PASS, verdict.sentence
    assert [g["metadata"]["name"] for g in platform.objects.all(GATEWAY)] == ["shared"]


async def test_services_of_the_check_go_with_it() -> None:
    platform = GatewayPlatform()
    await platform.run(CHECK)
    assert not platform.objects.all(SERVICE)
