"""Pods are scaled by a metric of their own on the lab; the mutants freeze it or never shrink."""

import time

import pytest

from e2e.lab.lab import Lab
from e2e.lab.shell import wait_for
from e2e.platforms import standin
from e2e.platforms.custom_metrics import custom_metrics, never_scaling_down
from e2e.platforms.objects import applied, items, namespace
from e2e.tests.platform_pods import NAMESPACE, SERVER, one, pod_spec, serve

pytestmark = [
    pytest.mark.lab,
    pytest.mark.long,
    pytest.mark.usefixtures("tidy"),
    pytest.mark.timeout(900, func_only=True),
]
METRIC = "aiconform_queue_depth"
OBJECT = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"}
HPA = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "app", "namespace": NAMESPACE},
    "spec": {
        "scaleTargetRef": OBJECT,
        "minReplicas": 1,
        "maxReplicas": 2,
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
        "metrics": [
            {
                "type": "Pods",
                "pods": {
                    "metric": {"name": METRIC},
                    "target": {"type": "AverageValue", "averageValue": "10"},
                },
            }
        ],
    },
}


def page(value: int) -> str:
    return f"# TYPE {METRIC} gauge\n{METRIC} {value}\n"


def test_hpa_follows_a_gauge_and_mutants_freeze_it_or_never_scale_down(lab: Lab) -> None:
    image = standin.load_image(lab)
    notes = {"prometheus.io/scrape": "true", "prometheus.io/port": "8000"}
    template = {
        "metadata": {"labels": {"app": "app"}, "annotations": notes},
        "spec": pod_spec(image, SERVER, PAGE=page(0)),
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "app", "namespace": NAMESPACE},
        "spec": {"selector": {"matchLabels": {"app": "app"}}, "template": template},
    }

    def desired() -> int:
        return int(one(lab, "hpa/app").get("status", {}).get("desiredReplicas", 0))

    def wait_for_replicas(count: int) -> None:
        wait_for(f"{count} wanted", lambda: desired() == count, limit_s=120)

    with namespace(lab, NAMESPACE), custom_metrics(lab) as found, applied(lab, [deployment]):
        lab.kubectl("-n", NAMESPACE, "rollout", "status", "deploy/app", "--timeout=90s")
        name = items(lab, "pods", "-n", NAMESPACE)[0]["metadata"]["name"]

        def metric() -> float | None:
            return found.read(namespace=NAMESPACE, of=f"pods/{name}", metric=METRIC)

        wait_for("the metric", lambda: metric() == 0, limit_s=60)
        with applied(lab, [HPA]):
            serve(lab, "app=app", page(20))
            wait_for_replicas(2)
            lab.kubectl("-n", NAMESPACE, "rollout", "status", "deploy/app", "--timeout=90s")
            serve(lab, "app=app", page(0))
            wait_for_replicas(1)
        with found.constant():
            serve(lab, "app=app", page(20))
            time.sleep(4)
            assert metric() == 0
        with never_scaling_down(lab), applied(lab, [HPA]):
            wait_for_replicas(2)
            lab.kubectl("-n", NAMESPACE, "rollout", "status", "deploy/app", "--timeout=90s")
            serve(lab, "app=app", page(0))
            time.sleep(45)
            assert metric() == 0
            assert desired() == 2
        with found.stopped():
            assert metric() is None
