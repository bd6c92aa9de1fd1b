"""
Put a bundle together from image archives and this checkout. The same input gives the same bytes.

Every reference to our images, in the chart's values and in the manifests, is pinned to the digest
of the image in the bundle.
"""

import gzip
import hashlib
import io
import json
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.bundle.images import BundledImage, rename
from tools.bundle.parts import parts_list

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "aiconform"
TARGETS = ("coordinator", "engine")
_HERE = Path(__file__).parent
_BLOCK_BYTES = 1 << 20
_NO_TIME_S = 315_532_800  # 1980


def version() -> str:
    found = re.search(r'^appVersion: "(.*)"$', (CHART / "Chart.yaml").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def assemble(archives: Mapping[str, Path], *, into: Path, name: str) -> Path:
    """
    Args:
        archives: OCI archives of our images, by target.
        into: The bundle appears here, whole or not at all, as `<name>.tar.gz`.
        name: Also of the folder in it.
    """
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=into) as scratch:
        folder = Path(scratch) / name
        (folder / "images").mkdir(parents=True)
        images = {
            target: rename(
                archives[target],
                folder / "images" / f"{target}.tar",
                reference=f"docker.io/aiconform/{target}:{version()}",
            )
            for target in TARGETS
        }
        _write_chart(folder / f"aiconform-{version()}.tgz", images)
        _write_manifests(folder / "manifests", images)
        _write_texts(folder, images)
        _write_sums(folder)
        packed = Path(scratch) / "bundle.tar.gz"
        _pack(folder, packed)
        target = into / f"{name}.tar.gz"
        packed.replace(target)
    return target


def _write_chart(target: Path, images: Mapping[str, BundledImage]) -> None:
    """As `helm package` does, with the digests in values.yaml."""
    files = {
        f"aiconform/{path.relative_to(CHART).as_posix()}": path.read_bytes()
        for path in sorted(CHART.rglob("*"))
        if path.is_file()
    }
    values = files["aiconform/values.yaml"].decode()
    files["aiconform/values.yaml"] = pinned_values(values, images).encode()
    # No name and no time in the gzip header: they would differ each time.
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path, data in files.items():
            _add(tar, path, data)


def pinned_values(values: str, images: Mapping[str, BundledImage]) -> str:
    """
    Raises:
        ValueError: values.yaml has no empty digest where one is expected.
    """
    for key, target in (("image", "coordinator"), ("engineImage", "engine")):
        pattern = re.compile(rf'(^{key}:\n(?:[ #].*\n|\n)*?  digest: )""', re.MULTILINE)
        values, count = pattern.subn(rf'\g<1>"{images[target].digest}"', values)
        if count != 1:
            raise ValueError(f"values.yaml: {key}.digest is not where it is expected")
    return values


def _write_manifests(folder: Path, images: Mapping[str, BundledImage]) -> None:
    folder.mkdir()
    for path in sorted((ROOT / "manifests").glob("*.yaml")):
        text = path.read_text()
        for target, image in images.items():
            named = f"aiconform/{target}:{version()}"
            text = text.replace(named, f"aiconform/{target}@{image.digest}")
        (folder / path.name).write_text(text)


def _write_texts(folder: Path, images: Mapping[str, BundledImage]) -> None:
    parts = parts_list(images, version=version())
    (folder / "sbom.cdx.json").write_text(json.dumps(parts, indent=1) + "\n")
    script = (_HERE / "install.sh").read_text().replace("@VERSION@", version())
    for target, image in images.items():
        script = script.replace(f"@{target.upper()}@", image.digest)
    (folder / "install.sh").write_text(script)
    (folder / "install.sh").chmod(0o755)
    shutil.copy(ROOT / "docs" / "how-to-air-gap.md", folder / "README.md")
    (folder / "checklists").mkdir()
    (folder / "checklists" / "README").write_text(
        "Put AIConformance-<version>.yaml of cncf/k8s-ai-conformance here, for `aiconform"
        " submission`.\nThey are not ours to pass on.\n"
    )


def _write_sums(folder: Path) -> None:
    lines = [f"{_sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in _files(folder)]
    (folder / "SHA256SUMS").write_text("".join(lines))


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _pack(folder: Path, target: Path) -> None:
    with (
        target.open("wb") as raw,
        # Level 1: the images are most of it, and higher levels gain little and take minutes.
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0, compresslevel=1) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path in _files(folder):
            info = tarfile.TarInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}")
            info.size, info.mtime = path.stat().st_size, _NO_TIME_S
            info.mode = path.stat().st_mode & 0o755
            with path.open("rb") as file:
                tar.addfile(info, file)


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(data), 0o644, _NO_TIME_S
    tar.addfile(info, io.BytesIO(data))
