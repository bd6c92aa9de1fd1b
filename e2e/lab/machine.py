"""What the machine must have: root, and some programs that Debian and Ubuntu package."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from e2e.lab.errors import CommandError, MachineError
from e2e.lab.shell import run, say, system_env

# What has to be there → the package that brings it.
CLUSTER = {
    "ip": "iproute2",
    "tc": "iproute2",
    "nft": "nftables",
    "conntrack": "conntrack",
    "nsenter": "util-linux",
    "mount": "mount",
    "/etc/ssl/certs/ca-certificates.crt": "ca-certificates",
}
RUNC_BUILD = {
    "gcc": "gcc",
    "pkg-config": "pkg-config",
    "/usr/include/seccomp.h": "libseccomp-dev",
    "/usr/include/stdlib.h": "libc6-dev",
}
IMAGE_BUILD = {"buildah": "buildah", "debootstrap": "debootstrap", "tar": "tar"}


def require_root() -> None:
    """
    Raises:
        MachineError: The lab makes network namespaces and mounts, which only root may.
    """
    if os.geteuid() != 0:
        raise MachineError("the lab needs root; start it with sudo, or as root in a container")


def ensure(*wanted: dict[str, str]) -> None:
    """
    Install what is missing with apt-get.

    Raises:
        MachineError: Something is missing and this is no root, or no Debian or Ubuntu.
    """
    packages = missing(item for group in wanted for item in group.items())
    if not packages:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MachineError(
            f"please install {' '.join(packages)} (on Debian or Ubuntu as root the lab does it)"
        )
    say(f"installing {' '.join(packages)} ...")
    env = {**system_env(), "DEBIAN_FRONTEND": "noninteractive"}
    install = ("apt-get", "install", "--yes", "--no-install-recommends", *packages)
    try:
        run("apt-get", "update", env=env)
        run(*install, env=env)
    except CommandError as exc:
        raise MachineError(f"could not install {' '.join(packages)}: {exc}") from exc


def missing(wanted: Iterable[tuple[str, str]]) -> list[str]:
    """The packages whose program or file is not here."""
    path = system_env()["PATH"]

    def there(what: str) -> bool:
        return Path(what).exists() if what.startswith("/") else bool(shutil.which(what, path=path))

    return sorted({package for what, package in wanted if not there(what)})
