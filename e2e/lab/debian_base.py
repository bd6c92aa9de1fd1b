"""A small root file system with Python, made by debootstrap from this machine's own mirror."""

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from e2e.lab.errors import MachineError
from e2e.lab.shell import run, system_env

PACKAGES = ("ca-certificates", "python3", "python3-venv")
# Nobody reads manuals in a container.
SUPERFLUOUS = (
    "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "var/cache/apt",
    "var/lib/apt/lists", "var/log/bootstrap.log", "var/log/dpkg.log", "var/cache/debconf",
)  # fmt: skip
# Files that a build mounts something on: there beforehand, they leave no trace in a layer.
MOUNT_POINTS = ("etc/pip.conf",)


@dataclass(frozen=True)
class Release:
    """What debootstrap is to unpack, and from where."""

    codename: str
    mirror: str
    components: str

    @property
    def key(self) -> str:
        """Names the result; the mirror does not change it."""
        parts = (self.codename, self.components, *PACKAGES, *SUPERFLUOUS, *MOUNT_POINTS)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def release() -> Release:
    """
    This machine's own release and mirror.

    Raises:
        MachineError: Neither Debian nor Ubuntu, or no package source is configured.
    """
    about = Path("/etc/os-release").read_text()
    codename = re.search(r"^VERSION_CODENAME=\"?(\w+)", about, re.MULTILINE)
    sources = sorted(Path("/etc/apt").glob("sources.list")) + sorted(
        Path("/etc/apt/sources.list.d").glob("*")
    )
    text = "\n".join(path.read_text() for path in sources if path.suffix in {".list", ".sources"})
    mirror = find_mirror(text)
    if codename is None or mirror is None:
        raise MachineError("the base image is made by debootstrap, which wants Debian or Ubuntu")
    ubuntu = re.search(r"^ID=ubuntu", about, re.MULTILINE)
    return Release(codename.group(1), mirror, "main,universe" if ubuntu else "main")


def find_mirror(sources: str) -> str | None:
    """The first address in apt's sources, in the one-line or in the deb822 format."""
    found = re.search(r"^(?:deb(?: \[[^]]*\])?|URIs:)\s+(https?://\S+)", sources, re.MULTILINE)
    return found.group(1) if found else None


def make(chosen: Release, archive: Path, *, work: Path) -> None:
    """Write the root file system as a tar archive; takes a minute or two."""
    root = work / "root"
    run(
        "debootstrap", "--variant=minbase", f"--components={chosen.components}",
        f"--include={','.join(PACKAGES)}", chosen.codename, str(root), chosen.mirror,
        env=system_env(),
    )  # fmt: skip
    for name in SUPERFLUOUS:
        place = root / name
        if place.is_dir():
            shutil.rmtree(place)
            place.mkdir()
        else:
            place.unlink(missing_ok=True)
    for name in MOUNT_POINTS:
        (root / name).touch()
    # Which mirror it came from is this machine's business.
    (root / "etc/apt/sources.list").write_text("")
    contents = ("--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*", ".")
    run("tar", "--create", "--numeric-owner", "-C", str(root), "-f", str(archive), *contents)
