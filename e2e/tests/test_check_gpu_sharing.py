"""One claim for two pods, with a real DRA driver: it is shared, or it is told why not."""

from pathlib import Path

import pytest

from e2e import foreign, product, requirements
from e2e.lab.accelerators import DRIVER, Accelerators
from e2e.lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]

ID = "gpu_sharing"


def check(
    lab: Lab, images: product.ProductImages, results: Path, name: str, **settings: object
) -> product.Run:
    values = requirements.settings(ID, deviceClasses={DRIVER: DRIVER}, **settings)
    return requirements.check(lab, images, results, ID, "--name", name, values=values)


@pytest.mark.usefixtures("tidy")
def test_claim_that_two_pods_share_passes_with_its_evidence(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).dra_driver("node1"):
        run = check(lab, images, results, "shared")

    assert requirements.told(run, ID) == ("PASS", "Ok"), requirements.verdict(run, ID)
    assert set(requirements.steps(run, ID).values()) == {"PASS"}
    assert (requirements.directory(run, ID) / "objects/pair-1.yaml").stat().st_size
    first, second = requirements.seen(run, ID)["pair-1"]["facts"]["at_last"]
    assert first["devices"] == second["devices"]


def test_mutant_driver_that_prepares_nothing_fails(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).dra_driver("node1", mutants=["fail"]):
        run = check(lab, images, results, "broken")

    assert requirements.told(run, ID) == ("FAIL", "NotStarted"), requirements.verdict(run, ID)


def test_mutant_driver_that_gives_no_device_is_no_pass(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).dra_driver("node1", mutants=["no-device"]):
        run = check(lab, images, results, "empty")

    assert requirements.told(run, ID) == ("WARN", "IdentityOnly"), requirements.verdict(run, ID)


@pytest.mark.usefixtures("tidy")
def test_plugin_that_says_nothing_of_sharing_is_not_provided(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).device_plugin("node1", resource="nvidia.com/gpu"):
        run = check(lab, images, results, "plain")

    assert requirements.told(run, ID) == ("FAIL", "NotProvided"), requirements.verdict(run, ID)


@pytest.mark.usefixtures("tidy")
def test_site_may_say_that_its_hardware_cannot_share(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    accelerators = Accelerators(lab)
    image = accelerators.load_image()
    with (
        accelerators.dra_driver("node1", count=1),
        foreign.holder(lab, image, node="node1") as holder,
    ):
        before = holder.state
        run = check(lab, images, results, "skipped", cannotShare="one model fills a device")
        after = holder.state

    assert requirements.told(run, ID) == ("SKIP", "HardwareCannotShare")
    assert after == before
