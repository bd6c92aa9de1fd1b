"""How gang schedulers differ: where a pod names its group, and what a group's status says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Condition = Callable[[str, bool, str, str], dict[str, Any]]
ANNOTATIONS, LABELS = "annotations", "labels"


@dataclass(frozen=True)
class Scheduler:
    """One gang scheduler's API, as far as a check looks at it."""

    name: str
    group: str
    version: str
    where: str
    key: str
    placed: Callable[[Condition], dict[str, Any]] | None = None
    refused: Callable[[Condition, str], dict[str, Any]] | None = None

    @property
    def groups(self) -> str:
        """Path of the API that PodGroups are in."""
        return f"/apis/{self.group}/{self.version}"

    def group_of(self, pod: Mapping[str, Any]) -> str:
        """The name of the pod's group; empty when it is in none."""
        return str(pod["metadata"].get(self.where, {}).get(self.key, ""))

    def is_refused(self, status: Mapping[str, Any]) -> bool:
        """Does the group's status say already that it waits?"""
        found = [*status.get("conditions", ()), *status.get("schedulingConditions", ())]
        return any(c["type"].startswith("Unschedulable") for c in found)


def _volcano_placed(condition: Condition) -> dict[str, Any]:
    ready = condition("Scheduled", True, "tasks in gang are ready to be scheduled", "")
    return {"phase": "Running", "conditions": [ready]}


def _volcano_refused(condition: Condition, text: str) -> dict[str, Any]:
    short = condition("Unschedulable", True, "NotEnoughResources", text)
    return {"phase": "Pending", "conditions": [short]}


def _kai_placed(condition: Condition) -> dict[str, Any]:
    return {"schedulingConditions": []}


def _kai_refused(condition: Condition, text: str) -> dict[str, Any]:
    short = condition("UnschedulableOnNodePool", True, "NotEnoughResources", text)
    return {"schedulingConditions": [{**short, "nodePool": "default"}]}


SCHEDULERS: Mapping[str, Scheduler] = {
    "volcano": Scheduler(
        name="volcano",
        group="scheduling.volcano.sh",
        version="v1beta1",
        where=ANNOTATIONS,
        key="scheduling.k8s.io/group-name",
        placed=_volcano_placed,
        refused=_volcano_refused,
    ),
    "kai": Scheduler(
        name="kai-scheduler",
        group="scheduling.run.ai",
        version="v2alpha2",
        where=ANNOTATIONS,
        key="pod-group-name",
        placed=_kai_placed,
        refused=_kai_refused,
    ),
    "coscheduling": Scheduler(
        name="lab-coscheduler",
        group="scheduling.x-k8s.io",
        version="v1alpha1",
        where=LABELS,
        key="scheduling.x-k8s.io/pod-group",
    ),
}
