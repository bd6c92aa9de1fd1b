"""RuntimeClasses of a real containerd: those that only name a sandbox fail, each for its reason."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e import product, requirements
from e2e.lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]

ID = "workload_sandboxing"


@contextmanager
def runtime_class(lab: Lab, name: str, handler: str) -> Iterator[None]:
    manifest = {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": name},
        "handler": handler,
    }
    lab.kubectl("apply", "-f", "-", input=json.dumps(manifest))
    try:
        yield
    finally:
        lab.kubectl("delete", "runtimeclass", name)


def check(lab: Lab, images: product.ProductImages, results: Path, name: str) -> product.Run:
    return requirements.check(lab, images, results, ID, "--name", name)


@pytest.mark.usefixtures("tidy")
def test_class_that_names_a_sandbox_and_runs_runc_fails(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with runtime_class(lab, "gvisor", "runc"):
        run = check(lab, images, results, "alias")

    verdict = requirements.verdict(run, ID)
    assert requirements.told(run, ID) == ("FAIL", "NotASandbox"), verdict
    # Its controls held: two pods of one kernel, and a neighbour that finds what it placed.
    steps = requirements.steps(run, ID)
    assert {steps["neighbours-1"], steps["unknown-class-refused"]} == {"PASS"}
    assert run.exit_code == 3  # nothing required was tested; a SHOULD makes no FAIL of the run
    inside, outside = (
        json.loads((requirements.directory(run, ID) / f"identities/1-{kind}.json").read_text())
        for kind in ("sandbox", "neighbour")
    )
    assert inside["kernel"]["boot_id"] == outside["kernel"]["boot_id"]
    assert outside["processes"]["canaries"]
    assert not inside["processes"]["canaries"]


def test_class_whose_runtime_is_not_there_fails_with_the_kubelets_event(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with runtime_class(lab, "kata", "kata-qemu"):
        run = check(lab, images, results, "absent")

    assert requirements.told(run, ID) == ("FAIL", "NotStarted"), requirements.verdict(run, ID)
    assert "FailedCreatePodSandBox" in requirements.verdict(run, ID)["sentence"]


def test_class_that_promises_nothing_is_no_sandbox(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with runtime_class(lab, "plain", "runc"):
        run = check(lab, images, results, "plain")

    assert requirements.told(run, ID) == ("FAIL", "NotProvided"), requirements.verdict(run, ID)
    assert "WARN" not in requirements.steps(run, ID).values()


def test_without_a_class_it_is_not_provided(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    run = check(lab, images, results, "none")

    assert requirements.told(run, ID) == ("FAIL", "NotProvided")
