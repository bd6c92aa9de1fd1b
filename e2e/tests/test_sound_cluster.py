"""A sound cluster passes: every node, every device, every link, and nothing stays behind."""

import json
from pathlib import Path

import pytest

from aiconform.cluster.rights import RIGHTS
from e2e import audit, product
from e2e.lab.lab import Lab

pytestmark = pytest.mark.lab

# Which only a run needs whose coordinator was started again, or whose agent ended.
FOR_TROUBLE = frozenset({
    ("get", "apps", "daemonsets"), ("update", "apps", "daemonsets"), ("get", "", "configmaps"),
    ("update", "", "configmaps"), ("get", "", "pods/log"),
})  # fmt: skip


@pytest.mark.usefixtures("tidy")
def test_sound_cluster_passes_and_its_tarball_is_judged_alike_again(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    """A verdict per node, device and link, and no right is asked for in vain or held idle."""
    with audit.recorded(lab, release=product.RELEASE) as asked:
        run = product.run(lab, images, results, "--name", "sound")

    assert run.exit_code == 0, run.output
    assert asked.denied == set()
    used = {(verb, group, resource) for _, verb, group, resource in asked.used}
    assert {(r.verb, r.group, r.resource) for r in RIGHTS} - used <= FOR_TROUBLE
    assert run.verdicts("node") == dict.fromkeys(lab.node_names, "PASS")
    assert run.verdicts("gemm.known_answer") == {f"{n}/cpu": "PASS" for n in lab.node_names}
    assert set(run.verdicts("tcp.path").values()) == {"PASS"}
    assert len(run.verdicts("tcp.path")) == 6
    assert len(run.verdicts("tcp.rate")) == 12
    assert "FAIL" not in run.verdicts("tcp.rate").values()
    for node in lab.node_names:
        assert node in run.output
    again = lab.shell(
        f"{' '.join(product.aiconform())} report {results}/sound.tar.gz -o json", cwd=product.ROOT
    )
    assert json.loads(again)["verdicts"] == run.summary["verdicts"]


@pytest.mark.usefixtures("tidy")
def test_notes_word_for_word_bring_the_tarball_and_leave_nothing(
    lab: Lab, images: product.ProductImages, tmp_path: Path
) -> None:
    """What a person does who follows NOTES.txt: install, follow, copy, release, uninstall."""
    sets = [arg for value in images.values for arg in ("--set", value)]
    values = str(product.ROOT / "e2e" / "values.yaml")
    notes = lab.helm(
        "install", "aiconform", str(product.CHART), "--values", values, "--set", "run.name=notes",
        "--set", "run.probes.tcp=false", *sets,
    )  # fmt: skip
    commands = [line.strip() for line in notes.splitlines() if line.startswith("    ")]

    fetched = [lab.shell(command, cwd=tmp_path) for command in commands]

    assert fetched
    tarball = tmp_path / "notes.tar.gz"
    names = product.tar_names(tarball)
    assert {"notes/summary.json", "notes/SHA256SUMS", "notes/report.html"} <= set(names)
