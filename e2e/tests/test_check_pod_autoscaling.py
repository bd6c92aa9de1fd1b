"""Scaling on a workload's metric on the lab: it passes, and each broken platform fails."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e import product, requirements
from e2e.lab.accelerators import DRIVER, Accelerators
from e2e.lab.lab import Lab
from e2e.platforms.custom_metrics import CustomMetrics, custom_metrics, never_scaling_down

pytestmark = [pytest.mark.lab, pytest.mark.long]

ID = "pod_autoscaling"
RESOURCE = "example.com/scaled"
COUNTED = ("--set", f"run.accelerators.extraResources={{{RESOURCE}}}")
# What the autoscaler does within its three looks and its window it does not do later either.
HURRIED = ("visibleS=60", "upS=90", "downS=120")


def check(lab: Lab, images: product.ProductImages, results: Path, *extra: str) -> product.Run:
    sets = [part for each in HURRIED for part in ("--set", f"run.checks.settings.{ID}.{each}")]
    return requirements.check(
        lab, images, results, ID, *COUNTED, *sets, *extra, limit_s=900.0
    )  # fmt: skip


@pytest.mark.usefixtures("tidy")
def test_without_a_metrics_api_it_is_not_provided(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    run = check(lab, images, results, "--name", "bare")

    assert requirements.told(run, ID) == ("FAIL", "NotProvided"), requirements.verdict(run, ID)


@pytest.fixture(scope="module")
def metrics(lab: Lab) -> Iterator[CustomMetrics]:
    with custom_metrics(lab) as found:
        yield found


@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("metrics", "tidy")
def test_custom_metrics_pass_on_two_devices(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).device_plugin("node1", "node2", count=1, resource=RESOURCE):
        run = check(lab, images, results, "--name", "hpa")

    assert requirements.told(run, ID) == ("PASS", "Ok"), requirements.verdict(run, ID)
    mandatory = {s["name"]: s["outcome"] for s in requirements.verdict(run, ID)["steps"]
                 if s["mandatory"]}  # fmt: skip
    assert set(mandatory.values()) == {"PASS"}
    assert {"p0", "p1", "q1", "p2", "q3", "p3", "q2"} < set(mandatory)
    pods = requirements.seen(run, ID)["p2"]["facts"]["pods"]
    assert {pod["node"] for pod in pods} == {"node1", "node2"}
    assert all(pod["opened"] for pod in pods)
    directory = requirements.directory(run, ID)
    for name in ("verdict.json", "steps.jsonl", "junit.xml", "e2e.log", "hpa.csv"):
        assert (directory / name).stat().st_size, name
    assert (
        "--- PASS: TestAcceleratorHorizontalPodAutoscaling" in (directory / "e2e.log").read_text()
    )


@pytest.mark.usefixtures("tidy")
def test_mutant_metric_that_never_moves_fails(
    lab: Lab, images: product.ProductImages, results: Path, metrics: CustomMetrics
) -> None:
    with Accelerators(lab).device_plugin("node1", resource=RESOURCE), metrics.constant():
        run = check(lab, images, results, "--name", "mutant-constant")

    assert requirements.told(run, ID) == ("FAIL", "PipelineStuck"), requirements.verdict(run, ID)
    assert run.exit_code == 1


def test_mutant_metrics_api_that_nobody_serves_fails(
    lab: Lab, images: product.ProductImages, results: Path, metrics: CustomMetrics
) -> None:
    """Kubernetes removes no namespace while such an API is registered: ours go when it is back."""
    with Accelerators(lab).device_plugin("node1", resource=RESOURCE), metrics.stopped():
        run = check(lab, images, results, "--name", "mutant-stopped")

    assert requirements.told(run, ID) == ("FAIL", "MetricsApiDown"), requirements.verdict(run, ID)
    gone = ("delete", "namespace", requirements.RELEASE, f"{requirements.RELEASE}-work")
    lab.kubectl(*gone, "--ignore-not-found", "--wait=true", "--timeout=180s")


@pytest.mark.usefixtures("metrics", "tidy")
def test_mutant_that_never_scales_down_fails(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    """With devices that are claimed."""
    with Accelerators(lab).dra_driver("node3"), never_scaling_down(lab):
        run = check(
            lab, images, results, "--name", "mutant-never-down",
            "--set", f"run.checks.settings.{ID}.deviceClass={DRIVER}",
        )  # fmt: skip

    assert requirements.told(run, ID) == ("FAIL", "NoScaleDown"), requirements.verdict(run, ID)
    steps = requirements.steps(run, ID)
    assert {steps[name] for name in ("p0", "p1", "q1", "p2", "q3")} == {"PASS"}


@pytest.mark.usefixtures("metrics", "tidy")
def test_missing_rights_are_unknown_and_named(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).device_plugin("node1", resource=RESOURCE):
        run = check(lab, images, results, "--name", "look", "--set", "rbac.tier=probe")

    assert requirements.told(run, ID) == ("UNKNOWN", "NotPermitted")
    assert "create" in requirements.verdict(run, ID)["sentence"]
