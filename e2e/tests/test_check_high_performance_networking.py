"""The lab has no network devices: nothing that it has is taken for one, and the reason is told."""

from pathlib import Path

import pytest

from e2e import product, requirements
from e2e.lab.accelerators import Accelerators
from e2e.lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]

ID = "high_performance_networking"


def check(
    lab: Lab, images: product.ProductImages, results: Path, name: str, **settings: str
) -> product.Run:
    values = requirements.settings(ID, **settings)
    return requirements.check(lab, images, results, ID, "--name", name, values=values)


@pytest.mark.usefixtures("tidy")
def test_accelerators_are_not_taken_for_network_devices(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).dra_driver("node1", "node2"):
        run = check(lab, images, results, "none")

    assert requirements.told(run, ID) == ("FAIL", "NotProvided"), requirements.verdict(run, ID)
    assert run.exit_code == 3  # nothing required was tested; a SHOULD makes no FAIL of the run


def test_site_that_needs_none_may_say_so(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    run = check(lab, images, results, "needless", notNeeded="jobs of one node only")

    assert requirements.told(run, ID) == ("SKIP", "NotNeeded")
    assert "one node" in requirements.verdict(run, ID)["sentence"]


def test_primary_interface_is_never_taken_for_a_secondary_one(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    """An attachment that no plugin carries out: the annotation alone gives a pod nothing."""
    run = check(lab, images, results, "annotation", attachment="default/absent")

    assert requirements.told(run, ID) == ("FAIL", "NoDevice"), requirements.verdict(run, ID)
    steps = requirements.steps(run, ID)
    assert steps["plain"] == "PASS"
    assert steps["exchange"] != "PASS"
