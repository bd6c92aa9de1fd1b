"""Whose refusal it was is told apart: the operator's webhook alone counts, and its controller."""

import pytest

from aiconform.checks.robust_controller.operators import BY_KEY
from aiconform.cluster.fake_objects import refusal
from aiconform.cluster.resources import VALIDATING_WEBHOOK
from tests.checks.interrupted import ours
from tests.checks.robust_controller.operated import OperatedPlatform, judged, steps


async def test_webhook_that_refuses_everything_proves_nothing() -> None:
    platform = OperatedPlatform()
    platform.refuses = lambda _: "no"

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("ERROR", "ControlInvalid")


async def test_refusals_of_a_policy_are_not_the_operators() -> None:
    platform = OperatedPlatform()
    told = "ValidatingAdmissionPolicy 'names' with binding 'names' denied request: doubled"
    platform.refuses = lambda _: ""
    platform.objects.admission.insert(
        0,
        lambda resource, made, dry: (
            refusal(422, "Invalid", told)
            if resource == platform.kind and made["metadata"]["name"].endswith("-bad")
            else None
        ),
    )

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "PlatformPolicy")


@pytest.mark.parametrize(
    ("status", "message", "outcome", "reason"),
    [
        (422, "spec.workerGroupSpecs: Duplicate value", "UNKNOWN", "SchemaRefused"),
        (403, "exceeded quota: count/rayclusters.ray.io=0", "ERROR", "Refused"),
        (403, 'admission webhook "validate.kyverno.svc" denied the request: x', "UNKNOWN",
         "PlatformPolicy"),
    ],
)  # fmt: skip
async def test_refusals_of_others_are_never_counted(
    status: int, message: str, outcome: str, reason: str
) -> None:
    platform = OperatedPlatform()
    platform.refuses = lambda _: ""
    platform.objects.admission.insert(
        0,
        lambda resource, made, dry: (
            refusal(status, "Invalid" if status == 422 else "Forbidden", message)
            if resource == platform.kind and made["metadata"]["name"].endswith("-bad")
            else None
        ),
    )

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == (outcome, reason), verdict.sentence


async def test_webhook_that_takes_no_dry_run_is_asked_in_earnest() -> None:
    platform = OperatedPlatform()
    platform.no_dry_run = True

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("PASS", "Ok"), verdict.sentence
    assert ours(platform) == []


async def test_wildcards_and_other_versions_match() -> None:
    platform = OperatedPlatform()
    rule = {"apiGroups": ["ray.io"], "apiVersions": ["*"], "operations": ["*"],
            "resources": ["*/*"], "scope": "Namespaced"}  # fmt: skip
    platform.register(rules=[rule])

    verdict = await judged(platform)

    assert verdict.outcome == "PASS", verdict.sentence


async def test_platform_policy_for_every_group_is_no_webhook_of_the_operator() -> None:
    platform = OperatedPlatform()
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}
    platform.register(rules=[rule])

    verdict = await judged(platform)

    assert steps(verdict)["kuberay-webhooks"] == "WARN"
    assert verdict.outcome == "FAIL"


async def test_operator_without_webhook_warns_when_its_controller_refuses() -> None:
    platform = OperatedPlatform(webhook=False)
    groups = "workerGroupSpecs"
    platform.complains = lambda found: (
        ""
        if all(g["template"]["spec"]["containers"] for g in found["spec"][groups])
        else "InvalidRayClusterSpec"
    )

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("WARN", "NoWebhookShipped"), verdict.sentence


async def test_operator_without_webhook_that_says_nothing_fails() -> None:
    verdict = await judged(OperatedPlatform(webhook=False))

    assert (verdict.outcome, verdict.reason) == ("FAIL", "NobodyRefuses")


async def test_operator_with_webhook_lifts_one_without() -> None:
    """JobSet has none here and is never asked: KubeRay, which has one, goes first and is whole."""
    platform = OperatedPlatform()
    platform.install(BY_KEY["jobset"])

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("PASS", "Ok"), verdict.sentence
    assert not [name for name in steps(verdict) if name.startswith("jobset")]


CONDITIONS = [{"name": "ours", "expression": "request.namespace == 'production'"}]


@pytest.mark.parametrize(
    ("more", "outcome", "reason"),
    [
        ([], "UNKNOWN", "WebhookConditional"),
        ([{"name": "always.ray.io"}], "FAIL", "AcceptsInvalid"),
    ],
)
async def test_webhook_with_conditions_may_not_have_been_asked(
    more: list[dict[str, str]], outcome: str, reason: str
) -> None:
    platform = OperatedPlatform()
    platform.refuses = lambda _: ""
    platform.register()
    (configuration,) = platform.objects.all(VALIDATING_WEBHOOK)
    (hook,) = configuration["webhooks"]
    unconditional = [{**hook, **each} for each in more]
    configuration["webhooks"] = [{**hook, "matchConditions": CONDITIONS}, *unconditional]

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == (outcome, reason), verdict.sentence
