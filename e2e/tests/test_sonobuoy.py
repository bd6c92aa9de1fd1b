"""The real Sonobuoy, where there is one on the PATH, runs us as its plugin and lists our items."""

import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from e2e import product
from e2e.lab import oci
from e2e.lab.lab import Lab
from e2e.lab.shell import run

PROGRAM = shutil.which("sonobuoy")
pytestmark = [
    pytest.mark.lab,
    pytest.mark.long,
    pytest.mark.skipif(PROGRAM is None, reason="no sonobuoy on the PATH"),
]

ITSELF = "docker.io/sonobuoy/sonobuoy:lab"
CONFIG = {
    "name": "sonobuoy",
    "profile": "quick",
    "checks": {"enabled": ["dra_support"]},
    "workNamespace": "aiconform-sonobuoy-work",
    "probeNamespace": "aiconform-sonobuoy-probe",
    "limits": {"holdS": 0, "startS": 120, "selfS": 180, "silentS": 25},
}


@pytest.fixture
def plugin(lab: Lab, images: product.ProductImages, tmp_path: Path) -> Path:
    """Our definition as a site of its own images has it, and Sonobuoy's image of the program."""
    assert PROGRAM is not None
    itself = tmp_path / "sonobuoy.tar"
    files = {"/sonobuoy": Path(PROGRAM)}
    oci.write_from_files(itself, reference=ITSELF, files=files, entrypoint=["/sonobuoy"])
    lab.load_image(itself)
    text = (product.ROOT / "manifests" / "sonobuoy-plugin.yaml").read_text()
    made = yaml.safe_load(text)
    made["spec"]["image"] = images.coordinator
    ours = {"agent": images.coordinator, "engine": images.engine}
    setting = next(e for e in made["spec"]["env"] if e["name"] == "AICONFORM_RUN_CONFIG")
    setting["value"] = json.dumps({**CONFIG, "images": ours})
    path = tmp_path / "plugin.yaml"
    path.write_text(yaml.safe_dump(made))
    return path


@pytest.fixture
def clean(lab: Lab) -> Iterator[None]:
    yield
    run("sonobuoy", "delete", "--wait", env=lab.env())


@pytest.mark.usefixtures("tidy", "clean")
def test_sonobuoy_shows_each_requirement_and_node(lab: Lab, plugin: Path, tmp_path: Path) -> None:
    env = lab.env()
    run(
        "sonobuoy", "run", "--plugin", str(plugin), "--sonobuoy-image", ITSELF,
        "--image-pull-policy", "IfNotPresent", "--wait=10", env=env, timeout_s=700,
    )  # fmt: skip

    status = json.loads(run("sonobuoy", "status", "--json", env=env))
    (told,) = status["plugins"]
    assert (told["plugin"], told["status"]) == ("aiconform", "complete")
    tarball = tmp_path / run("sonobuoy", "retrieve", str(tmp_path), env=env).strip()
    detailed = ("--plugin", "aiconform", "--mode", "detailed")
    items = [
        json.loads(line)
        for line in run("sonobuoy", "results", str(tarball), *detailed, env=env).splitlines()
    ]
    names = {item["name"] for item in items}
    assert {*lab.node_names, "dra_support"} <= names, sorted(names)
    with tarfile.open(tarball) as archive:
        inside = archive.getnames()
    assert "plugins/aiconform/results/global/report.html" in inside
