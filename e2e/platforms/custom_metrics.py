"""
The custom metrics API, served by the Kubernetes project's own test adapter.

The adapter serves what is written to it. A bridge of ours (`standins/bridge.py`) beside it writes
the gauges of pods that ask to be scraped, as a Prometheus adapter's rules would.
"""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from e2e.lab.errors import CommandError
from e2e.lab.lab import Lab
from e2e.lab.shell import wait_for
from e2e.platforms import programs, standin
from e2e.platforms.admission import rewriting
from e2e.platforms.objects import (
    Manifest,
    applied,
    documents,
    namespace,
    nobody_behind,
    pod_address,
    rolled_out,
    service_account,
)
from e2e.platforms.standin import Control

NAMESPACE = "custom-metrics"  # as the adapter's own manifest has it
NAME = "custom-metrics-apiserver"
MODULE = "sigs.k8s.io/custom-metrics-apiserver"
SELECTOR = f"app={NAME}"
API = "/apis/custom.metrics.k8s.io/v1beta2"
# That name belongs to KEDA, where it is installed.
FOREIGN = "v1beta1.external.metrics.k8s.io"
BRIDGE_PORT = 8081


@dataclass(frozen=True)
class CustomMetrics:
    """The adapter and its bridge at work."""

    lab: Lab
    bridge: Control
    namespace: str = NAMESPACE

    def read(self, *, namespace: str, of: str, metric: str) -> float | None:
        """A metric as an HPA sees it; `of` is "pods/<name>" or "services/<name>"."""
        try:
            text = self.lab.kubectl("get", "--raw", f"{API}/namespaces/{namespace}/{of}/{metric}")
        except CommandError:
            return None
        quantity = json.loads(text)["items"][0]["value"]
        return float(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)

    def write(self, quantity: str, *, namespace: str, of: str, metric: str) -> None:
        """Set a metric by hand, which the bridge overwrites if a pod has a gauge of this name."""
        address = pod_address(self.lab, SELECTOR, namespace=self.namespace)
        url = f"http://{address}:8080/write-metrics/namespaces/{namespace}/{of}/{metric}"
        kind = {"Content-Type": "application/json"}
        body = json.dumps(quantity).encode()
        request = urllib.request.Request(url, data=body, headers=kind, method="POST")
        standin.DIRECT.open(request, timeout=10).close()

    @contextmanager
    def constant(self) -> Iterator[None]:
        """Mutant: every metric keeps the value that it had first."""
        with self.bridge.mutant("constant"):
            yield

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Mutant: the API is registered and nobody serves it."""
        with nobody_behind(self.lab, NAME, namespace=self.namespace, selector=SELECTOR):
            yield
        _ready(self.lab)


@contextmanager
def custom_metrics(lab: Lab) -> Iterator[CustomMetrics]:
    """The adapter, available, for the block."""
    binary = programs.binary(programs.CUSTOM_METRICS, "test-adapter")
    image = programs.load_image(lab, "custom-metrics", {"/test-adapter": binary}, "/test-adapter")
    found = _manifests(image, standin.load_image(lab))
    rules = [{"apiGroups": [""], "resources": ["pods", "services"], "verbs": ["list"]}]
    account = service_account(f"{NAME}-bridge", namespace=NAMESPACE, rules=rules)
    for each in account:
        for subject in each.get("subjects", ()):
            subject["name"] = NAME
    with (
        namespace(lab, NAMESPACE),
        applied(lab, [*account[1:], standin.source("standins", namespace=NAMESPACE)]),
        applied(lab, found),
    ):
        _ready(lab)
        yield CustomMetrics(lab, Control(lab, NAMESPACE, SELECTOR, port=BRIDGE_PORT))


@contextmanager
def never_scaling_down(lab: Lab) -> Iterator[None]:
    """Mutant of the platform: a policy of the site takes every HPA's way down away."""
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
    }
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "nobody"}
    probe: Manifest = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "aiconform-lab-probe", "namespace": "default"},
        "spec": {
            "scaleTargetRef": target,
            "minReplicas": 1,
            "maxReplicas": 2,
            "metrics": [metric],
            "behavior": {"scaleDown": {"selectPolicy": "Max"}},
        },
    }
    path = "/spec/behavior/scaleDown/selectPolicy"
    with rewriting(
        lab,
        "aiconform-lab-never-down",
        group="autoscaling",
        version="v2",
        resource="horizontalpodautoscalers",
        condition="has(object.spec.behavior) && has(object.spec.behavior.scaleDown)",
        patches=f'[JSONPatch{{op: "add", path: "{path}", value: "Disabled"}}]',
        probe=probe,
        rewritten=lambda hpa: hpa["spec"]["behavior"]["scaleDown"]["selectPolicy"] == "Disabled",
    ):
        yield


def _ready(lab: Lab) -> None:
    rolled_out(lab, f"deploy/{NAME}", namespace=NAMESPACE)
    wait_for("the custom metrics API", lambda: bool(lab.kubectl("get", "--raw", API)), limit_s=60)


def _manifests(image: str, python: str) -> list[dict[str, Any]]:
    """The adapter's own manifest, with our image and the bridge beside it."""
    folder = programs.module_folder(programs.CUSTOM_METRICS, MODULE)
    text = (folder / "test-adapter-deploy" / "testing-adapter.yaml").read_text()
    found = [d for d in documents(text) if d["metadata"]["name"] != FOREIGN]
    found = [d for d in found if d["kind"] != "Namespace"]
    (deployment,) = [d for d in found if d["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    pod["terminationGracePeriodSeconds"] = 1
    adapter = pod["containers"][0]
    adapter["image"], adapter["imagePullPolicy"] = image, "Never"
    adapter["args"] = [a for a in adapter["args"] if not a.startswith("--v")]
    mounts, volumes = standin.volumes_of("standins", config_map="standins", at=standin.SOURCE_MOUNT)
    bridge = standin.container("bridge", python, port=BRIDGE_PORT)
    pod["containers"].append({**bridge, "volumeMounts": mounts})
    pod["volumes"] += volumes
    return found
