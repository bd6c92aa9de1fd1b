"""
Stand-ins for vendors' metrics exporters (`standins/exporter.py`), one for each node.

They follow the fixture device plugin: which devices a node offers, and which pod holds which.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from e2e.lab.accelerators import RESOURCE
from e2e.lab.lab import Lab
from e2e.platforms.objects import applied, namespace, service_account
from e2e.platforms.standin import Control, Workload, running
from e2e.platforms.standins.vendors import VENDORS

NAMESPACE = "platform-exporter"
MUTANTS = ("constant", "no-memory", "wrong-unit", "missing-device", "stale")


@dataclass(frozen=True)
class Exporters:
    """One exporter a node."""

    vendor: str
    app: str
    port: int
    nodes: Mapping[str, Control]
    namespace: str = NAMESPACE

    def page(self, node: str) -> str:
        """What Prometheus would be given now."""
        return self.nodes[node].page("/metrics")

    def set_load(self, node: str, index: int, *, utilization: float, memory_bytes: int) -> None:
        """Say how busy a device is, whoever holds it."""
        load = {str(index): {"utilization": utilization, "memory_bytes": memory_bytes}}
        self.nodes[node].set(load=load)

    def follow(self) -> None:
        """Forget what was set: a device is as busy as the pod that holds it."""
        for control in self.nodes.values():
            control.set(load={})

    @contextmanager
    def mutant(self, *names: str) -> Iterator[None]:
        """Misbehave on every node: see MUTANTS."""
        unknown = set(names) - set(MUTANTS)
        if unknown:
            raise ValueError(f"no such mutant: {', '.join(sorted(unknown))}")
        with ExitStack() as stack:
            for control in self.nodes.values():
                stack.enter_context(control.mutant(*names))
            yield


@contextmanager
def exporters(
    lab: Lab, *nodes: str, vendor: str = "nvidia", resource: str = RESOURCE, annotated: bool = True
) -> Iterator[Exporters]:
    """
    A vendor's exporter on each of these nodes, for the block.

    Args:
        lab: A lab that is up.
        nodes: By name; the fixture device plugin should run there.
        vendor: A key of `vendors.VENDORS`: nvidia, amd, intel, gaudi, neuron, tpu, otel.
        resource: The extended resource whose devices it watches.
        annotated: With `prometheus.io/scrape` annotations; else found by label or port only.
    """
    kind = VENDORS[vendor]
    workloads = {node: _workload(node, vendor, resource, annotated) for node in nodes}
    rules: list[dict[str, Any]] = [
        {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["nodes/proxy", "nodes/stats"], "verbs": ["get"]},
    ]
    with namespace(lab, NAMESPACE), ExitStack() as stack:
        for workload in workloads.values():
            account = service_account(workload.name, namespace=NAMESPACE, rules=rules)
            stack.enter_context(applied(lab, account))
        service = _service(kind.app, kind.port, list(nodes))
        stack.enter_context(applied(lab, [service]))
        pods: AbstractContextManager[None] = running(lab, *workloads.values())
        stack.enter_context(pods)
        controls = {node: workload.control(lab) for node, workload in workloads.items()}
        yield Exporters(vendor=vendor, app=kind.app, port=kind.port, nodes=controls)


def _workload(node: str, vendor: str, resource: str, annotated: bool) -> Workload:
    kind = VENDORS[vendor]
    notes = {"prometheus.io/scrape": "true", "prometheus.io/port": str(kind.port)}
    return Workload(
        name=f"{kind.app}-{node}",
        program="exporter",
        namespace=NAMESPACE,
        port=kind.port,
        node=node,
        labels={"app": kind.app},
        annotations=notes if annotated else {},
        env={"NODE": node, "VENDOR": vendor, "RESOURCE": resource},
    )


def _service(app: str, port: int, nodes: Sequence[str]) -> dict[str, Any]:
    ports = [{"name": "metrics", "port": port}] if nodes else []
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": app, "namespace": NAMESPACE, "labels": {"app": app}},
        "spec": {"selector": {"app": app}, "ports": ports},
    }
