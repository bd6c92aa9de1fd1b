"""Killed at any point, by anything: the run ends as the undisturbed one, and leaves nothing."""

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
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
# The coordinator elsewhere: what becomes of it on a lost node is another question.
ON_NODE1 = ("--set", "coordinator.nodeSelector.kubernetes\\.io/hostname=node1")
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
@pytest.mark.parametrize("stage", ["deploy", "self", "rounds"])
def test_agents_killed_are_honest(
    lab: Lab, images: product.ProductImages, results: Path, stage: str
) -> None:
    """What an agent had not yet delivered may be lost with it; nothing is made up for it."""
    run = disturbed(lab, images, results, at=stage, by=lambda: kill(lab, AGENT))

    assert run.exit_code in {0, 3}, run.output
    assert "FAIL" not in run.verdicts("node").values(), run.findings()
    assert_each_record_once(run)


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("seed", range(4))
def test_one_agent_killed_at_any_moment_is_honest(
    lab: Lab, images: product.ProductImages, results: Path, seed: int
) -> None:
    """The others are judged as if nothing had been."""
    after_s = random.Random(seed).uniform(10, QUICK_S - 10)

    run = disturbed(
        lab, images, results, after_s=after_s, by=lambda: kill(lab, AGENT, node="node3")
    )

    assert run.exit_code in {0, 3}, run.output
    assert_others_pass(lab, run, but="node3")


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("stage", ["deploy", "self", "rounds"])
def test_agent_that_stands_still_is_honest(
    lab: Lab, images: product.ProductImages, results: Path, stage: str
) -> None:
    """Stopped for half a minute, as on a node that pages: it goes on, or is called lost."""
    run = disturbed(lab, images, results, at=stage, by=lambda: pause_agents_of(lab, "node3", 30))

    assert run.exit_code in {0, 3}, run.output
    assert_others_pass(lab, run, but="node3")


@pytest.mark.parametrize("stage", ["deploy", "self", "rounds"])
def test_node_cut_off_is_honest(
    lab: Lab, images: product.ProductImages, results: Path, stage: str
) -> None:
    run = disturbed(lab, images, results, *ON_NODE1, at=stage, by=lambda: lab.cut("node3"))

    assert run.exit_code == 3, run.output
    assert run.verdicts("node")["node3"] == "UNKNOWN", run.output
    assert_others_pass(lab, run, but="node3")


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("stage", ["deploy", "self", "rounds"])
def test_kubelet_killed_and_started_again_is_honest(
    lab: Lab, images: product.ProductImages, results: Path, stage: str
) -> None:
    def restarted() -> None:
        lab.kill_kubelet("node3")
        time.sleep(5)
        lab.heal()

    run = disturbed(lab, images, results, at=stage, by=restarted)

    assert run.exit_code in {0, 3}, run.output
    assert_others_pass(lab, run, but="node3")


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("stage", ["survey", "plan", "deploy", "self", "rounds", "judge"])
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
    *extra: str,
    by: Callable[[], object],
    at: str = "",
    after_s: float = 0.0,
    claim: str = "",
) -> product.Run:
    """One quick run, disturbed once, when a stage is seen or after so many seconds."""
    kept = ("--set", f"results.existingClaim={claim}") if claim else ()
    with product.started(
        lab, images, results, "--name", RUN, *kept, *extra, limit_s=600.0
    ) as finish:
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


def kill(lab: Lab, selector: str, *, node: str = "") -> None:
    """At once, as when the node were lost; the pods may not be there yet."""
    where = ("--field-selector", f"spec.nodeName={node}") if node else ()
    lab.kubectl(
        "-n", product.NAMESPACE, "delete", "pods", "--selector", selector, *where,
        "--grace-period=0", "--force", "--ignore-not-found",
    )  # fmt: skip


def pause_agents_of(lab: Lab, node: str, seconds: float) -> None:
    """Freeze the agent's processes on a node as soon as there are some, and thaw them."""
    product.wait_for(f"the agent of {node}", lambda: bool(agents_of(lab, node)))
    pids = agents_of(lab, node)
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if number is signal.SIGSTOP:
            time.sleep(seconds)


def agents_of(lab: Lab, node: str) -> list[int]:
    """Process numbers on this machine, which all nodes share; they may not be there yet."""
    found = lab.kubectl(
        "-n", product.NAMESPACE, "get", "pods", "--selector", AGENT, "-o",
        f"jsonpath={{.items[?(@.spec.nodeName=='{node}')].metadata.uid}}",
    ).split()  # fmt: skip
    marks = [uid for pod in found for uid in (pod, pod.replace("-", "_"))]
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and any(mark in _cgroup(entry) for mark in marks)
    ]


def _cgroup(process: Path) -> str:
    try:
        return (process / "cgroup").read_text()
    except OSError:
        return ""


def assert_as_undisturbed(lab: Lab, run: product.Run) -> None:
    assert run.exit_code == 0, run.output
    assert run.verdicts("node") == dict.fromkeys(lab.node_names, "PASS"), run.findings()
    assert set(run.verdicts("tcp.path").values()) == {"PASS"}
    assert len(run.verdicts("tcp.path")) == 6
    assert run.verdicts("coverage") == {"cluster": "PASS"}
    assert_each_record_once(run)


def assert_others_pass(lab: Lab, run: product.Run, *, but: str) -> None:
    others = dict.fromkeys((n for n in lab.node_names if n != but), "PASS")
    found = {node: outcome for node, outcome in run.verdicts("node").items() if node != but}
    assert found == others, run.findings()
    assert run.verdicts("node").get(but) in {"PASS", "UNKNOWN"}, run.findings()
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
