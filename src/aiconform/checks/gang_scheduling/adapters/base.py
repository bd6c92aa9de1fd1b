"""
What every gang scheduling solution looks like to the procedure.

An adapter says whether its solution is there, how a gang is written down for it, and how to read
what it says of a group. Whether that is good is not asked here.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol

from aiconform.checks.framework import Context, Resource
from aiconform.checks.gang_scheduling.capacity import Amounts
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]
State = Literal["admitted", "waiting", "misconfigured", "evicted", "unclear"]
# Makes the pod of a rank; None: the pod of a Job, which knows its rank from its index.
PodMaker = Callable[[int | None], Json]


@dataclass(frozen=True)
class Offer:
    """
    A solution that is there.

    Attributes:
        usable: Else `reason` and `sentence` say why not.
        broken: It is offered and cannot work: a FAIL, and not an UNKNOWN.
        queue: That gangs are submitted to.
        scheduler: The pods' schedulerName; "": the default one.
        quota: Pods that the queue has room for; None: no such limit.
        priority_class: That our pods have, where their group has to have it as well.
    """

    adapter: str
    version: str
    usable: bool = True
    broken: bool = False
    reason: str = ""
    sentence: str = ""
    queue: str = ""
    scheduler: str = ""
    quota: int | None = None
    priority_class: str = ""

    def refused(self, reason: str, sentence: str, *, broken: bool = False) -> "Offer":
        return replace(self, usable=False, broken=broken, reason=reason, sentence=sentence)

    def told(self) -> Json:
        return asdict(self)


@dataclass(frozen=True)
class Gang:
    """So many pods that are to start together or not at all. `name`: of its objects."""

    name: str
    size: int


@dataclass(frozen=True)
class Standing:
    """What a solution says of a group."""

    state: State
    reason: str = ""
    message: str = ""


class Adapter(Protocol):
    name: str

    async def discover(self, ctx: Context) -> Offer | None:
        """The solution, or None when the API server does not have it."""
        ...

    async def weigh(self, ctx: Context, offer: Offer, request: Amounts) -> Offer:
        """May unmet demand for this be queued without harm to others, and for how many pods?"""
        ...

    def objects(self, gang: Gang, offer: Offer, pod: PodMaker) -> tuple[tuple[Resource, Json], ...]:
        """All that expresses the gang, in the order in which it is made."""
        ...

    async def group(self, ctx: Context, gang: Gang, offer: Offer) -> Json | None:
        """The object that tells how the gang stands, now."""
        ...

    def standing(self, group: Mapping[str, Any] | None) -> Standing:
        """Read it (pure)."""
        ...

    def kept(self, pod: Mapping[str, Any], gang: str) -> bool:
        """Does a pod, as the API server has it, still belong to its gang? (pure)"""
        ...


def conditions(found: Mapping[str, Any] | None) -> dict[str, Mapping[str, Any]]:
    """
    The status conditions of an object that speak of its present generation, by type.
    """
    if found is None:
        return {}
    generation = mapping(found.get("metadata")).get("generation")
    told = mappings(mapping(found.get("status")).get("conditions"))
    return {
        str(each.get("type")): each
        for each in told
        if generation is None or each.get("observedGeneration", generation) == generation
    }


def in_words(state: State, condition: Mapping[str, Any]) -> Standing:
    return Standing(state, str(condition.get("reason", "")), str(condition.get("message", "")))


def ranked(
    gang: Gang, pod: PodMaker, dress: Callable[[Json], Json], resource: Resource
) -> tuple[tuple[Resource, Json], ...]:
    """A pod of each rank, dressed as the solution wants it."""
    return tuple((resource, dress(pod(rank))) for rank in range(gang.size))


def with_metadata(
    pod: Json, *, labels: Mapping[str, str] | None = None, notes: Mapping[str, str] | None = None
) -> Json:
    """The pod with more labels and annotations."""
    metadata = dict(pod["metadata"])
    metadata["labels"] = {**mapping(metadata.get("labels")), **(labels or {})}
    if notes:
        metadata["annotations"] = {**mapping(metadata.get("annotations")), **notes}
    return {**pod, "metadata": metadata}


def metadata_of(found: Mapping[str, Any], kind: Literal["labels", "annotations"]) -> Json:
    return dict(mapping(mapping(found.get("metadata")).get(kind)))
