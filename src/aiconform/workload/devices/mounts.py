"""What is mounted, from /proc/self/mountinfo."""

import re
from dataclasses import asdict, dataclass
from typing import Any

# Their files are no devices, and walking them is slow or endless.
PSEUDO = {"proc", "sysfs", "cgroup", "cgroup2", "mqueue", "securityfs", "debugfs", "tracefs"}


@dataclass(frozen=True)
class Mount:
    point: str
    root: str  # the directory or file within its file system that is mounted
    kind: str  # overlay, tmpfs, devtmpfs
    source: str
    number: str  # major:minor of the file system
    options: "tuple[str, ...]"

    @property
    def walked(self) -> bool:
        return self.kind not in PSEUDO and self.kind != "devpts"

    def as_json(self) -> "dict[str, Any]":
        return asdict(self)


def parse_mountinfo(text: str) -> "tuple[Mount, ...]":
    """
    Lines that are not as the kernel writes them are left out.

    Source: proc_pid_mountinfo(5).
    """
    mounts = []
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        fields, tail = left.split(" "), right.split(" ")
        if len(fields) >= 6 and len(tail) >= 2:
            mounts.append(
                Mount(
                    point=_unescaped(fields[4]),
                    root=_unescaped(fields[3]),
                    kind=tail[0],
                    source=_unescaped(tail[1]),
                    number=fields[2],
                    options=tuple(fields[5].split(",")),
                )
            )
    return tuple(mounts)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
