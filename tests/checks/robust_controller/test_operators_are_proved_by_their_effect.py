"""PASS is earned by a refusal with its control, and by what becomes of a new object."""

from collections.abc import Callable
from typing import Any

import pytest

from aiconform.checks.framework import Resource
from aiconform.checks.framework.fake import WORK
from aiconform.checks.robust_controller import CHECK
from aiconform.checks.robust_controller.finding import NAMESPACE
from aiconform.cluster.resources import CUSTOM_RESOURCE_DEFINITION, DEPLOYMENT, POD
from tests.checks.interrupted import assert_nothing_is_left_when_stopped_anywhere
from tests.checks.rests_on import assert_falls_without_any
from tests.checks.robust_controller.operated import OperatedPlatform, authority, judged

Mutate = Callable[[OperatedPlatform], Any]


async def test_pass_is_lost_without_any_record_that_it_rests_on() -> None:
    platform = OperatedPlatform()

    entries = await platform.run(CHECK)

    assert_falls_without_any(platform, CHECK, entries, version="1.37")


async def test_stopped_anywhere_it_leaves_nothing() -> None:
    await assert_nothing_is_left_when_stopped_anywhere(OperatedPlatform, CHECK)


async def test_nothing_installed_is_unknown() -> None:
    platform = OperatedPlatform()
    (found,) = platform.objects.all(CUSTOM_RESOURCE_DEFINITION)
    platform.objects.remove(CUSTOM_RESOURCE_DEFINITION, found)

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "NothingInstalled")


async def test_definition_alone_proves_nothing() -> None:
    """A definition that is not in force is as good as none."""
    platform = OperatedPlatform()
    (found,) = platform.objects.all(CUSTOM_RESOURCE_DEFINITION)
    platform.objects.change(CUSTOM_RESOURCE_DEFINITION, found, status={"conditions": []})

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "NotServed")


def _sleeping(platform: OperatedPlatform) -> None:
    """A definition, a pod that sleeps, and a webhook that is ignored."""
    platform.ignored, platform.reconciles = True, False
    platform.register(failurePolicy="Ignore")


def _stale(platform: OperatedPlatform) -> None:
    """Reconciles once, and never again."""
    platform.follows = platform.heals = False


def _elsewhere(platform: OperatedPlatform) -> None:
    platform.ignored = True
    platform.register(namespaceSelector={"matchLabels": {"nowhere": "true"}})


def _opted_out(platform: OperatedPlatform) -> None:
    """Selects objects by a label that ours have not."""
    platform.ignored = True
    term = {"key": "app.kubernetes.io/managed-by", "operator": "NotIn", "values": ["aiconform"]}
    platform.register(objectSelector={"matchExpressions": [term]})


def _dead(platform: OperatedPlatform) -> None:
    platform.dead = True


def _untrusted(platform: OperatedPlatform) -> None:
    platform.dead = True
    client = {**platform.hook["clientConfig"], "caBundle": authority(days_left=-1)}
    platform.register(clientConfig=client)


def _idle(platform: OperatedPlatform) -> None:
    platform.reconciles = False


def _never_good(platform: OperatedPlatform) -> None:
    platform._finish = lambda name: None  # type: ignore[method-assign]


def _wounded(platform: OperatedPlatform) -> None:
    platform.heals = False


def _stuck(platform: OperatedPlatform) -> None:
    """A finalizer of the operator that nobody releases."""
    platform.objects.stuck.add("robust-controller-kuberay")


def _restarting(platform: OperatedPlatform) -> None:
    platform.after(4.0, platform.restart_controller)


def _unready(platform: OperatedPlatform) -> None:
    platform.objects.change(POD, platform.controller, status={"phase": "Running"})
    (found,) = platform.objects.all(DEPLOYMENT)
    platform.objects.change(DEPLOYMENT, found, status={})


@pytest.mark.parametrize(
    ("mutant", "reason"),
    [
        (_sleeping, "WebhookIgnored"),
        (_stale, "ChangeIgnored"),
        (_elsewhere, "WebhookElsewhere"),
        (_opted_out, "WebhookElsewhere"),
        (_dead, "WebhookDead"),
        (_untrusted, "WebhookUntrusted"),
        (_idle, "NotReconciled"),
        (_never_good, "NotReady"),
        (_wounded, "NotHealed"),
        (_stuck, "NotRemoved"),
        (_restarting, "ControllerRestarted"),
        (_unready, "ControllerNotReady"),
    ],
)
async def test_mutant_operator_fails(mutant: Mutate, reason: str) -> None:
    platform = OperatedPlatform()
    mutant(platform)

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("FAIL", reason), verdict.sentence


@pytest.mark.parametrize(
    "verb",
    [
        "get customresourcedefinitions.apiextensions.k8s.io",
        "list validatingwebhookconfigurations.admissionregistration.k8s.io",
        "get namespaces",
        "create rayclusters.ray.io",
        "patch rayclusters.ray.io",
        "list services",
        "list endpointslices.discovery.k8s.io",
        "list deployments.apps",
    ],
)
async def test_missing_right_is_unknown_and_named(verb: str) -> None:
    platform = OperatedPlatform(forbidden=(verb,))

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "NotPermitted"), verdict.sentence
    told, _, resource = verb.partition(" ")
    assert told in verdict.sentence
    assert resource.partition(".")[0] in verdict.sentence


async def test_pods_without_room_are_not_the_operators_fault() -> None:
    platform = OperatedPlatform()
    _never_good(platform)
    platform.schedule = lambda pod: None

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "PodsPending"), verdict.sentence


async def test_job_that_a_queue_suspends_again_is_unknown() -> None:
    platform = OperatedPlatform("trainer")
    platform.follows = False

    def held(verb: str, resource: Resource, found: dict[str, Any]) -> None:
        if resource == platform.kind and verb == "update" and not found["spec"]["suspend"]:
            platform.objects.change(resource, found, spec={**found["spec"], "suspend": True})

    platform.objects.reactions.append(held)

    verdict = await judged(platform)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "HeldBack"), verdict.sentence


async def test_operator_that_has_yet_to_see_what_is_referred_to_is_waited_for() -> None:
    platform = OperatedPlatform("trainer")
    refuses, ready = platform.refuses, platform.now + 5
    platform.refuses = lambda made: refuses(made) or ("" if platform.now > ready else "no runtime")

    verdict = await judged(platform)

    assert verdict.outcome == "PASS", verdict.sentence


async def test_namespace_labels_are_read() -> None:
    platform = OperatedPlatform()
    platform.register(namespaceSelector={"matchLabels": {"name": WORK}})

    verdict = await judged(platform)

    assert verdict.outcome == "PASS"
    assert platform.objects.all(NAMESPACE)
