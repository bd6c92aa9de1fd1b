"""cluster_autoscaling on the lab: Karpenter passes, and each broken one fails for its reason."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e import product, requirements
from e2e.lab.lab import Lab
from e2e.platforms.karpenter import DEVICES, POOL, POOL_LABEL, RESOURCE, Karpenter, karpenter

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.usefixtures("tidy")]

ID = "cluster_autoscaling"
TAINT = "aiconform.dev/lab-pool"
AGREED = {
    "consent": True,
    "pool": {
        "selector": {POOL_LABEL: POOL},
        "resource": RESOURCE,
        "devicesPerNode": DEVICES,
        "tolerations": [{"key": TAINT, "operator": "Exists"}],
    },
}
# What the lab's Karpenter has not done in a minute and a half it does not do.
HURRIED = {"upS": 90, "downS": 150, "refuseS": 60}


def check(
    lab: Lab,
    images: product.ProductImages,
    results: Path,
    name: str,
    settings: Mapping[str, Any],
) -> product.Run:
    values = results.parent / f"{name}.yaml"
    values.write_text(yaml.safe_dump({"run": {"checks": {"settings": {ID: dict(settings)}}}}))
    return requirements.check(lab, images, results, ID, "--name", name, "--values", str(values))


def test_no_autoscaler_is_skipped_with_the_sites_word_alone(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    excuse = "a fixed fleet of four nodes"
    with_word = check(lab, images, results, "excused", {"noAutoscaler": excuse})

    assert requirements.told(with_word, ID) == ("SKIP", "NoAutoscaler")
    assert requirements.verdict(with_word, ID)["sentence"] == excuse


def test_without_consent_karpenter_adds_nothing(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with karpenter(lab) as found:
        run = check(lab, images, results, "no-consent", {**AGREED, "consent": False})
        nodes = found.nodes()

    assert requirements.told(run, ID) == ("UNKNOWN", "NoConsent")
    assert nodes == []


def test_karpenter_passes(lab: Lab, images: product.ProductImages, results: Path) -> None:
    with karpenter(lab) as found:
        run = check(lab, images, results, "sound", AGREED)
        left = found.nodes()

    assert requirements.told(run, ID) == ("PASS", "Ok"), requirements.verdict(run, ID)
    assert set(requirements.steps(run, ID).values()) == {"PASS"}
    assert left == []
    directory = requirements.directory(run, ID)
    for name in ("nodes.csv", "events.jsonl", "objects/node.yaml", "objects/trigger.yaml"):
        assert (directory / name).stat().st_size, name
    assert "--- PASS: TestAcceleratorClusterAutoscaling" in (directory / "e2e.log").read_text()
    took = json.loads((directory / "measurements.json").read_text())
    assert took["left"] == []
    assert took["total_s"] - took["platform_s"] - took["windows_s"] < 60


@pytest.mark.parametrize(
    ("mutant", "reason"),
    [
        (Karpenter.never_adding, "NotAdded"),
        (Karpenter.never_removing, "NotRemoved"),
        (Karpenter.wrong_type, "WrongType"),
    ],
)
def test_mutant_karpenter_fails(
    lab: Lab,
    images: product.ProductImages,
    results: Path,
    mutant: Callable[[Karpenter], AbstractContextManager[None]],
    reason: str,
) -> None:
    name = f"mutant-{mutant.__name__}".replace("_", "-")
    with karpenter(lab) as found, mutant(found):
        run = check(lab, images, results, name, {**AGREED, **HURRIED})

    assert requirements.told(run, ID) == ("FAIL", reason), requirements.verdict(run, ID)
    assert run.exit_code == 1
