"""
The parts list (SBOM, CycloneDX 1.5): every Debian and Python package that lies in the images.

It is read from the layers themselves, so it lists what is there and not what was asked for.
"""

import email.parser
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast
from urllib.parse import quote

from tools.bundle.images import BundledImage, layers

_DPKG = "var/lib/dpkg/status"
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"


def parts_list(images: Mapping[str, BundledImage], *, version: str) -> dict[str, Any]:
    components = [_container(target, image, version) for target, image in images.items()]
    packages: dict[str, dict[str, Any]] = {}
    for target, image in images.items():
        for part in packages_of(image.archive):
            known = packages.setdefault(part["purl"], part | {"properties": []})
            known["properties"].append({"name": "aiconform:image", "value": target})
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "aiconform", "version": version}},
        "components": [*components, *(packages[purl] for purl in sorted(packages))],
    }


def packages_of(archive: Path) -> list[dict[str, Any]]:
    """Packages of one image; what an upper layer removed is not there any more."""
    debian: list[dict[str, Any]] = []
    python: dict[str, dict[str, Any]] = {}
    for layer in layers(archive):
        for member in layer:
            path = PurePosixPath(member.name.removeprefix("./").lstrip("/"))
            if path.name.startswith(_WHITEOUT):
                _forget(python, path)
            elif str(path) == _DPKG and member.isfile():
                debian = list(_debian(_text(layer, member)))
            elif path.name == "METADATA" and path.parent.name.endswith(".dist-info"):
                python[str(path)] = _python(_text(layer, member))
    return [*debian, *python.values()]


def _forget(python: dict[str, dict[str, Any]], path: PurePosixPath) -> None:
    gone = path.parent if path.name == _OPAQUE else path.with_name(path.name[len(_WHITEOUT) :])
    for known in [name for name in python if PurePosixPath(name).is_relative_to(gone)]:
        del python[known]


def _debian(status: str) -> Iterator[dict[str, Any]]:
    for paragraph in status.split("\n\n"):
        fields = email.parser.HeaderParser().parsestr(paragraph)
        if fields.get("Status", "").endswith(" installed"):
            name, version, kind = fields["Package"], fields["Version"], fields["Architecture"]
            purl = f"pkg:deb/debian/{quote(name)}@{quote(version, safe='')}?arch={kind}"
            yield {"type": "library", "name": name, "version": version, "purl": purl}


def _python(metadata: str) -> dict[str, Any]:
    fields = email.parser.HeaderParser().parsestr(metadata)
    name, version = fields["Name"], fields["Version"]
    part: dict[str, Any] = {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{quote(name.lower().replace('_', '-'))}@{quote(version, safe='')}",
    }
    told: Iterable[str] = (fields.get("License-Expression", ""), fields.get("License", ""))
    # Some packages put the whole text there.
    license_name = next((text for text in told if text and len(text) < 80 and "\n" not in text), "")
    if license_name:
        part["licenses"] = [{"license": {"name": license_name}}]
    return part


def _container(target: str, image: BundledImage, version: str) -> dict[str, Any]:
    digest = image.digest.removeprefix("sha256:")
    return {
        "type": "container",
        "name": f"aiconform/{target}",
        "version": version,
        "purl": f"pkg:oci/{target}@sha256%3A{digest}?repository_url=docker.io/aiconform/{target}",
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }


def _text(layer: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    return cast("IO[bytes]", layer.extractfile(member)).read().decode(errors="replace")
