"""Kubernetes' own gang scheduling on the lab: it passes, and each broken one fails."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from e2e import product, requirements
from e2e.lab.accelerators import RESOURCE, Accelerators
from e2e.lab.lab import Lab
from e2e.platforms.gangs import forgotten_groups, partial_gangs

pytestmark = [pytest.mark.lab, pytest.mark.long]

ID = "gang_scheduling"
COUNTED = ("--set", f"run.accelerators.extraResources={{{RESOURCE}}}")


def check(lab: Lab, images: product.ProductImages, results: Path, *extra: str) -> product.Run:
    return requirements.check(lab, images, results, ID, *COUNTED, *extra)


@pytest.mark.usefixtures("tidy")
def test_native_gangs_pass_on_four_devices(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).device_plugin("node1", "node2", count=2):
        run = check(lab, images, results, "--name", "gang")

    assert requirements.told(run, ID) == ("PASS", "Ok"), requirements.verdict(run, ID)
    assert set(requirements.steps(run, ID).values()) == {"PASS"}
    slots = requirements.seen(run, ID)["slots"]["facts"]["slots"]
    assert (slots["mode"], slots["resource"], slots["count"]) == ("plugin", RESOURCE, 4)
    directory = requirements.directory(run, ID)
    for name in ("verdict.json", "steps.jsonl", "junit.xml", "e2e.log", "timeline.csv"):
        assert (directory / name).stat().st_size, name
    assert "--- PASS: TestGangScheduling" in (directory / "e2e.log").read_text()


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize(
    ("mutant", "reason"),
    [(partial_gangs, "PartialPlacement"), (forgotten_groups, "GroupDropped")],
)
def test_mutant_gang_scheduling_fails(
    lab: Lab,
    images: product.ProductImages,
    results: Path,
    mutant: Callable[[Lab], AbstractContextManager[None]],
    reason: str,
) -> None:
    """On processors: one slot on each node, since no accelerator is there."""
    with mutant(lab):
        run = check(lab, images, results, "--name", f"mutant-{mutant.__name__}".replace("_", "-"))

    assert requirements.told(run, ID) == ("FAIL", reason), requirements.verdict(run, ID)
    assert run.exit_code == 1
