"""
Who may do what before a run: the account that installs, and the one that the chart makes (pure).

The chart grants what the coordinator needs. Kubernetes lets nobody grant what he does not have
himself, unless he may escalate (source: kubernetes.io/docs/reference/access-authn-authz/rbac/,
"Privilege escalation prevention and bootstrapping").
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from aiconform.cluster.rights import RIGHTS, Right
from aiconform.cluster.trouble import mapping

Json = Mapping[str, Any]
Place = Literal["own", "work", "probe"]
_RBAC = "rbac.authorization.k8s.io"


class Answer(Enum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"  # we may not even ask


@dataclass(frozen=True)
class Need:
    """One verb on one resource. `namespaced`: in the run's namespace; else in the whole cluster."""

    verb: str
    group: str
    resource: str
    namespaced: bool
    why: str
    name: str = ""
    place: Place = "own"  # of the namespaces that the chart makes, the run's own or one of checks

    def __str__(self) -> str:
        resource, slash, subresource = self.resource.partition("/")
        group = f".{self.group}" if self.group else ""
        named = f" {self.name}" if self.name else ""
        where = f" ({self.place})" if self.namespaced and self.place != "own" else ""
        return f"{self.verb} {resource}{group}{slash}{subresource}{named}{where}"


@dataclass(frozen=True)
class Places:
    """The namespaces of a run: its own, and those that checks work in."""

    own: str
    work: str
    probe: str

    @classmethod
    def by_default(cls, namespace: str, job: str) -> "Places":
        """As the chart has them when no value says otherwise."""
        return cls(own=namespace, work=f"{job}-work", probe=f"{job}-probe")

    def of(self, need: Need) -> str:
        return {"own": self.own, "work": self.work, "probe": self.probe}[need.place]


@dataclass(frozen=True)
class Grant:
    """A right of the coordinator: has it been granted, and may this account grant it?"""

    need: Need
    right: Right
    granted: Answer
    grantable: Answer


_MADE = (
    ("", "configmaps", True, "the run's configuration and its status"),
    ("", "secrets", True, "Helm's record of the release"),
    ("", "serviceaccounts", True, "who the coordinator and the agents are"),
    ("", "services", True, "where agents reach the collector"),
    ("batch", "jobs", True, "the coordinator"),
    ("networking.k8s.io", "networkpolicies", True, "whom agents may reach"),
    (_RBAC, "roles", True, "what the coordinator may do in its namespace"),
    (_RBAC, "rolebindings", True, "what the coordinator may do in its namespace"),
    (_RBAC, "clusterroles", False, "what the coordinator may do in the cluster"),
    (_RBAC, "clusterrolebindings", False, "what the coordinator may do in the cluster"),
    ("scheduling.k8s.io", "priorityclasses", False, "that the run pre-empts nobody"),
    ("", "namespaces", False, "the namespace of the run, if it is not there"),
)
INSTALLING: tuple[Need, ...] = (
    *(
        Need(verb, group, resource, namespaced, why)
        for group, resource, namespaced, why in _MADE
        for verb in ("create", "delete")
    ),
    Need("list", "", "pods", True, "why the coordinator does not start"),
    Need("get", "", "pods/log", True, "its last words, should it end early"),
    Need("create", "", "pods/exec", True, "brings the results out of its pod"),
)


def needs_of_installing(rights: Sequence[Right] = RIGHTS) -> tuple[Need, ...]:
    """What whoever installs needs; roles also where the checks with these rights work."""
    places = dict.fromkeys(right.namespace for right in rights if right.namespaced)
    return (
        *INSTALLING,
        *(
            Need(verb, _RBAC, resource, True, "what checks may do where they work", place=place)
            for place in places
            if place != "own"
            for resource in ("roles", "rolebindings")
            for verb in ("create", "delete")
        ),
    )


def needs_of_run(job: str, rights: Sequence[Right] = RIGHTS) -> tuple[tuple[Right, Need], ...]:
    """The coordinator's rights, each once, a right on several names once for each."""
    found = {
        Need(
            right.verb, right.group, right.resource, right.namespaced, right.why, name,
            right.namespace,
        ): right
        for right in rights
        for name in (right.names_of(job) or ("",))
    }  # fmt: skip
    return tuple((right, need) for need, right in found.items())


def questions(*, places: Places, job: str, rights: Sequence[Right] = RIGHTS) -> list[Json]:
    """Every access review that is needed, for one call."""
    account = account_of(places.own, job)
    of_run = [need for _, need in needs_of_run(job, rights)]
    return [
        *(_review(need, places.of(need)) for need in _of_own_account(job, rights)),
        *(_review(need, places.of(need), user=account) for need in of_run),
    ]


class Answers:
    """The answers to `questions`, in their order; None where a review was refused."""

    def __init__(
        self, answered: Sequence[Json | None], *, job: str, rights: Sequence[Right] = RIGHTS
    ) -> None:
        own = _of_own_account(job, rights)
        told = [_answer(each) for each in answered]
        self._installing = needs_of_installing(rights)
        self._of_run = needs_of_run(job, rights)
        self._own = dict(zip(own, told, strict=False))
        self._granted = told[len(own) :]

    def installing(self) -> Iterator[tuple[Need, Answer]]:
        for need in self._installing:
            yield need, self._own[need]

    def grants(self) -> Iterator[Grant]:
        for (right, need), granted in zip(self._of_run, self._granted, strict=True):
            escalate = self._own[_escalate(need)]
            grantable = Answer.YES if escalate is Answer.YES else self._own[need]
            yield Grant(need, right, granted, grantable)


def _of_own_account(job: str, rights: Sequence[Right]) -> tuple[Need, ...]:
    """Each that the account of the kubeconfig is asked about, once."""
    of_run = [need for _, need in needs_of_run(job, rights)]
    escalations = (_escalate(need) for need in of_run)
    return tuple(dict.fromkeys((*needs_of_installing(rights), *escalations, *of_run)))


def _escalate(need: Need) -> Need:
    """Whoever may do this where the need is may grant it without having it."""
    resource = "roles" if need.namespaced else "clusterroles"
    return Need("escalate", _RBAC, resource, need.namespaced, "", place=need.place)


def account_of(namespace: str, job: str) -> str:
    return f"system:serviceaccount:{namespace}:{job}-coordinator"


def _review(need: Need, namespace: str, *, user: str = "") -> Json:
    resource, _, subresource = need.resource.partition("/")
    attributes = {
        "verb": need.verb,
        "group": need.group,
        "resource": resource,
        "subresource": subresource,
        "name": need.name,
        "namespace": namespace if need.namespaced else "",
    }
    spec: dict[str, Any] = {"resourceAttributes": attributes}
    if user:
        spec["user"] = user
    kind = "SubjectAccessReview" if user else "SelfSubjectAccessReview"
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}


def _answer(review: Json | None) -> Answer:
    if review is None:
        return Answer.UNKNOWN
    return Answer.YES if mapping(review.get("status")).get("allowed") is True else Answer.NO
