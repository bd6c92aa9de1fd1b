"""Counters on the lab: sound nodes have no finding of them, and a port that loses is named."""

from pathlib import Path

import pytest

from e2e import product
from e2e.lab.lab import Lab
from e2e.requirements import RELEASE

pytestmark = pytest.mark.lab

TCP_ALONE = ("--set", "run.probes.compute=false", "--release", RELEASE, "-n", RELEASE)


@pytest.mark.long
@pytest.mark.parametrize("attempt", range(5))
def test_sound_cluster_has_no_finding_of_counters(
    lab: Lab, images: product.ProductImages, results: Path, attempt: int
) -> None:
    run = product.run(lab, images, results, "--name", f"counted-{attempt}", *TCP_ALONE)

    assert run.exit_code == 0, run.output
    assert not run.findings()
    assert run.verdicts("tcp.transport") == dict.fromkeys(lab.node_names, "PASS")
    paths = [v["sentence"] for v in run.summary["verdicts"] if v["item"] == "tcp.path"]
    assert len(paths) == 6
    assert all(said.endswith("over eth0 of both") for said in paths)


@pytest.mark.parametrize(
    ("way", "direction"),
    [pytest.param("egress", "send", marks=pytest.mark.long), ("ingress", "receive")],
)
def test_port_that_loses_packets_is_named_with_its_interface(
    lab: Lab, images: product.ProductImages, results: Path, way: str, direction: str
) -> None:
    lab.lose("node3", percent=3, direction=way)

    run = product.run(lab, images, results, "--name", "lossy", *TCP_ALONE)

    told = [
        finding
        for finding in run.summary["findings"]
        if "of the segments were sent again" in finding["sentence"]
    ]
    assert len(told) == 1, run.output
    assert told[0]["subject"]["node"] == "node3"
    assert told[0]["subject"]["direction"] == direction
    assert "eth0" in told[0]["sentence"]
    failed = [f["subject"]["node"] for f in run.summary["findings"] if f["outcome"] == "FAIL"]
    assert set(failed) <= {"node3"}
