"""One look: everything found, everything asked for tried."""

import glob
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiconform.workload.devices.finding import Device, find_devices
from aiconform.workload.devices.mounts import Mount, parse_mountinfo
from aiconform.workload.devices.numbers import Number, Wanted
from aiconform.workload.devices.opening import try_make, try_open
from aiconform.workload.devices.surroundings import (
    LIBRARIES,
    look_around,
)
from aiconform.workload.files import name_of

EXECUTE_LIMIT_S = 30.0
OUTPUT_LIMIT = 16_000
READ_LIMIT = 4_000
FILE_LIMIT = 64  # files of all patterns together


@dataclass(frozen=True)
class Ask:
    open: "tuple[Wanted, ...]" = ()
    make: "tuple[Number, ...]" = ()
    execute: "tuple[str, ...]" = ()  # command lines, run without a shell
    read: "tuple[str, ...]" = ()  # paths or patterns of paths


@dataclass
class Look:
    """JSON facts, and the files that stayed open when they were to be held."""

    facts: "dict[str, Any]"
    held: "list[int]" = field(default_factory=list)


def look(ask: Ask, *, hold: bool = False) -> Look:
    mounts = _mounts()
    found = find_devices(mounts, names=LIBRARIES)
    seen = Look({})
    seen.facts = {
        **look_around(),
        "devices": [_tried(device, ask, seen, hold=hold) for device in found.devices],
        "search": {
            "entries": found.entry_count,
            "mounts_complete": found.mounts_complete,
            "root_complete": found.root_complete,
            "unreadable": list(found.unreadable),
        },
        "made": [
            {
                "major": number.major,
                "minor": number.minor,
                "attempts": [making.as_json() for making in try_make(number, mounts)],
            }
            for number in ask.make
        ],
        "executed": [_execute(line) for line in ask.execute],
        "texts": [_read(path) for path in _paths(ask.read)],
        "vendor_files": list(found.named),
        "mounts": [mount.as_json() for mount in mounts[:500]],
        "held": len(seen.held),
    }
    return seen


def _tried(device: Device, ask: Ask, seen: Look, *, hold: bool) -> "dict[str, Any]":
    """`opening` is null when nobody asked to open the device."""
    facts = device.as_json()
    if not any(wanted.takes(device.path, device.number) for wanted in ask.open):
        return {**facts, "opening": None}
    opening, fd = try_open(device.path, device.number)
    if fd is not None and hold:
        seen.held.append(fd)
    elif fd is not None:
        os.close(fd)
    return {**facts, "opening": opening.as_json()}


def _execute(line: str) -> "dict[str, Any]":
    """A vendor's listing. `found` is false when the image has no such program."""
    words = shlex.split(line)
    program = shutil.which(words[0]) if words else None
    if program is None:
        return {"command": line, "found": False, "status": None, "output": ""}
    try:
        done = subprocess.run(
            [program, *words[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=EXECUTE_LIMIT_S,
            check=False,
        )
        status, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as exc:
        status, output = None, exc.stdout or b""
    except OSError as exc:
        status, output = None, str(exc).encode()
    text = output[:OUTPUT_LIMIT].decode(errors="replace")
    return {"command": line, "found": True, "status": status, "output": text}


def _paths(patterns: "Sequence[str]") -> "list[str]":
    """A path without a wildcard stays in, so that its absence is told."""
    found: dict[str, None] = {}
    for pattern in patterns:
        names = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]  # noqa: PTH207
        found.update(dict.fromkeys(names))
    return list(found)[:FILE_LIMIT]


def _read(path: str) -> "dict[str, Any]":
    """`error` is the errno's name, and `text` null, when it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(READ_LIMIT).decode(errors="replace")
    except OSError as exc:
        return {"path": path, "text": None, "error": name_of(exc)}
    return {"path": path, "text": text, "error": None}


def _mounts() -> "Sequence[Mount]":
    try:
        return parse_mountinfo(Path("/proc/self/mountinfo").read_text(errors="replace"))
    except OSError:
        return ()
