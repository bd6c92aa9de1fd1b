"""
Container images as OCI archives: writing one from a few files, and reading what an archive holds.

Layers are not compressed: they are read once, on this machine, where unpacking costs more than
reading.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True)
class Image:
    """What an archive says of its image."""

    reference: str
    digest: str


def read(archive: Path) -> Image:
    """
    Reference and manifest digest of the first image in an OCI archive.

    Raises:
        ValueError: The archive is no OCI archive, or its image has no name.
    """
    with tarfile.open(archive) as tar:
        member = tar.extractfile("index.json")
        if member is None:
            raise ValueError(f"{archive} holds no index.json")
        first = json.load(member)["manifests"][0]
    notes = first.get("annotations", {})
    name = notes.get("io.containerd.image.name") or notes.get("org.opencontainers.image.ref.name")
    if not name:
        raise ValueError(f"the image in {archive} has no name")
    return Image(reference=name, digest=first["digest"])


def write_from_files(
    archive: Path, *, reference: str, files: Mapping[str, Path], entrypoint: Sequence[str]
) -> None:
    """
    Write an image that holds nothing but some executables.

    Args:
        archive: Appears whole or not at all.
        reference: Full name, `docker.io/lab/pause:1`.
        files: Path in the image → file on this machine.
        entrypoint: The command of a container.
    """
    layer = _layer(files)
    config = {
        "architecture": MACHINES.get(os.uname().machine, os.uname().machine),
        "os": "linux",
        "config": {"Entrypoint": list(entrypoint), "Env": ["PATH=/"], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
    }
    blobs: dict[str, bytes] = {}
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _add(blobs, json.dumps(config).encode(), CONFIG),
        "layers": [_add(blobs, layer, LAYER)],
    }
    with _written(archive, reference, json.dumps(manifest).encode()) as tar:
        for digest, content in blobs.items():
            _put(tar, f"blobs/{digest.replace(':', '/')}", content)


def write_from_folder(archive: Path, *, reference: str, folder: Path) -> None:
    """
    Write the image that `buildah push … dir:` left in a folder.

    Buildah writes OCI archives too, but compresses their layers whatever it is told.
    """
    content = (folder / "manifest.json").read_bytes()
    manifest = json.loads(content)
    with _written(archive, reference, content) as tar:
        for blob in [manifest["config"], *manifest["layers"]]:
            value = blob["digest"].removeprefix("sha256:")
            tar.add(folder / value, arcname=f"blobs/sha256/{value}")


@contextmanager
def _written(archive: Path, reference: str, manifest: bytes) -> Iterator[tarfile.TarFile]:
    """An archive that wants its blobs yet; it appears whole or not at all."""
    entry: dict[str, Any] = {
        "mediaType": MANIFEST,
        "digest": _digest(manifest),
        "size": len(manifest),
        "annotations": {
            "io.containerd.image.name": reference,
            "org.opencontainers.image.ref.name": reference,
        },
    }
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
    archive.parent.mkdir(parents=True, exist_ok=True)
    partial = archive.with_suffix(f".{os.getpid()}")
    try:
        with tarfile.open(partial, "w") as tar:
            _put(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
            _put(tar, "index.json", json.dumps(index).encode())
            _put(tar, f"blobs/{_digest(manifest).replace(':', '/')}", manifest)
            yield tar
        partial.rename(archive)
    finally:
        partial.unlink(missing_ok=True)


def _layer(files: Mapping[str, Path]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, source in sorted(files.items()):
            _put(tar, name.lstrip("/"), source.read_bytes(), mode=0o755)
    return stream.getvalue()


def _put(tar: tarfile.TarFile, name: str, content: bytes, *, mode: int = 0o644) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    tar.addfile(info, io.BytesIO(content))


def _add(blobs: dict[str, bytes], content: bytes, media_type: str) -> dict[str, Any]:
    digest = _digest(content)
    blobs[digest] = content
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
