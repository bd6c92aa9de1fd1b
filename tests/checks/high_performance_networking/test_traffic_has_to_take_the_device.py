"""A network device counts when pods get it by its properties, and its counters carry the bytes."""

from typing import Any

import pytest

from aiconform.checks.framework import Answer
from aiconform.checks.framework.fake import FakePlatform
from aiconform.checks.high_performance_networking import CHECK, judging
from aiconform.checks.high_performance_networking.networks import ATTACHMENT
from aiconform.cluster.resources import RESOURCE_CLAIM
from aiconform.model.errors import ClusterError
from aiconform.model.requirement import RequirementVerdict
from tests.checks.high_performance_networking.world import DRIVER, FULL, NetworkPlatform
from tests.checks.interrupted import assert_nothing_is_left_when_stopped_anywhere
from tests.checks.rests_on import assert_falls_without_any
from tests.checks.rights_used import unused


async def judged(platform: FakePlatform, **settings: Any) -> RequirementVerdict:
    entries = await platform.run(CHECK, settings=settings)
    return platform.verdict(CHECK, entries, version="1.37")


def told(verdict: RequirementVerdict) -> tuple[str, str]:
    return verdict.outcome.value, verdict.reason


def spoilt(spoil: dict[str, Any], **platform: Any) -> NetworkPlatform:
    made = NetworkPlatform(**platform)
    for name, value in spoil.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize("count", [1, 3])
async def test_claimed_device_that_carries_its_bytes_passes(count: int) -> None:
    verdict = await judged(NetworkPlatform(count=count))

    assert told(verdict) == ("PASS", "Ok"), verdict
    steps = {step.name: step.outcome.value for step in verdict.steps}
    assert set(steps.values()) == {"PASS"}
    assert {"selected", "exchange", "nobody-has-it", "held-is-refused"} <= steps.keys()


async def test_pass_falls_without_any_record() -> None:
    platform = NetworkPlatform()
    entries = await platform.run(CHECK)

    assert_falls_without_any(platform, CHECK, entries, version="1.37")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ({"way": "primary"}, "OtherPath"),
        ({"way": "both"}, "OtherPath"),
        ({"way": "none"}, "OtherPath"),
        ({"lost": 1}, "NotArrived"),
        ({"error": "ECONNREFUSED"}, "NotReachable"),
        ({"gives": False}, "NoDevice"),
        ({"leaks": True}, "SeenByAll"),
        ({"heeds": False}, "CapabilityIgnored"),
        ({"exclusive": False}, "GivenTwice"),
        ({"starts": False}, "NotStarted"),
    ],
)
async def test_mutant_fails_for_its_reason(spoil: dict[str, Any], reason: str) -> None:
    """The first of them is the secondary device whose traffic takes the primary path."""
    verdict = await judged(spoilt(spoil))

    assert told(verdict) == ("FAIL", reason), verdict


async def test_property_that_one_node_lacks_is_heeded_or_it_fails() -> None:
    platform = NetworkPlatform()
    platform.publish("node1", {**FULL, "dra.net/rdma": {"bool": False}})
    platform.publish("node2", FULL)

    assert told(await judged(platform)) == ("PASS", "Ok")
    platform.strays = True
    verdict = await judged(platform)
    assert told(verdict) == ("FAIL", "WrongNode")
    assert "node1" in verdict.sentence


@pytest.mark.parametrize("kind", ["resource", "attachment"])
async def test_device_that_is_not_claimed_works_with_a_warning(kind: Any) -> None:
    settings = {"attachment": "default/fast"} if kind == "attachment" else {}
    verdict = await judged(NetworkPlatform(kind), **settings)

    assert told(verdict) == ("WARN", "NotThroughDRA"), verdict


@pytest.mark.parametrize("kind", ["resource", "attachment"])
async def test_mutant_that_is_not_claimed_fails_as_well(kind: Any) -> None:
    settings = {"attachment": "default/fast"} if kind == "attachment" else {}
    platform = spoilt({"way": "primary"}, kind=kind)

    assert told(await judged(platform, **settings)) == ("FAIL", "OtherPath")


async def test_attachments_that_the_site_has_not_named_are_told() -> None:
    platform = NetworkPlatform("attachment")
    platform.objects.put(ATTACHMENT, {"metadata": {"name": "fast"}}, namespace="default")

    verdict = await judged(platform)

    assert told(verdict) == ("UNKNOWN", "NotTried")
    assert "default/fast" in verdict.sentence


async def test_nothing_published_is_not_provided_unless_the_site_needs_none() -> None:
    assert told(await judged(NetworkPlatform("none"))) == ("FAIL", "NotProvided")
    verdict = await judged(NetworkPlatform("none"), notNeeded="jobs of one node only")
    assert told(verdict) == ("SKIP", "NotNeeded")
    assert "one node" in verdict.sentence
    # What is there is tried, whatever the site needs.
    assert told(await judged(NetworkPlatform(), notNeeded="x")) == ("PASS", "Ok")


async def test_one_node_cannot_show_traffic() -> None:
    assert told(await judged(NetworkPlatform(nodes=("node1",)))) == ("UNKNOWN", "OneNode")


async def test_leave_for_one_device_cannot_show_traffic() -> None:
    platform = NetworkPlatform()
    for allowed, reason in ((1, "OneNode"), (0, "NoDeviceAllowed")):
        entries = await platform.run(CHECK, accelerators=allowed)
        verdict = platform.verdict(CHECK, entries, version="1.37")
        assert told(verdict) == ("UNKNOWN", reason)
        platform = NetworkPlatform()


async def test_devices_without_an_address_need_verbs_or_are_not_known() -> None:
    verbs = spoilt({"addressed": False, "rdma": True})

    assert told(await judged(verbs)) == ("WARN", "NeedsVerbs")
    assert told(await judged(spoilt({"addressed": False}))) == ("UNKNOWN", "NoAddress")


async def test_pod_whose_own_address_is_on_no_interface_proves_nothing() -> None:
    assert told(await judged(spoilt({"homeless": True}))) == ("UNKNOWN", "PrimaryUnknown")


async def test_answer_of_somebody_else_is_no_answer() -> None:
    assert (await judged(spoilt({"stranger": True}))).outcome == "ERROR"


@pytest.mark.parametrize(
    ("attributes", "outcome", "reason"),
    [
        ({}, "FAIL", "NoCharacteristics"),
        ({"dra.net/type": {"string": "x"}}, "WARN", "FewCharacteristics"),
        ({"dra.net/rdma": {"bool": True}, "dra.net/mtu": {"int": 1}}, "WARN", "FewCharacteristics"),
    ],
)
async def test_devices_that_tell_little_are_told(
    attributes: dict[str, Any], outcome: str, reason: str
) -> None:
    verdict = await judged(NetworkPlatform(attributes=attributes))

    assert told(verdict) == (outcome, reason)


async def test_devices_in_use_are_left_alone() -> None:
    platform = NetworkPlatform()
    for node in ("node1", "node2"):
        result = {"driver": DRIVER, "pool": node, "device": "nic-0"}
        status = {"allocation": {"devices": {"results": [result]}}}
        claim = {"metadata": {"name": f"theirs-{node}"}, "spec": {}, "status": status}
        platform.objects.put(RESOURCE_CLAIM, claim, namespace="somebody")

    assert told(await judged(platform)) == ("UNKNOWN", "NoFreeDevice")
    assert not [c for c in platform.objects.calls if c.startswith("create")]


@pytest.mark.parametrize(
    "refused", ["create pods", "list resourceclaims.resource.k8s.io",
                "list network-attachment-definitions.k8s.cni.cncf.io"],
)  # fmt: skip
async def test_missing_right_is_unknown(refused: str) -> None:
    verdict = await judged(NetworkPlatform(forbidden=[refused]))

    assert verdict.outcome == "UNKNOWN", verdict


async def test_unreachable_server_is_our_error() -> None:
    platform = NetworkPlatform()
    platform.objects.outage = ClusterError("no answer")

    assert told(await judged(platform)) == ("ERROR", "ApiTrouble")


def test_answers_that_need_more_than_was_seen_are_unknown() -> None:
    def reason(answer: Answer) -> tuple[str, str]:
        return answer.outcome.value, answer.reason

    claim = {"kind": "claim", "what": "dra.net", "cel": "", "having": []}
    ran = {"bound": "n", "look": {"interfaces": []}, "devices": [], "why": "", "ip": "1"}
    facts = {"networks": [], "published": [], "attachments": [], "not_permitted": ["list x"]}

    assert reason(judging._found(facts)) == ("UNKNOWN", "CannotCount")
    assert reason(judging._runs({**ran, "bound": None}, claim)) == ("UNKNOWN", "NotScheduled")
    assert reason(judging._runs(ran, claim)) == ("FAIL", "NotAllocated")
    assert reason(judging._selected(ran, claim)) == ("UNKNOWN", "NoCharacteristics")
    unbound = {**ran, "bound": None}
    assert reason(judging._selected(unbound, {**claim, "cel": "x"})) == ("UNKNOWN", "NotScheduled")
    assert reason(judging._plain({**ran, "look": None}, {})) == ("UNKNOWN", "NotStarted")
    silent = {"bound": None, "reason": "", "message": ""}
    assert reason(judging._waits("X")(silent)) == ("UNKNOWN", "NotConsidered")


async def test_every_right_is_used() -> None:
    platform = NetworkPlatform()

    await platform.run(CHECK)

    assert unused(CHECK, platform.objects.calls) == []


async def test_stopped_anywhere_it_leaves_nothing() -> None:
    await assert_nothing_is_left_when_stopped_anywhere(NetworkPlatform, CHECK, turns=3000)
