"""A planted fault is named: the node, the direction, the device – and nobody else is blamed."""

from pathlib import Path

import pytest

from e2e import product
from e2e.lab.lab import Lab

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(("queue", "direction"), [("egress", "send"), ("ingress", "receive")])
def test_slow_nic_is_named_with_its_direction(
    lab: Lab, images: product.ProductImages, results: Path, queue: str, direction: str
) -> None:
    lab.slow("node3", rate_mbit=300, direction=queue)

    run = product.run(lab, images, results, "--name", "slow", "--set", "run.probes.compute=false")

    assert run.exit_code == 1, run.output
    blamed = [f["subject"] for f in run.summary["findings"] if f["outcome"] == "FAIL"]
    assert [subject["node"] for subject in blamed] == ["node3"]
    assert [subject["direction"] for subject in blamed] == [direction]
    assert any("node3" in sentence for sentence in run.findings())


def test_node_cut_in_the_middle_is_lost_and_the_others_complete(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    # The coordinator elsewhere: what becomes of it on a lost node is another question.
    elsewhere = ("--set", "coordinator.nodeSelector.kubernetes\\.io/hostname=node1")
    with product.started(lab, images, results, "--name", "cut", *elsewhere) as finish:
        product.wait_for("the rounds", lambda: product.status(lab).get("stage") == "rounds")
        lab.cut("node2")
        run = finish()

    assert run.exit_code == 3, run.output
    nodes = run.verdicts("node")
    assert nodes.pop("node2") == "UNKNOWN"
    assert any("node2" in sentence and "lost" in sentence for sentence in run.findings())
    others = {
        link: outcome for link, outcome in run.verdicts("tcp.path").items() if "node2" not in link
    }
    assert others == dict.fromkeys(others, "PASS")
    assert len(others) == 3


def test_corrupted_answer_fails_and_names_the_device(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    corrupt = product.build_corrupt_engine(lab, images.engine)
    repository, _, tag = corrupt.rpartition(":")
    sets = [
        f"engineImage.repository={repository}", f"engineImage.tag={tag}",
        "run.engine=corrupt_engine", "run.probes.tcp=false",
    ]  # fmt: skip

    run = product.run(
        lab, images, results, "--name", "corrupt", *(a for s in sets for a in ("--set", s))
    )

    assert run.exit_code == 1, run.output
    assert run.verdicts("gemm.known_answer") == {
        "node1/cpu": "PASS", "node2/cpu": "PASS", "node3/cpu": "FAIL", "node4/cpu": "PASS"
    }  # fmt: skip
    assert any("node3" in sentence and "cpu" in sentence for sentence in run.findings())
