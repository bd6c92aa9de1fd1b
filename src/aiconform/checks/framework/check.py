"""A check's declaration: what it needs, what it costs, how it looks and how it judges."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aiconform.catalogue.requirements import Requirement, requirements
from aiconform.checks.framework.rights import ObjectRight
from aiconform.cluster.resources import Resource
from aiconform.cluster.rights import Right
from aiconform.judge.sightings import Evaluator

if TYPE_CHECKING:
    from aiconform.checks.framework.context import Context

_READS = frozenset({"get", "list", "watch"})
# Never, whatever a check says: they would reach beyond what it makes itself.
_NEVER = frozenset(
    {
        "secrets",
        "pods/exec",
        "pods/attach",
        "pods/portforward",
        "pods/ephemeralcontainers",
        "serviceaccounts/token",
        "roles",
        "rolebindings",
        "clusterroles",
        "clusterrolebindings",
    }
)


def _none_more(_settings: Mapping[str, Any]) -> tuple[Right, ...]:
    return ()


@dataclass(frozen=True)
class Check:
    """
    One requirement's check.

    Attributes:
        id: As the catalogue and the checklists have it; also the folder's name.
        rights: All that `run` asks of the API server beyond the run's own rights and discovery.
        time_box_s: After so long it is stopped, and what it has not seen is UNKNOWN.
        cost: One sentence for the plan: what is made, what is held, whether it costs money.
        run: Looks and records, never judges.
        evaluate: Judges what was recorded, never looks. Pure.
        devices: Accelerators held at a time, at most. Checks that hold any run one after another.
        probe: Whether it needs the second namespace, of Pod Security level baseline.
        scales: Whether its pods may make an autoscaler add nodes; else they are pinned to nodes
            that are there.
        site_rights: Rights that follow from the site's settings. The chart grants them from the
            setting `custom.kind`.
    """

    id: str
    rights: tuple[Right, ...]
    time_box_s: float
    cost: str
    run: "Callable[[Context], Awaitable[None]]"
    evaluate: Evaluator
    devices: int = 0
    probe: bool = False
    scales: bool = False
    site_rights: Callable[[Mapping[str, Any]], tuple[Right, ...]] = _none_more

    def __post_init__(self) -> None:
        if self.id not in requirements():
            raise ValueError(f"{self.id} is not in the catalogue")
        for right in self.rights:
            if right.resource in _NEVER:
                raise ValueError(f"{self.id}: no check may {right}")
            if not right.namespaced and right.verb not in _READS:
                raise ValueError(
                    f"{self.id}: a check may only read outside its namespaces: {right}"
                )
            if right.namespaced and right.namespace == "own":
                raise ValueError(f"{self.id}: {right} must be in the work or probe namespace")
            if right.namespace == "probe" and not self.probe:
                raise ValueError(f"{self.id}: {right} needs probe=True")

    def at_site(self, settings: Mapping[str, Any]) -> "Check":
        """The check with the rights that it has at a site with these settings."""
        return replace(self, rights=(*self.rights, *self.site_rights(settings)))

    @property
    def requirement(self) -> Requirement:
        return requirements()[self.id]

    def sweeps(self, place: str) -> tuple[Resource, ...]:
        """The kinds of which objects of this check may be in a namespace, in a fixed order."""
        found = {
            right.of: None
            for right in self.rights
            if isinstance(right, ObjectRight) and right.of and right.verb == "delete"
            and right.namespace == place
        }  # fmt: skip
        return tuple(found)

    def may(self, verb: str, group: str, resource: str, *, where: str) -> bool:
        """Is it declared? `where`: work, probe, or cluster. A cluster-wide right holds anywhere."""
        return any(
            right.verb == verb
            and right.group == group
            and right.resource in {resource, "*"}
            and (not right.namespaced or right.namespace == where)
            for right in self.rights
        )
