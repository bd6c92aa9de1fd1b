"""A bundle of small images: what is in it, what it pins, and what its installer does."""

import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from e2e.lab import oci
from tools.bundle.assemble import assemble, pinned_values, version
from tools.bundle.images import BundledImage
from tools.bundle.parts import packages_of

DPKG = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u1

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""
METADATA = "Metadata-Version: 2.1\nName: Some_Package\nVersion: 1.2\nLicense: MIT\n\nText\n"


def image(folder: Path, target: str) -> Path:
    """An OCI archive with one Debian and one Python package."""
    status, metadata = folder / "status", folder / "METADATA"
    status.write_text(DPKG)
    metadata.write_text(METADATA)
    files = {
        "var/lib/dpkg/status": status,
        "opt/venv/lib/some_package-1.2.dist-info/METADATA": metadata,
    }
    archive = folder / f"{target}.tar"
    oci.write_from_files(
        archive, reference=f"docker.io/aiconform/{target}:abc123", files=files, entrypoint=["/x"]
    )
    return archive


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The unpacked bundle."""
    archives = {target: image(tmp_path, target) for target in ("coordinator", "engine")}
    packed = assemble(archives, into=tmp_path / "dist", name="demo")
    with tarfile.open(packed) as tar:
        tar.extractall(tmp_path / "site", filter="data")
    return tmp_path / "site" / "demo"


def test_sums_hold_and_everything_is_there(bundle: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=bundle, check=True)

    names = {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()}
    assert {
        "images/coordinator.tar", "images/engine.tar", f"aiconform-{version()}.tgz",
        "manifests/install.yaml", "manifests/sonobuoy-plugin.yaml", "sbom.cdx.json", "install.sh",
        "README.md", "checklists/README", "SHA256SUMS",
    } <= names  # fmt: skip


def test_chart_and_manifests_ask_for_the_very_images(bundle: Path) -> None:
    digests = {
        t: oci.read(bundle / "images" / f"{t}.tar").digest for t in ("coordinator", "engine")
    }

    with tarfile.open(bundle / f"aiconform-{version()}.tgz") as tar:
        member = tar.extractfile("aiconform/values.yaml")
        assert member is not None
        values = yaml.safe_load(member)
        assert "aiconform/Chart.yaml" in tar.getnames()
    assert values["image"]["digest"] == digests["coordinator"]
    assert values["engineImage"]["digest"] == digests["engine"]
    for path in (bundle / "manifests").glob("*.yaml"):
        text = path.read_text()
        assert f"aiconform/coordinator@{digests['coordinator']}" in text
        assert f':{version()}"' not in text.replace("app.kubernetes.io/version", "")


def test_images_bear_the_release_name(bundle: Path) -> None:
    found = oci.read(bundle / "images" / "engine.tar")

    assert found.reference == f"docker.io/aiconform/engine:{version()}"


def test_parts_list_has_what_is_in_the_layers(bundle: Path, tmp_path: Path) -> None:
    purls = {part["purl"] for part in packages_of(bundle / "images" / "engine.tar")}

    assert purls == {
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64", "pkg:pypi/some-package@1.2"
    }  # fmt: skip
    document = json.loads((bundle / "sbom.cdx.json").read_text())
    assert document["bomFormat"] == "CycloneDX"
    assert {part["type"] for part in document["components"]} == {"container", "library"}


def test_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    archives = {target: image(tmp_path, target) for target in ("coordinator", "engine")}

    one = assemble(archives, into=tmp_path / "one", name="demo").read_bytes()
    other = assemble(archives, into=tmp_path / "other", name="demo").read_bytes()

    assert one == other


def test_values_without_a_place_for_the_digest_are_an_error() -> None:
    images = {t: BundledImage("x", "sha256:1", Path()) for t in ("coordinator", "engine")}

    with pytest.raises(ValueError, match=r"image\.digest"):
        pinned_values("image:\n  tag: x\n", images)


def _installer(bundle: Path, tools: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": f"{tools}:{os.environ['PATH']}"}
    return subprocess.run(
        [bundle / "install.sh", *words], capture_output=True, text=True, env=environ, check=False
    )


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """skopeo and ctr that only write down how they were called."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("skopeo", "ctr"):
        (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >>"{tmp_path}/calls"\n')
        (folder / name).chmod(0o755)
    return folder


def test_dry_run_says_all_and_does_nothing(bundle: Path, tools: Path, tmp_path: Path) -> None:
    shown = _installer(bundle, tools, "--dry-run", "--registry", "host:5000/mirror/")

    assert shown.returncode == 0
    assert "docker://host:5000/mirror/aiconform/engine:" in shown.stdout
    assert "--set global.imageRegistry=host:5000/mirror" in shown.stdout
    assert not (tmp_path / "calls").exists()


def test_installer_copies_with_the_digests_kept(bundle: Path, tools: Path, tmp_path: Path) -> None:
    assert _installer(bundle, tools, "--registry", "host/mirror").returncode == 0
    assert _installer(bundle, tools, "--containerd", "--socket", "/x.sock").returncode == 0

    calls = (tmp_path / "calls").read_text().splitlines()
    digest = oci.read(bundle / "images" / "engine.tar").digest
    assert len(calls) == 6
    assert all("--preserve-digests" in call for call in calls[:2])
    assert "--address /x.sock --namespace k8s.io images import" in calls[2]
    assert calls[5].endswith(
        f"docker.io/aiconform/engine:{version()} docker.io/aiconform/engine@{digest}"
    )


def test_damaged_bundle_is_not_installed(bundle: Path, tools: Path, tmp_path: Path) -> None:
    (bundle / "images" / "engine.tar").write_bytes(b"other")

    shown = _installer(bundle, tools, "--containerd")

    assert shown.returncode == 1
    assert "damaged" in shown.stderr
    assert not (tmp_path / "calls").exists()


@pytest.mark.parametrize("words", [(), ("--registry",), ("--nonsense",)])
def test_wrong_usage_is_told(bundle: Path, tools: Path, words: tuple[str, ...]) -> None:
    shown = _installer(bundle, tools, *words)

    assert shown.returncode == 2
    assert "--registry" in shown.stderr
