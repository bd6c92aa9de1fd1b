"""The API server's side in memory: nodes, tokens, pods that start; every call is counted."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Never

from aiconform.cluster.facts import PodFacts, node_facts
from aiconform.cluster.fake import FakeCluster
from aiconform.cluster.protocol import TokenFacts
from aiconform.cluster.watch import OnNode, OnPod
from bench.agents.tokens import ACCOUNT, NAMESPACE, node_names, pod_of, token_of

REVIEW_S = 0.005  # what a TokenReview takes in a healthy cluster, about
JOB = "aiconform"
SERVICE = "aiconform-collector"


class SimulatedCluster(FakeCluster):
    """
    A cluster of like nodes, whose agents' pods run as soon as their DaemonSet is made.

    Args:
        trust: File that gets the collector's certificate authority once the agents may start.
    """

    def __init__(self, *, nodes: int, accelerators: int, trust: Path) -> None:
        self._names, self._trust = node_names(nodes), trust
        super().__init__(
            namespace=NAMESPACE,
            nodes=[_node(name, accelerators=accelerators) for name in self._names],
        )
        self.tokens = {token_of(name): _owner(name) for name in self._names}
        self._deployed = asyncio.Event()
        self.made["Job", JOB] = {"metadata": {"name": JOB, "uid": "uid-of-job"}}
        self.made["Service", SERVICE] = {"spec": {"clusterIP": "127.0.0.1"}}
        self.made["ConfigMap", f"{JOB}-status"] = {"data": {}}

    async def review_token(self, token: str, *, audience: str) -> TokenFacts | None:
        await asyncio.sleep(REVIEW_S)
        return await super().review_token(token, audience=audience)

    async def permitted(
        self, verb: str, group: str, resource: str, namespace: str | None, *, name: str = ""
    ) -> bool:
        self.calls.append("create selfsubjectaccessreviews.authorization.k8s.io")
        return await super().permitted(verb, group, resource, namespace, name=name)

    async def apply(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        made = await super().apply(manifest)
        if manifest["kind"] == "DaemonSet":
            authority = self.made["ConfigMap", f"{JOB}-agent"]["data"]["ca.crt"]
            beside = self._trust.with_suffix(".tmp")
            beside.write_text(authority)
            beside.replace(self._trust)  # there whole or not at all: the agents wait for it
            self._deployed.set()
        return made

    async def watch(self, *, namespace: str, run: str, on_pod: OnPod, on_node: OnNode) -> Never:
        """In place of `cluster.watch.watch`: tell of every node, then of its pod."""
        for node in self.node_list:
            on_node(node_facts(node))
        await self._deployed.wait()
        for name in self._names:
            on_pod(_running(name))
        await asyncio.Event().wait()
        raise AssertionError("nobody sets this event")


def _owner(node: str) -> TokenFacts:
    pod, uid = pod_of(node)
    account = f"{NAMESPACE}/{ACCOUNT}"
    return TokenFacts(service_account=account, node=node, pod=pod, pod_uid=uid)


def _running(node: str) -> PodFacts:
    pod, uid = pod_of(node)
    return PodFacts(
        name=pod,
        uid=uid,
        node=node,
        group=None,
        ip="127.0.0.1",
        phase="Running",
        ready=True,
        scheduled=True,
    )


def _node(name: str, *, accelerators: int) -> dict[str, Any]:
    resources = {"cpu": "192", "memory": "2113512740Ki", "pods": "110"}
    if accelerators:
        resources["nvidia.com/gpu"] = str(accelerators)
    _, uid = pod_of(name)
    return {
        "metadata": {"name": name, "uid": uid, "labels": _labels(name)},
        "spec": {},
        "status": {
            "allocatable": resources,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            "nodeInfo": {
                "architecture": "amd64",
                "osImage": "Ubuntu 24.04.3 LTS",
                "kernelVersion": "6.8.0-87-generic",
                "kubeletVersion": "v1.37.2",
                "containerRuntimeVersion": "containerd://2.2.1",
            },
        },
    }


def _labels(name: str) -> dict[str, str]:
    machine = {"kubernetes.io/hostname": name, "kubernetes.io/arch": "amd64"}
    features: Sequence[str] = ("avx512", "rdma.available", "numa.present", "sriov.capable")
    return machine | {f"feature.node.kubernetes.io/{each}": "true" for each in features}
