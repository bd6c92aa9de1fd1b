"""Killed at any point, by anything: the run ends as the undisturbed one, and leaves nothing."""

import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aiconform.journal import replay
from aiconform.model.records import Delivered
from e2e import product
from e2e.lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]

STAGES = ("survey", "plan", "deploy", "self", "rounds", "judge")
COORDINATOR, AGENT = "aiconform/role=coordinator", "aiconform/role=agent"
CLAIM, RUN = "chaos-results", "chaos"
AT_RANDOM = 8
# The undisturbed quick run takes so long on two cores, installing included.
QUICK_S = 60.0


@pytest.fixture
def claim(lab: Lab, tmp_path: Path) -> Iterator[str]:
    """A claim that survives the coordinator's pod: a folder of node1, as a local volume is."""
    folder = tmp_path / "volume"
    own = folder / RUN  # the run's; a folder of a node keeps to no fsGroup
    own.mkdir(parents=True)
    own.chmod(0o777)
    made = json.dumps({"apiVersion": "v1", "kind": "List", "items": _volume(folder)})
    lab.kubectl("apply", "-f", "-", input=made)
    yield CLAIM
    lab.kubectl("delete", "--wait=true", "-f", "-", input=made)


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("stage", STAGES)
def test_coordinator_killed_goes_on_from_its_volume(
    lab: Lab, images: product.ProductImages, results: Path, claim: str, stage: str
) -> None:
    run = disturbed(lab, images, results, at=stage, claim=claim, by=lambda: kill(lab, COORDINATOR))

    assert_as_undisturbed(lab, run)


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("stage", STAGES)
def test_coordinator_killed_with_its_volume_begins_again(
    lab: Lab, images: product.ProductImages, results: Path, stage: str
) -> None:
    run = disturbed(lab, images, results, at=stage, by=lambda: kill(lab, COORDINATOR))

    assert_as_undisturbed(lab, run)


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("seed", range(AT_RANDOM))
def test_coordinator_killed_at_any_moment(
    lab: Lab, images: product.ProductImages, results: Path, claim: str, seed: int
) -> None:
    after_s = random.Random(seed).uniform(3, QUICK_S - 10)

    run = disturbed(
        lab, images, results, after_s=after_s, claim=claim, by=lambda: kill(lab, COORDINATOR)
    )

    assert_as_undisturbed(lab, run)


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("stage", ["self", "rounds"])
def test_agents_killed_are_honest(
    lab: Lab, images: product.ProductImages, results: Path, stage: str
) -> None:
    """What an agent had not yet delivered may be lost with it; nothing is made up for it."""
    run = disturbed(lab, images, results, at=stage, by=lambda: kill(lab, AGENT))

    assert run.exit_code in {0, 3}, run.output
    assert "FAIL" not in run.verdicts("node").values(), run.findings()
    assert_each_record_once(run)


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("stage", ["survey", "deploy", "self", "rounds"])
def test_api_server_away_for_a_while(
    lab: Lab, images: product.ProductImages, results: Path, stage: str
) -> None:
    run = disturbed(lab, images, results, at=stage, by=lambda: lab.stop_api_server(seconds=20))

    assert run.exit_code in {0, 3}, run.output
    assert set(run.verdicts("node")) == set(lab.node_names), run.output
    assert "FAIL" not in run.verdicts("node").values(), run.findings()


def disturbed(
    lab: Lab,
    images: product.ProductImages,
    results: Path,
    *,
    by: Callable[[], object],
    at: str = "",
    after_s: float = 0.0,
    claim: str = "",
) -> product.Run:
    """One quick run, disturbed once, when a stage is seen or after so many seconds."""
    kept = ("--set", f"results.existingClaim={claim}") if claim else ()
    with product.started(lab, images, results, "--name", RUN, *kept, limit_s=600.0) as finish:
        if at:
            product.wait_for(f"stage {at}", lambda: _reached(lab, at), limit_s=180)
        else:
            time.sleep(after_s)
        by()
        return finish()


def _reached(lab: Lab, stage: str) -> bool:
    """Also when the stage was over between two looks."""
    told = product.status(lab).get("stage")
    order = (*STAGES, "archive", "hold")
    return told in order and order.index(told) >= order.index(stage)


def kill(lab: Lab, selector: str) -> None:
    """At once, as when the node were lost; the pods may not be there yet."""
    lab.kubectl(
        "-n", product.NAMESPACE, "delete", "pods", "--selector", selector,
        "--grace-period=0", "--force", "--ignore-not-found",
    )  # fmt: skip


def assert_as_undisturbed(lab: Lab, run: product.Run) -> None:
    assert run.exit_code == 0, run.output
    assert run.verdicts("node") == dict.fromkeys(lab.node_names, "PASS"), run.findings()
    assert set(run.verdicts("tcp.path").values()) == {"PASS"}
    assert len(run.verdicts("tcp.path")) == 6
    assert run.verdicts("coverage") == {"cluster": "PASS"}
    assert_each_record_once(run)


def assert_each_record_once(run: product.Run) -> None:
    (journal,) = run.results.glob("*/journal.ndjson.gz")
    found = replay(journal)
    assert not found.damage, found.damage
    delivered = [e.record.record for e in found.entries if isinstance(e.record, Delivered)]
    keys = [(r.node, r.boot, r.stream, r.seq) for r in delivered]
    assert len(keys) == len(set(keys))


def _volume(folder: Path) -> list[dict[str, object]]:
    node = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["node1"]}
    common = {"accessModes": ["ReadWriteOnce"], "storageClassName": "", "volumeName": CLAIM}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": product.NAMESPACE}},
        {
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": CLAIM},
            "spec": {
                "capacity": {"storage": "2Gi"}, "accessModes": ["ReadWriteOnce"],
                "hostPath": {"path": str(folder)}, "storageClassName": "",
                "persistentVolumeReclaimPolicy": "Retain",
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [node]}]}},
            },
        },
        {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": CLAIM, "namespace": product.NAMESPACE},
            "spec": {**common, "resources": {"requests": {"storage": "2Gi"}}},
        },
    ]  # fmt: skip
