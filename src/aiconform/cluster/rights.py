"""
Every right that the coordinator uses: the chart's RBAC is exactly this, and `aiconform rights`
shows it. The rights that every authenticated account has (discovery, asking for its own rights)
are not listed.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Right:
    """
    One verb on one resource.

    `names` with "{job}" for the release's full name; empty: any name. `switch` is the chart value
    that leaves the right out; empty: it cannot be left out.
    """

    verb: str
    group: str
    resource: str  # with subresource: "pods/log"
    namespaced: bool  # in the run's own namespace; False: in the whole cluster
    why: str
    lost_without: str
    names: tuple[str, ...] = ()
    switch: str = ""
    # Of a namespaced right: the run's own namespace, or one of those that checks work in.
    namespace: Literal["own", "work", "probe"] = "own"

    def __str__(self) -> str:
        return f"{self.verb} {self.qualified}"

    @property
    def qualified(self) -> str:
        """As kubectl has it: "daemonsets.apps", "pods/log"."""
        resource, slash, subresource = self.resource.partition("/")
        group = f".{self.group}" if self.group else ""
        return f"{resource}{group}{slash}{subresource}"

    def names_of(self, job: str) -> tuple[str, ...]:
        return tuple(name.format(job=job) for name in self.names)


def hint_for(verb: str, resource: str) -> str:
    """What to set so that the right is granted; `resource` as in `Right.qualified`."""
    for right in RIGHTS:
        if right.verb == verb and right.qualified == resource and right.switch:
            return (
                f"Set {right.switch}=true in the chart's values; lost without: {right.lost_without}"
            )
    return (
        "Set rbac.create=true and rbac.tier=full in the chart's values, "
        f"or grant '{verb}' on '{resource}'"
    )


_AGENTS = "no node is probed"

RIGHTS: tuple[Right, ...] = (
    Right(
        verb="list",
        group="",
        resource="nodes",
        namespaced=False,
        why="the survey: every node is probed, or left out with its reason",
        lost_without="nothing can be planned",
    ),
    Right(
        verb="watch",
        group="",
        resource="nodes",
        namespaced=False,
        why="a node that fails during the run is named at once",
        lost_without="a lost node is noticed only by its silence",
    ),
    Right(
        verb="create",
        group="authentication.k8s.io",
        resource="tokenreviews",
        namespaced=False,
        why="an agent's token is checked: which pod on which node speaks",
        lost_without="no agent's word is accepted, so nothing is measured",
        switch="rbac.tokenReview",
    ),
    Right(
        verb="list",
        group="",
        resource="pods",
        namespaced=False,
        why="counts which accelerators are in use, so that only free ones are claimed",
        lost_without="no accelerator is claimed, since it may be in use",
        switch="rbac.countForeignPods",
    ),
    Right(
        verb="list",
        group="",
        resource="pods",
        namespaced=True,
        why="the state of the agents' pods",
        lost_without="a node whose agent cannot start has no reason, only silence",
    ),
    Right(
        verb="watch",
        group="",
        resource="pods",
        namespaced=True,
        why="the state of the agents' pods, as it changes",
        lost_without="a node whose agent cannot start has no reason, only silence",
    ),
    Right(
        verb="get",
        group="",
        resource="pods/log",
        namespaced=True,
        why="the last words of an agent that ended",
        lost_without="an agent's end is reported without its last words",
    ),
    *(
        Right(
            verb=verb,
            group="apps",
            resource="daemonsets",
            namespaced=True,
            why=why,
            lost_without=_AGENTS if verb != "delete" else "agents stay until the Job is deleted",
        )
        for verb, why in (
            ("create", "starts the agents"),
            ("get", "takes over agents that are there already after a restart"),
            ("update", "takes over agents that are there already after a restart"),
            ("delete", "removes the agents at the end"),
        )
    ),
    Right(
        verb="create",
        group="",
        resource="configmaps",
        namespaced=True,
        why="gives agents the certificate that the collector proves itself with",
        lost_without=_AGENTS,
    ),
    *(
        Right(
            verb=verb,
            group="",
            resource="configmaps",
            namespaced=True,
            names=("{job}-agent",),
            why="renews that certificate after a restart of the coordinator, and removes it",
            lost_without=lost,
        )
        for verb, lost in (
            ("get", "a restarted coordinator cannot go on"),
            ("update", "a restarted coordinator cannot go on"),
            ("delete", "the ConfigMap stays until the Job is deleted"),
        )
    ),
    Right(
        verb="patch",
        group="",
        resource="configmaps",
        namespaced=True,
        names=("{job}-status",),
        why="says how far the run is",
        lost_without="`aiconform follow` sees no progress",
    ),
    Right(
        verb="get",
        group="",
        resource="services",
        namespaced=True,
        names=("{job}-collector",),
        why="the address under which agents reach the collector",
        lost_without=_AGENTS,
    ),
    Right(
        verb="get",
        group="batch",
        resource="jobs",
        namespaced=True,
        names=("{job}",),
        why="the Job owns what the run makes, so that deleting it removes everything",
        lost_without=_AGENTS,
    ),
)
