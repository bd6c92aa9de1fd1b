"""Driver versions of a real DRA driver: true ones pass, and one that lies is found."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from e2e import product, requirements
from e2e.lab.accelerators import DRIVER, Accelerators
from e2e.lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]

ID = "driver_runtime_management"
# The fixture's version file is mounted into granted containers, and is nowhere else.
FIXTURE = {"versionFiles": ["/run/accel-fixture/version"], "devices": ["/dev/accel-fixture*"],
           "injects": True}  # fmt: skip


def check(
    lab: Lab, images: product.ProductImages, results: Path, name: str, *, described: bool = True
) -> product.Run:
    values = requirements.settings(ID, drivers={DRIVER: FIXTURE}) if described else None
    return requirements.check(lab, images, results, ID, "--name", name, values=values)


@pytest.mark.usefixtures("tidy")
def test_driver_that_tells_its_version_passes_with_its_evidence(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).dra_driver("node1", "node2"):
        run = check(lab, images, results, "driver")

    assert requirements.told(run, ID) == ("PASS", "Ok"), requirements.verdict(run, ID)
    assert set(requirements.steps(run, ID).values()) == {"PASS"}
    directory = requirements.directory(run, ID)
    table = (directory / "versions.csv").read_text()
    for node in ("node1", "node2"):
        assert f"{node},{DRIVER},1.4.2,{DRIVER}/driverVersion,1.4.2" in table
    assert "--- PASS: TestAcceleratorDriverRuntimeManagement" in (directory / "e2e.log").read_text()


def test_mutant_driver_that_lies_about_its_version_fails(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    """On the second of two nodes alone."""
    with Accelerators(lab).dra_driver("node1", "node2") as fixtures:
        fixtures["node2"].mutate("lie-version")
        run = check(lab, images, results, "liar")

    assert requirements.told(run, ID) == ("FAIL", "VersionMismatch"), requirements.verdict(run, ID)
    assert "node2" in requirements.verdict(run, ID)["sentence"]


@pytest.mark.parametrize(
    ("mutants", "reason"), [(("no-device",), "DeviceCount"), (("leak",), "DeviceCount")]
)
def test_mutant_grant_fails(
    lab: Lab, images: product.ProductImages, results: Path, mutants: Sequence[str], reason: str
) -> None:
    with Accelerators(lab).dra_driver("node1", mutants=mutants):
        run = check(lab, images, results, f"grant-{mutants[0]}")

    assert requirements.told(run, ID) == ("FAIL", reason), requirements.verdict(run, ID)


def test_driver_that_nobody_described_is_no_accelerator(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).dra_driver("node1"):
        run = check(lab, images, results, "unknown", described=False)

    assert requirements.told(run, ID) == ("UNKNOWN", "NoAccelerator")
