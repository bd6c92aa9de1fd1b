"""
Ways for the lab's native gang scheduling to misbehave: it is on, and a gang is not one.

The scheduler itself stays as it is; what it is told about a gang changes on the way in.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from e2e.lab.lab import Lab
from e2e.platforms.admission import rewriting

GROUP = "scheduling.k8s.io"
VERSION = "v1beta1"
MIN_COUNT = "/spec/schedulingPolicy/gang/minCount"


@contextmanager
def partial_gangs(lab: Lab) -> Iterator[None]:
    """
    Mutant: pods of a gang are placed one by one, as they fit.

    Whatever quorum a PodGroup asks for, it gets 1. Two gangs that do not fit together then hold
    what the other one needs, and neither ever runs whole.
    """
    spec = {"schedulingPolicy": {"gang": {"minCount": 2}}}
    with rewriting(
        lab, "aiconform-lab-partial-gangs", group=GROUP, version=VERSION, resource="podgroups",
        condition="has(object.spec.schedulingPolicy.gang)",
        patches=f'[JSONPatch{{op: "replace", path: "{MIN_COUNT}", value: 1}}]',
        probe={
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": "PodGroup",
            "metadata": {"name": "aiconform-lab-probe", "namespace": "default"},
            "spec": spec,
        },
        rewritten=lambda group: group["spec"]["schedulingPolicy"]["gang"]["minCount"] == 1,
    ):  # fmt: skip
        yield


@contextmanager
def forgotten_groups(lab: Lab) -> Iterator[None]:
    """
    Mutant: `spec.schedulingGroup` of a pod is dropped, as where the feature gate is off.

    PodGroups can be made, and mean nothing.
    """
    container = {"name": "c", "image": "nothing"}
    with rewriting(
        lab, "aiconform-lab-forgotten-groups", group="", version="v1", resource="pods",
        condition="has(object.spec.schedulingGroup)", operations=("CREATE",),
        patches='[JSONPatch{op: "remove", path: "/spec/schedulingGroup"}]',
        probe={
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "aiconform-lab-probe", "namespace": "default"},
            "spec": {"containers": [container], "schedulingGroup": {"podGroupName": "none"}},
        },
        rewritten=lambda pod: "schedulingGroup" not in pod["spec"],
    ):  # fmt: skip
        yield
