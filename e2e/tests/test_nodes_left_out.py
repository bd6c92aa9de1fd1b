"""Every node ends with a report or with a reason."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from e2e import product
from e2e.lab.lab import Lab

pytestmark = pytest.mark.lab


@contextmanager
def tainted(lab: Lab, node: str, taint: str) -> Iterator[None]:
    lab.kubectl("taint", "node", node, taint)
    try:
        yield
    finally:
        lab.kubectl("taint", "node", node, f"{taint}-")


@contextmanager
def filled(lab: Lab, node: str) -> Iterator[None]:
    """A foreign pod that takes nearly all of a node's CPU."""
    allocatable = lab.kubectl("get", "node", node, "-o", "jsonpath={.status.allocatable.cpu}")
    millicores = int(allocatable.removesuffix("m")) * (1 if allocatable.endswith("m") else 1000)
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "foreign", "namespace": "default"},
        "spec": {
            "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchFields": [
                    {"key": "metadata.name", "operator": "In", "values": [node]}]}]}}},
            "terminationGracePeriodSeconds": 0,
            "containers": [{
                "name": "sleep",
                "image": "docker.io/lab/pause:1",
                "imagePullPolicy": "Never",
                "resources": {"requests": {"cpu": f"{millicores - 10 - _requested(lab, node)}m"}},
            }],
        },
    }  # fmt: skip
    lab.kubectl("apply", "-f", "-", input=json.dumps(pod))
    try:
        product.wait_for(
            "the foreign pod to be bound",
            lambda: lab.kubectl("get", "pod", "foreign", "-o", "jsonpath={.spec.nodeName}") == node,
        )
        yield
    finally:
        lab.kubectl("delete", "pod", "foreign", "--grace-period=0", "--force")


def _requested(lab: Lab, node: str) -> int:
    """Millicores that the pods of a node ask for, once none of them is on its way out."""
    product.wait_for("the node's ended pods to go", lambda: not _going(_pods(lab, node)))
    asked = [
        container.get("resources", {}).get("requests", {}).get("cpu", "0m")
        for pod in _pods(lab, node)
        for container in pod["spec"]["containers"]
    ]
    return sum(int(a.removesuffix("m")) * (1 if a.endswith("m") else 1000) for a in asked)


def _pods(lab: Lab, node: str) -> list[dict[str, Any]]:
    """The pods that take room on a node."""
    found = lab.kubectl(
        "get", "pods", "-A", "--field-selector", f"spec.nodeName={node}", "-o", "json"
    )
    return [
        pod
        for pod in json.loads(found)["items"]
        if pod["status"].get("phase") not in {"Succeeded", "Failed"}
    ]


def _going(pods: list[dict[str, Any]]) -> list[str]:
    return [p["metadata"]["name"] for p in pods if p["metadata"].get("deletionTimestamp")]


def ledger(run: product.Run) -> dict[str, tuple[str, str | None, str]]:
    return {
        entry["name"]: (entry["state"], entry["reason"], entry["sentence"])
        for entry in run.summary["ledger"]
        if entry["kind"] == "node"
    }


def test_tainted_full_and_imageless_nodes_are_each_ledgered_with_their_reason(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    """Three troubles in one run: the fourth node still gets its verdict."""
    with (
        tainted(lab, "node1", "team=vision:NoSchedule"),
        filled(lab, "node2"),
        lab.without_image("node3", images.engine),
    ):
        run = product.run(
            lab, images, results, "--name", "left-out", "--set", "run.limits.startS=25",
            "--set", "coordinator.nodeSelector.kubernetes\\.io/hostname=node4",
        )  # fmt: skip

    found = ledger(run)
    assert found["node1"][:2] == ("excluded", "Tainted")
    assert "team=vision:NoSchedule" in found["node1"][2]
    assert found["node2"][1] == "Unschedulable"
    assert "cpu" in found["node2"][2].lower()
    assert found["node3"][1] in {"ErrImageNeverPull", "ImagePullBackOff", "ErrImagePull"}
    assert images.engine in found["node3"][2]
    assert found["node4"][0] == "tested"
    assert run.verdicts("node")["node4"] == "PASS"
    assert run.exit_code == 3, run.output
