"""Tries to use a device: open its file, or make a file of its number first. Tells the errno."""

import os
import secrets
import stat
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from aiconform.workload.devices.mounts import Mount
from aiconform.workload.devices.numbers import Number
from aiconform.workload.files import name_of

OPEN_LIMIT_S = 10.0
NEVER = "NEVER_OPENED"  # a watchdog: opening it can restart the machine
HANGS = "HANGS"  # the driver did not return within OPEN_LIMIT_S
DIRECTORIES = ("/dev", "/tmp", "/dev/shm", "/var/tmp", "/run", "/")


@dataclass(frozen=True)
class Opening:
    """`error` is an errno's name, NEVER or HANGS; None: it opened."""

    opened: bool
    error: "str | None" = None
    mode: "str | None" = None  # rdwr, or rdonly when writing alone was refused

    def as_json(self) -> "dict[str, Any]":
        return asdict(self)


@dataclass(frozen=True)
class Making:
    """mknod in one directory, and the opening of what was made."""

    directory: str
    made: bool
    error: "str | None"
    opening: "Opening | None" = None
    nodev: "bool | None" = None  # on such a file system no device opens, which proves nothing

    def as_json(self) -> "dict[str, Any]":
        return asdict(self)


def try_open(path: str, number: Number) -> "tuple[Opening, int | None]":
    """What came of it, and the open file, for the caller to close or hold."""
    if is_watchdog(path, number):
        return Opening(opened=False, error=NEVER), None
    opening, fd = _open(path, os.O_RDWR)
    if opening.error in ("EACCES", "EROFS"):  # file permissions; the other way may be allowed
        reading, fd = _open(path, os.O_RDONLY)
        if reading.opened:
            return replace(reading, mode="rdonly"), fd
    return (replace(opening, mode="rdwr") if opening.opened else opening), fd


def _open(path: str, how: int) -> "tuple[Opening, int | None]":
    """In a thread, since a driver may never return."""
    done: list[tuple[Opening, int | None]] = []

    def attempt() -> None:
        try:
            # Never waits for a modem, never becomes the controlling terminal.
            fd = os.open(path, how | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as exc:
            done.append((Opening(opened=False, error=name_of(exc)), None))
        else:
            done.append((Opening(opened=True), fd))

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(OPEN_LIMIT_S)
    return done[0] if done else (Opening(opened=False, error=HANGS), None)


def try_make(
    number: Number, mounts: "Sequence[Mount]", *, directories: "Sequence[str]" = DIRECTORIES
) -> "tuple[Making, ...]":
    """mknod in each directory that there is; what was made is removed again."""
    if is_watchdog("", number):
        return (Making(directory="", made=False, error=NEVER),)
    return tuple(
        _make(number, directory, nodev=_is_nodev(directory, mounts))
        for directory in directories
        if Path(directory).is_dir()
    )


def _make(number: Number, directory: str, *, nodev: "bool | None") -> Making:
    path = Path(directory) / f".aiconform-{secrets.token_hex(8)}"
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(number.major, number.minor))
    except OSError as exc:
        return Making(directory=directory, made=False, error=name_of(exc), nodev=nodev)
    try:
        opening, fd = try_open(str(path), number)
        if fd is not None:
            os.close(fd)
    finally:
        path.unlink()
    return Making(directory=directory, made=True, error=None, opening=opening, nodev=nodev)


def is_watchdog(path: str, number: Number) -> bool:
    """By name, by the fixed number, and by what the kernel calls it."""
    if number == Number(10, 130) or Path(path).name.startswith("watchdog"):
        return True
    try:
        event = Path(f"/sys/dev/char/{number}/uevent").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "DEVNAME=watchdog" in event


def _is_nodev(directory: str, mounts: "Sequence[Mount]") -> "bool | None":
    """By the longest mount point above; the last mount on a point hides the earlier ones."""
    over = [
        mount
        for mount in mounts
        if Path(directory) == Path(mount.point) or Path(mount.point) in Path(directory).parents
    ]
    if not over:
        return None
    longest = max(len(mount.point) for mount in over)
    return "nodev" in [mount for mount in over if len(mount.point) == longest][-1].options
