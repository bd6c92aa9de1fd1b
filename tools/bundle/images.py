"""Image archives in the bundle: under their release's name, with what their layers hold."""

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


@dataclass(frozen=True)
class BundledImage:
    reference: str
    digest: str
    archive: Path


def rename(archive: Path, target: Path, *, reference: str) -> BundledImage:
    """Copy an OCI archive of one image under another name; its digest stays."""
    with tarfile.open(archive) as source, tarfile.open(target, "w") as out:
        index = _json(source, "index.json")
        (entry,) = index["manifests"]
        entry["annotations"] = dict.fromkeys(_NAMES, reference)
        for member in sorted(source.getmembers(), key=lambda each: each.name):
            data = cast("IO[bytes]", source.extractfile(member))
            if member.name == "index.json":
                data = io.BytesIO(json.dumps(index).encode())
                member.size = data.getbuffer().nbytes
            member.mtime = 0
            out.addfile(member, data)
    return BundledImage(reference, str(entry["digest"]), target)


def layers(archive: Path) -> Iterator[tarfile.TarFile]:
    """The layers of an archive's image, lowest first."""
    with tarfile.open(archive) as tar:
        manifest = _blob(tar, _json(tar, "index.json")["manifests"][0]["digest"])
        for layer in json.load(manifest)["layers"]:
            with tarfile.open(fileobj=_blob(tar, layer["digest"]), mode="r:*") as opened:
                yield opened


def _blob(tar: tarfile.TarFile, digest: str) -> IO[bytes]:
    return cast("IO[bytes]", tar.extractfile(f"blobs/{digest.replace(':', '/')}"))


def _json(tar: tarfile.TarFile, name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", json.load(cast("IO[bytes]", tar.extractfile(name))))
