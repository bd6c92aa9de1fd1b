"""Every device file of the container, wherever it lies and whatever it is called."""

import fnmatch
import os
import re
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiconform.workload.devices.mounts import Mount
from aiconform.workload.devices.numbers import Number

ENTRY_LIMIT = 400_000
TIME_LIMIT_S = 10.0
DEVICE_LIMIT = 4096
NAMED_LIMIT = 200

# What every OCI runtime puts into /dev. Source: runtime-spec, config-linux.md, default devices.
STANDARD = {Number(1, minor) for minor in (3, 5, 7, 8, 9)} | {Number(5, m) for m in (0, 1, 2)}
_PTY_MAJORS = range(136, 144)


@dataclass(frozen=True)
class Device:
    path: str
    kind: str  # char or block
    number: Number
    mode: str  # octal
    uid: int
    gid: int

    @property
    def standard(self) -> bool:
        return self.kind == "char" and (self.number in STANDARD or self.number.major in _PTY_MAJORS)

    def as_json(self) -> "dict[str, Any]":
        return {
            "path": self.path,
            "kind": self.kind,
            "major": self.number.major,
            "minor": self.number.minor,
            "mode": self.mode,
            "uid": self.uid,
            "gid": self.gid,
            "standard": self.standard,
        }


@dataclass(frozen=True)
class Found:
    devices: "tuple[Device, ...]"
    named: "tuple[str, ...]"  # files with one of the names that were looked for
    entry_count: int
    mounts_complete: bool  # /dev and all mounts were searched to the end
    root_complete: bool  # and the root file system, which is the image
    unreadable: "tuple[str, ...]"  # directories that we may not list


def find_devices(
    mounts: "Sequence[Mount]", *, names: "Sequence[str]" = (), root: str = "/"
) -> Found:
    """
    Searches all mounts but pseudo file systems, then the root, following no link.

    Args:
        names: Patterns of other files to look for on the way.
    """
    search = _Search(skipped={mount.point for mount in mounts if not mount.walked}, names=names)
    search.look(os.path.join(root, "dev"))  # noqa: PTH118 - paths are text here
    for mount in mounts:  # a runtime may put a device anywhere
        if mount.walked and mount.point not in ("/", root):
            search.look(mount.point)
    mounts_complete = not search.exhausted
    search.look(root)
    return Found(
        devices=tuple(sorted(search.devices.values(), key=lambda device: device.path)),
        named=tuple(sorted(search.named)),
        entry_count=search.entry_count,
        mounts_complete=mounts_complete,
        root_complete=not search.exhausted,
        unreadable=tuple(search.unreadable[:100]),
    )


class _Search:
    def __init__(self, *, skipped: "set[str]", names: "Sequence[str]") -> None:
        self.devices: dict[str, Device] = {}
        self.named: list[str] = []
        self.unreadable: list[str] = []
        self.entry_count = 0
        self._skipped = skipped
        self._names = re.compile("|".join(fnmatch.translate(name) for name in names) or r"(?!)")
        self._directories: set[tuple[int, int]] = set()  # by file system and inode
        self._until = time.monotonic() + TIME_LIMIT_S

    @property
    def exhausted(self) -> bool:
        return (
            self.entry_count >= ENTRY_LIMIT
            or len(self.devices) >= DEVICE_LIMIT
            or time.monotonic() > self._until
        )

    def look(self, start: str) -> None:
        """A file, or a directory and all below it."""
        pending = [start]
        while pending and not self.exhausted:
            path = pending.pop()
            try:
                status = os.lstat(path)
                if not stat.S_ISDIR(status.st_mode):
                    self._note(path, status)
                elif self._is_new(path, status):
                    pending += self._list(path)
            except FileNotFoundError:
                continue  # gone meanwhile
            except OSError:
                self.unreadable.append(path)

    def _list(self, path: str) -> "list[str]":
        """Notes the files of a directory and returns its directories."""
        directories = []
        with os.scandir(path) as entries:
            for entry in entries:
                self.entry_count += 1
                if entry.is_dir(follow_symlinks=False):
                    directories.append(entry.path)
                elif self._names.match(entry.name) and len(self.named) < NAMED_LIMIT:
                    self.named.append(entry.path)
                elif not (entry.is_file(follow_symlinks=False) or entry.is_symlink()):
                    self._note(entry.path, entry.stat(follow_symlinks=False))
        return directories

    def _is_new(self, path: str, status: os.stat_result) -> bool:
        """False for pseudo file systems, and for what another mount has shown before."""
        key = (status.st_dev, status.st_ino)
        if path in self._skipped or key in self._directories:
            return False
        self._directories.add(key)
        return True

    def _note(self, path: str, status: os.stat_result) -> None:
        char, block = stat.S_ISCHR(status.st_mode), stat.S_ISBLK(status.st_mode)
        # Overlay file systems mark deleted files with 0:0, which is no device.
        if not (char or block) or status.st_rdev == 0:
            return
        self.devices[path] = Device(
            path=path,
            kind="char" if char else "block",
            number=Number(os.major(status.st_rdev), os.minor(status.st_rdev)),
            mode=f"{stat.S_IMODE(status.st_mode):04o}",
            uid=status.st_uid,
            gid=status.st_gid,
        )
