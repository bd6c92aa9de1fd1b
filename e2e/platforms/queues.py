"""
Stand-ins for Kueue, Volcano, KAI and coscheduling (`standins/queues.py`), one at a time.

Their CustomResourceDefinitions have the real names and versions, and schemas that take anything:
they are for testing how a check finds, feeds and reads these solutions, and for nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from e2e.lab.accelerators import RESOURCE
from e2e.lab.lab import Lab
from e2e.platforms.objects import Manifest, applied, established, namespace, service_account
from e2e.platforms.standin import Control, Workload, running
from e2e.platforms.standins.groups import SCHEDULERS

NAMESPACE = "platform-queues"
KUEUE = "kueue.x-k8s.io"
MUTANTS = ("partial", "refuses")
FLAVOURS = ("kueue", *SCHEDULERS)
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


@dataclass(frozen=True)
class Queues:
    """One queueing or gang-scheduling stand-in at work."""

    flavour: str
    control: Control
    scheduler_name: str  # "" for Kueue, whose Jobs go to the default scheduler
    queue: str = ""  # of Kueue: the LocalQueue in each of the namespaces
    namespace: str = NAMESPACE

    @contextmanager
    def mutant(self, name: str) -> Iterator[None]:
        """Mutant: "partial" (a gang is let in by parts) or "refuses" (none ever is)."""
        if name not in MUTANTS:
            raise ValueError(f"no such mutant: {name}")
        with self.control.mutant(name):
            yield


@contextmanager
def queues(
    lab: Lab,
    flavour: str,
    *,
    resource: str = RESOURCE,
    quota: int = 2,
    namespaces: Sequence[str] = (),
) -> Iterator[Queues]:
    """
    One of the stand-ins with its API, for the block.

    Args:
        lab: A lab that is up.
        flavour: kueue, volcano, kai or coscheduling.
        resource: The extended resource that it counts.
        quota: Of Kueue's one ClusterQueue.
        namespaces: Where LocalQueues named "lab" lead to it; they must exist.
    """
    if flavour not in FLAVOURS:
        raise ValueError(f"no such stand-in: {flavour}")
    scheduler = SCHEDULERS.get(flavour)
    definitions = _kueue_crds() if scheduler is None else _scheduler_crds(flavour)
    name = "kueue-controller-manager" if scheduler is None else scheduler.name
    workload = Workload(
        name=name,
        program="queues",
        namespace=NAMESPACE,
        env={"FLAVOUR": flavour, "RESOURCE": resource},
    )
    with namespace(lab, NAMESPACE), ExitStack() as stack:
        account = service_account(name, namespace=NAMESPACE, rules=_rules(flavour))
        stack.enter_context(applied(lab, account))
        stack.enter_context(applied(lab, definitions))
        established(lab, definitions)
        if scheduler is None:
            stack.enter_context(applied(lab, _kueue_objects(resource, quota, namespaces)))
        stack.enter_context(running(lab, workload))
        yield Queues(
            flavour=flavour,
            control=workload.control(lab),
            scheduler_name=scheduler.name if scheduler else "",
            queue="lab" if namespaces and scheduler is None else "",
        )


def _rules(flavour: str) -> list[Manifest]:
    if flavour == "kueue":
        names = ["workloads", "workloads/status", "localqueues", "clusterqueues"]
        own = {"apiGroups": [KUEUE], "resources": names, "verbs": ["*"]}
        jobs = {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["list", "patch"]}
        # A Workload names its Job as owner, which only who may finalize Jobs may do where the
        # admission plugin for that is on.
        return [
            own,
            jobs,
            {"apiGroups": ["batch"], "resources": ["jobs/finalizers"], "verbs": ["update"]},
        ]
    group = SCHEDULERS[flavour].group
    own = {
        "apiGroups": [group],
        "resources": ["podgroups", "podgroups/status"],
        "verbs": ["get", "patch"],
    }
    core: Manifest = {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["list"]}
    bind: Manifest = {"apiGroups": [""], "resources": ["pods/binding"], "verbs": ["create"]}
    say: Manifest = {"apiGroups": [""], "resources": ["pods/status"], "verbs": ["patch"]}
    return [own, core, bind, say]


def _kueue_crds() -> list[dict[str, Any]]:
    kinds = {
        "ResourceFlavor": "Cluster",
        "ClusterQueue": "Cluster",
        "LocalQueue": "Namespaced",
        "Workload": "Namespaced",
    }
    return [
        definition(KUEUE, kind, ("v1beta2", "v1beta1"), scope=scope)
        for kind, scope in kinds.items()
    ]


def _scheduler_crds(flavour: str) -> list[dict[str, Any]]:
    scheduler = SCHEDULERS[flavour]
    found = [definition(scheduler.group, "PodGroup", (scheduler.version,), scope="Namespaced")]
    queue = {"volcano": ("v1beta1",), "kai": ("v2",)}.get(flavour)
    if queue:
        found.append(definition(scheduler.group, "Queue", queue, scope="Cluster"))
    return found


def definition(group: str, kind: str, versions: Sequence[str], *, scope: str) -> dict[str, Any]:
    """A CustomResourceDefinition that takes anything; the first version is the stored one."""
    singular = kind.lower()
    names = {
        "kind": kind,
        "listKind": f"{kind}List",
        "singular": singular,
        "plural": f"{singular}s",
    }
    schema = {"type": "object", "properties": {"spec": OPEN, "status": OPEN}}
    served = [
        {
            "name": version,
            "served": True,
            "storage": number == 0,
            "schema": {"openAPIV3Schema": schema},
            "subresources": {"status": {}},
        }
        for number, version in enumerate(versions)
    ]
    # Groups below k8s.io belong to the project, and want a note of its approval.
    note = {"api-approved.kubernetes.io": "unapproved, a stand-in of a test lab"}
    metadata: dict[str, Any] = {"name": f"{names['plural']}.{group}", "annotations": note}
    spec = {"group": group, "scope": scope, "names": names, "versions": served}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }


def _kueue_objects(resource: str, quota: int, namespaces: Sequence[str]) -> list[Manifest]:
    def of_kueue(kind: str, metadata: Mapping[str, str], spec: Mapping[str, Any]) -> Manifest:
        version = f"{KUEUE}/v1beta2"
        return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}

    counted = {"name": resource, "nominalQuota": str(quota)}
    flavors = [{"name": "lab", "resources": [counted]}]
    spec = {
        "namespaceSelector": {},
        "preemption": {"reclaimWithinCohort": "Never", "withinClusterQueue": "Never"},
        "resourceGroups": [{"coveredResources": [resource], "flavors": flavors}],
    }
    return [
        of_kueue("ResourceFlavor", {"name": "lab"}, {}),
        of_kueue("ClusterQueue", {"name": "lab"}, spec),
        *(
            of_kueue("LocalQueue", {"name": "lab", "namespace": each}, {"clusterQueue": "lab"})
            for each in namespaces
        ),
    ]
