"""
A real autoscaler: Karpenter, whose nodes are kwok's: objects without a machine behind them.

Both run as processes. Pods on such nodes become Running and Succeeded by kwok's rules and print
nothing. The NodePool has a taint of its own, so that nobody else's pending pods make nodes.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.lab import network
from e2e.lab.lab import Lab
from e2e.lab.shell import wait_for
from e2e.platforms import programs
from e2e.platforms.admission import rewriting
from e2e.platforms.objects import Manifest, applied, documents, established, items

NODE = "node1"  # beside whose kubelet the two programs run
POOL = "lab-accelerated"
POOL_LABEL = "karpenter.sh/nodepool"
TAINT = {"key": "aiconform.dev/lab-pool", "value": POOL, "effect": "NoSchedule"}
RESOURCE = "example.com/accel"
DEVICES = 8
PODS = "10.216.0.0/24"  # addresses of pods that do not exist
STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
)
FAKE = "kwok.x-k8s.io/node"


@dataclass(frozen=True)
class Karpenter:
    """Karpenter at work."""

    lab: Lab
    pool: str = POOL
    resource: str = RESOURCE
    devices_per_node: int = DEVICES

    @property
    def selector(self) -> Mapping[str, str]:
        """The label of the pool's nodes."""
        return {POOL_LABEL: self.pool}

    @property
    def tolerations(self) -> list[dict[str, str]]:
        """What a pod needs to be let onto the pool's nodes."""
        return [{"key": TAINT["key"], "operator": "Exists"}]

    @property
    def agreed(self) -> dict[str, Any]:
        """The check's settings: the site agrees to new nodes, of this pool."""
        pool = {
            "selector": dict(self.selector),
            "resource": self.resource,
            "devicesPerNode": self.devices_per_node,
            "tolerations": self.tolerations,
        }
        return {"consent": True, "pool": pool}

    def nodes(self) -> list[dict[str, Any]]:
        """The pool's nodes now."""
        return items(self.lab, "nodes", "-l", f"{POOL_LABEL}={self.pool}")

    @property
    def whole_node(self) -> Manifest:
        """Specification of a pod that needs all devices of a node of the pool."""
        limits = {self.resource: str(self.devices_per_node)}
        return {
            "nodeSelector": dict(self.selector),
            "tolerations": self.tolerations,
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "main", "image": "none", "resources": {"limits": limits}}],
        }

    @contextmanager
    def never_removing(self) -> Iterator[None]:
        """Mutant: nodes come, and stay when nobody needs them any more."""
        with self._changed({"disruption": {"consolidateAfter": "Never"}}, disruption()):
            yield

    @contextmanager
    def never_adding(self) -> Iterator[None]:
        """Mutant: the pool may not grow."""
        with self._changed({"limits": {"cpu": "0"}}, {"limits": None}):
            yield

    @contextmanager
    def wrong_type(self) -> Iterator[None]:
        """Mutant: a node that is added has no accelerator, whatever was ordered."""
        key = self.resource.replace("/", "~1")
        patches = ", ".join(
            f'JSONPatch{{op: "add", path: "/status/{part}/{key}", value: "0"}}'
            for part in ("capacity", "allocatable")
        )
        resources = {"cpu": "1", self.resource: "8"}
        probe: Manifest = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": "aiconform-lab-probe", "annotations": {FAKE: "fake"}},
            "status": {"capacity": resources, "allocatable": resources},
        }
        with rewriting(
            self.lab, "aiconform-lab-wrong-type", group="", version="v1", resource="nodes",
            operations=("CREATE",), patches=f"[{patches}]", probe=probe,
            condition=f"object.?metadata.annotations['{FAKE}'].hasValue()",
            rewritten=lambda node: node["status"]["allocatable"][self.resource] == "0",
        ):  # fmt: skip
            yield

    @contextmanager
    def _changed(self, spec: Mapping[str, Any], back: Mapping[str, Any]) -> Iterator[None]:
        self._patch(spec)
        try:
            yield
        finally:
            self._patch(back)

    def _patch(self, spec: Mapping[str, Any]) -> None:
        text = json.dumps({"spec": spec})
        self.lab.kubectl("patch", "nodepool", self.pool, "--type=merge", "-p", text)


@contextmanager
def karpenter(lab: Lab) -> Iterator[Karpenter]:
    """Karpenter with one NodePool that scales from zero, for the block."""
    kwok = programs.binary(programs.KWOK, "kwok")
    binary = programs.binary(programs.KARPENTER, "karpenter")
    source = programs.module_folder(programs.KARPENTER, "sigs.k8s.io/karpenter")
    folders = (source / "pkg" / "apis" / "crds", source / "kwok" / "apis" / "crds")
    files = sorted(path for folder in folders for path in folder.glob("*.yaml"))
    definitions = [d for path in files for d in documents(path.read_text())]
    with tempfile.TemporaryDirectory(prefix="karpenter-") as text, applied(lab, definitions):
        established(lab, definitions)
        folder = Path(text)
        with (
            _process(lab, "kwok", _kwok(lab, kwok, folder)),
            _process(lab, "karpenter", _karpenter(binary, folder), **_environment(lab)),
            applied(lab, [_node_class(), node_pool()]),
        ):
            wait_for(f"NodePool {POOL}", lambda: _is_ready(lab), limit_s=90)
            try:
                yield Karpenter(lab)
            finally:
                _empty(lab)


@contextmanager
def _process(lab: Lab, name: str, argv: list[str], **env: str) -> Iterator[None]:
    lab.start_process_on(NODE, argv, name=name, **env)
    try:
        yield
    finally:
        lab.stop_process_on(NODE, name)


def _kwok(lab: Lab, binary: Path, folder: Path) -> list[str]:
    source = programs.module_folder(programs.KWOK, "sigs.k8s.io/kwok") / "kustomize" / "stage"
    stages = folder / "stages.yaml"
    stages.write_text("\n---\n".join((source / stage).read_text() for stage in STAGES))
    return [
        str(binary), f"--config={stages}", f"--kubeconfig={lab.env()['KUBECONFIG']}",
        f"--manage-nodes-with-annotation-selector={FAKE}=fake", f"--cidr={PODS}",
        f"--node-ip={network.HOST_ADDRESS}", "--node-lease-duration-seconds=40",
        "--server-address=127.0.0.1:10247",
    ]  # fmt: skip


def _karpenter(binary: Path, folder: Path) -> list[str]:
    types = folder / "types.json"
    types.write_text(json.dumps([instance_type()]))
    return [
        str(binary), f"--instance-types-file-path={types}", "--disable-leader-election",
        "--metrics-port=18080", "--health-probe-port=18081",
    ]  # fmt: skip


def _environment(lab: Lab) -> dict[str, str]:
    return {
        "KUBECONFIG": lab.env()["KUBECONFIG"],
        "SYSTEM_NAMESPACE": "kube-system",
        "KARPENTER_SERVICE": "karpenter",
        "KUBERNETES_MIN_VERSION": "1.19.0-0",
    }


def instance_type() -> dict[str, Any]:
    """The one machine that can be had."""
    offered = {"karpenter.sh/capacity-type": "on-demand", "topology.kubernetes.io/zone": "lab-a"}
    requirements = [{"key": k, "operator": "In", "values": [v]} for k, v in offered.items()]
    return {
        "name": "accelerated-8x",
        "architecture": "amd64",
        "operatingSystems": ["linux"],
        "resources": {
            "cpu": "32",
            "memory": "256Gi",
            "ephemeral-storage": "100Gi",
            "pods": "110",
            RESOURCE: str(DEVICES),
        },
        "offerings": [{"Price": 1.0, "Available": True, "Requirements": requirements}],
    }


def disruption() -> dict[str, Any]:
    """Remove an empty node soon."""
    return {
        "disruption": {
            "consolidationPolicy": "WhenEmpty",
            "consolidateAfter": "10s",
            "budgets": [{"nodes": "100%"}],
        }
    }


def node_pool() -> dict[str, Any]:
    """The pool under test."""
    reference = {"group": "karpenter.kwok.sh", "kind": "KWOKNodeClass", "name": "lab"}
    wanted = [{"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]}]
    node = {"nodeClassRef": reference, "requirements": wanted, "taints": [TAINT]}
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": POOL},
        "spec": {"template": {"spec": node}, **disruption()},
    }


def _node_class() -> dict[str, Any]:
    version = "karpenter.kwok.sh/v1alpha1"
    return {"apiVersion": version, "kind": "KWOKNodeClass", "metadata": {"name": "lab"}}


def _is_ready(lab: Lab) -> bool:
    (pool,) = items(lab, "nodepool", POOL)
    conditions = pool.get("status", {}).get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _empty(lab: Lab) -> None:
    """Have every node of the pool gone while there is still somebody to remove it."""
    lab.kubectl("delete", "nodepool", POOL, "--wait=false")
    lab.kubectl("delete", "nodeclaims", "-l", f"{POOL_LABEL}={POOL}", "--timeout=90s")
    gone = ("--for=delete", "nodes", "-l", f"{POOL_LABEL}={POOL}", "--timeout=60s")
    lab.kubectl("wait", *gone)
