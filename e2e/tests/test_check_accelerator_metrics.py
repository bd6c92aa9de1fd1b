"""Exporters of the fixture's devices: sound ones pass, and each broken one fails for its reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e import product, requirements
from e2e.lab.accelerators import RESOURCE, Accelerators
from e2e.lab.lab import Lab
from e2e.platforms.exporters import MUTANTS, Exporters, exporters

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.usefixtures("tidy")]

ID = "accelerator_metrics"
# The fixture's devices are as busy as the processor of the pod that holds them.
SETTINGS = (
    "--set", f"run.accelerators.extraResources={{{RESOURCE}}}",
    "--set", f"run.checks.settings.{ID}.load.engine=none",
)  # fmt: skip
REASONS = {
    "constant": "DoesNotFollowLoad",
    "no-memory": "NoMemory",
    "wrong-unit": "Implausible",
    "missing-device": "MissingDevice",
    "stale": "Stale",
}


@contextmanager
def exported(lab: Lab, *nodes: str, vendor: str, annotated: bool = True) -> Iterator[Exporters]:
    """Two devices and an exporter on each of these nodes."""
    plugin = Accelerators(lab).device_plugin(*nodes, count=2)
    with plugin, exporters(lab, *nodes, vendor=vendor, annotated=annotated) as found:
        yield found


def check(lab: Lab, images: product.ProductImages, results: Path, *extra: str) -> product.Run:
    return requirements.check(lab, images, results, ID, *SETTINGS, *extra)


@pytest.mark.timeout(900, func_only=True)
@pytest.mark.parametrize(
    ("vendor", "annotated"), [("nvidia", True), ("otel", False), ("gaudi", False)]
)
def test_sound_exporters_pass(
    lab: Lab, images: product.ProductImages, results: Path, vendor: str, annotated: bool
) -> None:
    with exported(lab, "node1", "node2", vendor=vendor, annotated=annotated):
        run = check(lab, images, results, "--name", f"metrics-{vendor}")

    assert requirements.told(run, ID) == ("PASS", "Ok"), requirements.verdict(run, ID)
    found = requirements.seen(run, ID)["places"]["facts"]["rows"]
    assert {row["found_by"] for row in found} == {"annotation" if annotated else "label"}
    directory = requirements.directory(run, ID)
    for name in ("metrics.csv", "mapping.yaml", "logs/load.txt", "objects/load.yaml", "junit.xml"):
        assert (directory / name).stat().st_size, name


@pytest.mark.timeout(900, func_only=True)
@pytest.mark.parametrize("mutant", MUTANTS)
def test_mutant_exporters_fail(
    lab: Lab, images: product.ProductImages, results: Path, mutant: str
) -> None:
    with exported(lab, "node1", vendor="nvidia") as found, found.mutant(mutant):
        run = check(lab, images, results, "--name", f"mutant-{mutant}")

    told = requirements.verdict(run, ID)
    assert (told["outcome"], told["reason"]) == ("FAIL", REASONS[mutant]), told
    assert run.exit_code == 1


@pytest.mark.timeout(900, func_only=True)
def test_devices_without_exporters_are_unknown(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).device_plugin("node1", count=2):
        run = check(lab, images, results, "--name", "metrics-none")

    assert requirements.told(run, ID) == ("UNKNOWN", "NothingInstalled")


@pytest.mark.timeout(900, func_only=True)
def test_what_may_not_be_listed_is_unknown_and_named(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).device_plugin("node1", count=2):
        run = check(
            lab, images, results, "--name", "metrics-blind", "--set", "rbac.countForeignPods=false"
        )

    told = requirements.verdict(run, ID)
    assert (told["outcome"], told["reason"]) == ("UNKNOWN", "NotPermitted"), told
    assert "list pods" in told["sentence"]
