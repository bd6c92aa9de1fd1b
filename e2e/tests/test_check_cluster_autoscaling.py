"""cluster_autoscaling on the lab: Karpenter passes, and each broken one fails for its reason."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from e2e import product, requirements
from e2e.lab.lab import Lab
from e2e.lab.shell import wait_for
from e2e.platforms.karpenter import Karpenter, karpenter
from e2e.platforms.objects import applied, items, namespace

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.usefixtures("tidy")]

ID = "cluster_autoscaling"
TENANT = "foreign"
# What the lab's Karpenter has not done in two minutes it does not do.
HURRIED = {"upS": 90, "downS": 120, "refuseS": 60}


def check(
    lab: Lab,
    images: product.ProductImages,
    results: Path,
    name: str,
    settings: Mapping[str, Any],
) -> product.Run:
    values = requirements.settings(ID, **settings)
    return requirements.check(lab, images, results, ID, "--name", name, values=values)


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
        run = check(lab, images, results, "no-consent", {**found.agreed, "consent": False})
        nodes = found.nodes()

    assert requirements.told(run, ID) == ("UNKNOWN", "NoConsent")
    assert nodes == []


def test_karpenter_passes(lab: Lab, images: product.ProductImages, results: Path) -> None:
    with karpenter(lab) as found:
        run = check(lab, images, results, "sound", {**found.agreed, "refuseS": 60})
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


def test_pool_in_use_passes_and_its_users_do_not_notice(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with karpenter(lab) as found, namespace(lab, TENANT), applied(lab, [_tenant(found)]):
        wait_for("the tenant's node", lambda: _state(lab)[0] == "Running", limit_s=90)
        before, nodes = _state(lab), {node["metadata"]["uid"] for node in found.nodes()}
        run = check(lab, images, results, "in-use", {**found.agreed, "refuseS": 60})
        after, left = _state(lab), {node["metadata"]["uid"] for node in found.nodes()}

    assert requirements.told(run, ID) == ("PASS", "Ok"), requirements.verdict(run, ID)
    assert requirements.seen(run, ID)["baseline"]["facts"]["ready"] == 1
    assert after == before
    assert left == nodes


def _tenant(found: Karpenter) -> dict[str, Any]:
    """Somebody else's pod on a whole node of the pool."""
    metadata = {"name": "holder", "namespace": TENANT}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": found.whole_node}


def _state(lab: Lab) -> tuple[str, str, str]:
    """(phase, UID, resourceVersion) of the tenant's pod."""
    (found,) = items(lab, "pod", "holder", "-n", TENANT)
    metadata = found["metadata"]
    return str(found["status"]["phase"]), metadata["uid"], metadata["resourceVersion"]


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
        run = check(lab, images, results, name, {**found.agreed, **HURRIED})

    assert requirements.told(run, ID) == ("FAIL", reason), requirements.verdict(run, ID)
    assert run.exit_code == 1
