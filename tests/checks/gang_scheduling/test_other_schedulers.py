"""The whole check on stand-ins for Volcano, KAI and the coscheduling plugin."""

from collections.abc import Callable
from typing import Any

import pytest

from aiconform.checks.framework.fake import FakePlatform
from aiconform.checks.gang_scheduling import CHECK
from aiconform.checks.gang_scheduling.adapters import coscheduling, kai, volcano
from aiconform.checks.gang_scheduling.adapters.base import Gang
from aiconform.checks.gang_scheduling.shapes import claim_template, holding, meeting, service
from aiconform.checks.gang_scheduling.slots import Slots
from aiconform.cluster.resources import CONFIG_MAP, POD
from aiconform.model.outcome import Outcome
from aiconform.model.requirement import RequirementVerdict
from tests.checks.gang_scheduling.gangs import Gangs, Json, Way, platform

HARMLESS = {"volcano-scheduler.conf": 'actions: "enqueue, allocate, backfill"\n'}


async def judged(made: FakePlatform, **settings: Any) -> RequirementVerdict:
    return made.verdict(CHECK, await made.run(CHECK, settings=settings))


def member(kind: str, key: str) -> Callable[[Json], str | None]:
    return lambda pod: (pod["metadata"].get(kind) or {}).get(key)


def with_volcano(way: Way = "sound", *, running: int = 0) -> FakePlatform:
    made = platform()
    made.objects.serve(volcano.QUEUE)
    for name, count in (("default", 0), ("other", running)):
        status = {"state": "Open", "running": count}
        made.objects.put(volcano.QUEUE, {"metadata": {"name": name}, "status": status})

    def status_of(placed: bool) -> Json:
        short = {"type": "Unschedulable", "status": "True", "reason": "NotEnoughResources"}
        return {"phase": "Running"} if placed else {"phase": "Inqueue", "conditions": [short]}

    Gangs(made, way=way, group=volcano.POD_GROUP, status=status_of,
          membership=member("annotations", volcano.ANNOTATION))  # fmt: skip
    return made


def with_kai(way: Way = "sound", *, over: str = "0") -> FakePlatform:
    made = platform()
    made.objects.serve(kai.QUEUE)
    quota = {"gpu": {"quota": 4}}
    parents = (("team", "root"), ("root", ""), ("other", "root"))
    for name, parent in parents:
        spec = {"parentQueue": parent, "resources": quota}
        allocated = {"nvidia.com/gpu": over if name == "other" else "0"}
        status = {"allocated": allocated}
        made.objects.put(kai.QUEUE, {"metadata": {"name": name}, "spec": spec, "status": status})

    def status_of(placed: bool) -> Json:
        told = {"type": "UnschedulableOnNodePool", "message": "no room"}
        return {"schedulingConditions": [] if placed else [told]}

    Gangs(made, way=way, group=kai.POD_GROUP, status=status_of,
          membership=member("annotations", kai.ANNOTATION))  # fmt: skip
    return made


def with_coscheduling(way: Way = "sound") -> FakePlatform:
    made = platform()
    Gangs(made, way=way, group=coscheduling.POD_GROUP,
          status=lambda placed: {"phase": "Running" if placed else "Pending"},
          membership=member("labels", coscheduling.LABEL))  # fmt: skip
    return made


CASES = [
    (with_volcano, {}),
    (with_kai, {"queue": "team"}),
    (with_coscheduling, {"scheduler": "gangs"}),
]


@pytest.mark.parametrize(("make", "settings"), CASES)
async def test_sound_scheduler_passes(make: Callable[..., FakePlatform], settings: Json) -> None:
    verdict = await judged(make(), **settings)
    assert (verdict.outcome, verdict.reason) == (Outcome.PASS, "Ok"), verdict


@pytest.mark.parametrize(("make", "settings"), CASES)
async def test_mutant_that_places_in_part_fails(
    make: Callable[..., FakePlatform], settings: Json
) -> None:
    verdict = await judged(make("partial"), **settings)
    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "PartialPlacement"), verdict


@pytest.mark.parametrize(
    ("made", "settings", "reason"),
    [
        (with_volcano(running=1), {}, "WouldReclaim"),
        (with_volcano(), {"queue": "none"}, "NoQueue"),
        (with_kai(over="5"), {"queue": "team"}, "WouldReclaim"),
        (with_kai(), {}, "NoQueue"),
        (with_coscheduling(), {}, "NoSchedulerName"),
    ],
)
async def test_left_alone(made: FakePlatform, settings: Json, reason: str) -> None:
    verdict = await judged(made, **settings)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, reason)
    assert not made.objects.all(POD)


@pytest.mark.parametrize("readable", [True, False])
async def test_volcano_that_does_not_reclaim_is_used(readable: bool) -> None:
    """What its configuration says counts only when it can be read."""
    made = with_volcano(running=1)
    metadata = {"name": volcano.CONFIGURATION}
    made.objects.put(CONFIG_MAP, {"metadata": metadata, "data": HARMLESS},
                     namespace="volcano-system")  # fmt: skip
    if not readable:
        made.objects.forbidden.add("get configmaps")
    verdict = await judged(made)
    assert verdict.outcome is (Outcome.PASS if readable else Outcome.UNKNOWN), verdict


async def test_unknown_adapter() -> None:
    verdict = await judged(platform(), adapter="slurm")
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "UnknownAdapter")


def test_shapes_of_slots_that_are_devices_of_dra() -> None:
    slots = Slots("dra", ("a",), ("host-a",), 2, {"cpu": "200m"}, device_class="gpus")
    gang = Gang("g", 2)
    pod = meeting(gang, slots, nonce="n", template="t")(1)
    assert pod["spec"]["resourceClaims"] == [{"name": "device", "resourceClaimTemplateName": "t"}]
    (container,) = pod["spec"]["containers"]
    assert container["resources"]["claims"] == [{"name": "device"}]
    assert container["command"][-2:] == ["--rank", "1"]
    assert (
        "--rank"
        not in meeting(gang, slots, nonce="n", template="t")(None)["spec"]["containers"][0][
            "command"
        ]
    )
    assert holding(gang, slots, template="t")(0)["metadata"]["name"] == "g-0"
    (request,) = claim_template("t", slots)["spec"]["spec"]["devices"]["requests"]
    assert request["exactly"]["deviceClassName"] == "gpus"
    assert service(gang)["spec"]["publishNotReadyAddresses"] is True


def test_all_kinds_of_the_declaration_are_in_our_namespace() -> None:
    made = {r.resource for r in CHECK.rights if r.verb == "create"}
    assert made == {
        "pods", "services", "jobs", "resourceclaimtemplates", "podgroups", "workloads",
    }  # fmt: skip
