"""The queueing stand-ins let a gang in whole or not at all, and their mutants let in a part."""

import time
from typing import Any

import pytest

from e2e.lab.accelerators import RESOURCE, Accelerators
from e2e.lab.lab import Lab
from e2e.lab.shell import wait_for
from e2e.platforms import standin
from e2e.platforms.objects import applied, items, namespace
from e2e.platforms.queues import Queues, queues
from e2e.platforms.standins.groups import ANNOTATIONS, SCHEDULERS
from e2e.tests.platform_pods import NAMESPACE, pod, pod_spec

pytestmark = [
    pytest.mark.lab,
    pytest.mark.long,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.timeout(600, func_only=True),
]
NODE = "node2"
SLEEP = "import time; time.sleep(9999)"


def gang(flavour: str, image: str, count: int, queue: str) -> list[dict[str, Any]]:
    """A gang of pods with one device each, as the solution wants it."""
    spec = pod_spec(image, SLEEP) | {"nodeSelector": {"kubernetes.io/hostname": NODE}}
    spec["containers"][0]["resources"] = {"limits": {RESOURCE: "1"}}
    if flavour == "kueue":
        return [_job(spec, count, queue)]
    scheduler = SCHEDULERS[flavour]
    group = {
        "apiVersion": f"{scheduler.group}/{scheduler.version}",
        "kind": "PodGroup",
        "metadata": {"name": "gang", "namespace": NAMESPACE},
        "spec": {"minMember": count},
    }
    pods = [pod(f"gang-{n}", spec | {"schedulerName": scheduler.name}) for n in range(count)]
    for each in pods:
        where = ANNOTATIONS if scheduler.where == ANNOTATIONS else "labels"
        each["metadata"][where][scheduler.key] = "gang"
    return [group, *pods]


def _job(spec: dict[str, Any], count: int, queue: str) -> dict[str, Any]:
    labels = {"kueue.x-k8s.io/queue-name": queue}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "gang", "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "suspend": True,
            "parallelism": count,
            "completions": count,
            "template": {"spec": spec | {"restartPolicy": "Never"}},
        },
    }


def status(lab: Lab, found: Queues) -> str:
    """What the solution says of the gang, as text."""
    kind = "workloads.kueue.x-k8s.io"
    if found.flavour != "kueue":
        kind = f"podgroups.{SCHEDULERS[found.flavour].group}"
    return " ".join(str(each.get("status")) for each in items(lab, kind, "-n", NAMESPACE))


@pytest.mark.parametrize(
    ("flavour", "refused"),
    [
        ("kueue", "WaitingForQuota"),
        ("volcano", "NotEnoughResources"),
        ("kai", "UnschedulableOnNodePool"),
        ("coscheduling", ""),
    ],
)
def test_stand_in_queue_admits_a_gang_whole_and_its_mutant_a_part(
    lab: Lab, flavour: str, refused: str
) -> None:
    image = standin.load_image(lab)

    def bound() -> int:
        return sum("nodeName" in each["spec"] for each in items(lab, "pods", "-n", NAMESPACE))

    def none_left() -> bool:
        return not items(lab, "pods", "-n", NAMESPACE)

    with (
        Accelerators(lab).device_plugin(NODE, count=2),
        namespace(lab, NAMESPACE),
        queues(lab, flavour, quota=2, namespaces=[NAMESPACE]) as found,
    ):
        with applied(lab, gang(flavour, image, 2, found.queue)):
            wait_for("the whole gang", lambda: bound() == 2, limit_s=40)
        wait_for("its pods to go", none_left, limit_s=40)
        with applied(lab, gang(flavour, image, 3, found.queue)):
            wait_for("a refusal", lambda: refused in status(lab, found), limit_s=20)
            time.sleep(5)
            assert bound() == 0
        wait_for("its pods to go", none_left, limit_s=40)
        with found.mutant("partial"), applied(lab, gang(flavour, image, 3, found.queue)):
            wait_for("a part of the gang", lambda: bound() == 2, limit_s=40)
        wait_for("its pods to go", none_left, limit_s=40)
        with found.mutant("refuses"), applied(lab, gang(flavour, image, 2, found.queue)):
            time.sleep(6)
            assert bound() == 0
        wait_for("its pods to go", none_left, limit_s=40)
