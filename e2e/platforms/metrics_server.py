"""The real metrics-server: CPU and memory of pods and nodes, and no custom metric."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from e2e.lab.lab import Lab
from e2e.lab.shell import wait_for
from e2e.platforms import programs
from e2e.platforms.objects import applied, documents, rolled_out

NAMESPACE = "kube-system"  # as its own manifest has it
NAME = "metrics-server"
MODULE = "sigs.k8s.io/metrics-server"
AUTHORITY = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"


@contextmanager
def metrics_server(lab: Lab) -> Iterator[None]:
    """`kubectl top` answers, for the block."""
    binary = programs.binary(programs.METRICS_SERVER, NAME)
    image = programs.load_image(lab, NAME, {"/metrics-server": binary}, "/metrics-server")
    with _pods_gone_after(lab), applied(lab, _manifests(lab, image)):
        rolled_out(lab, f"deploy/{NAME}", namespace=NAMESPACE)
        wait_for("figures of the nodes", lambda: bool(lab.kubectl("top", "nodes")), limit_s=90)
        yield


@contextmanager
def _pods_gone_after(lab: Lab) -> Iterator[None]:
    """The namespace is the cluster's and stays: nothing else waits for the last pod to end."""
    try:
        yield
    finally:
        gone = ("--for=delete", "--timeout=60s")
        lab.kubectl("-n", NAMESPACE, "wait", "pods", "-l", f"k8s-app={NAME}", *gone)


def _manifests(lab: Lab, image: str) -> list[dict[str, Any]]:
    base = programs.module_folder(programs.METRICS_SERVER, MODULE) / "manifests" / "base"
    found = documents(lab.kubectl("kustomize", str(base)))
    (deployment,) = [d for d in found if d["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    pod["terminationGracePeriodSeconds"] = 1
    container = pod["containers"][0]
    container["image"], container["imagePullPolicy"] = image, "Never"
    # The lab's authority signs the kubelets' serving certificates too: nothing insecure is needed.
    container["args"].append(f"--kubelet-certificate-authority={AUTHORITY}")
    container["readinessProbe"].update(initialDelaySeconds=1, periodSeconds=2, failureThreshold=30)
    return found
