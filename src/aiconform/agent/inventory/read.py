"""
Reading files that may be absent, forbidden, garbled or endless, without ever raising.

Every path hangs below one root, so that tests bring a directory instead of a machine.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Union

Reason = Literal["absent", "denied", "empty", "malformed", "timeout", "too_large"]
MAX_FILE_BYTES = 1024 * 1024
LARGEST = 2**63  # what a record can hold
# sysfs of a device that cannot answer: for us the same as if the file were not there.
_ABSENT = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO, errno.EOPNOTSUPP, errno.EINVAL}
)
_DENIED = frozenset({errno.EACCES, errno.EPERM})


@dataclass(frozen=True)
class Unknown:
    """A value that could not be read, and why."""

    path: str
    reason: Reason


Text = Union[str, Unknown]
Number = Union[int, Unknown]
Names = Union["tuple[str, ...]", Unknown]


def nothing(_: object) -> None:
    """A listener that does not care."""


class Tree:
    """
    Files below one root.

    `on_read` hears each path before it is read: when a sick driver hangs the read, the path is
    known. `on_unknown` hears what was there and could not be read; an absent file is normal and
    only told when it was `expected`.
    """

    def __init__(
        self,
        root: Path = Path("/"),
        *,
        on_read: Callable[[str], None] = nothing,
        on_unknown: Callable[[Unknown], None] = nothing,
    ) -> None:
        self._root = root
        self._on_read = on_read
        self._on_unknown = on_unknown

    @property
    def is_machine(self) -> bool:
        """The machine itself, and not a directory that stands for one."""
        return self._root == Path("/")

    def text(self, path: str, *, expected: bool = False) -> Text:
        """The file's text without the white space around it."""
        self._on_read(path)
        try:
            with (self._root / path.lstrip("/")).open("rb") as file:
                raw = file.read(MAX_FILE_BYTES + 1)
        except OSError as exc:
            return self._unknown(path, _reason(exc), expected=expected)
        if len(raw) > MAX_FILE_BYTES:
            return self._unknown(path, "too_large", expected=True)
        # Firmware pads with zero bytes, and not every vendor writes ASCII.
        value = raw.decode("utf-8", "replace").strip("\0 \t\r\n")
        return value if value else self._unknown(path, "empty", expected=expected)

    def number(self, path: str, *, base: int = 10, expected: bool = False) -> Number:
        value = self.text(path, expected=expected)
        if isinstance(value, Unknown):
            return value
        try:
            number = int(value, base)
        except ValueError:
            return self._unknown(path, "malformed", expected=True)
        in_range = -LARGEST <= number < LARGEST
        return number if in_range else self._unknown(path, "malformed", expected=True)

    def count(self, path: str) -> Number:
        """A number that cannot be negative: bytes, errors, lanes."""
        number = self.number(path)
        if isinstance(number, int) and number < 0:
            return self._unknown(path, "malformed", expected=True)
        return number

    def names(self, path: str, *, expected: bool = False) -> Names:
        """Names in a directory, sorted so that numbers in them count as numbers."""
        self._on_read(path)
        try:
            found = [each.name for each in (self._root / path.lstrip("/")).iterdir()]
        except OSError as exc:
            return self._unknown(path, _reason(exc), expected=expected)
        return tuple(sorted(found, key=_natural))

    def listed(self, path: str, *, expected: bool = False) -> "tuple[str, ...]":
        """As `names`; nothing when it cannot be listed."""
        names = self.names(path, expected=expected)
        return () if isinstance(names, Unknown) else names

    def exists(self, path: str) -> bool:
        self._on_read(path)
        try:
            return (self._root / path.lstrip("/")).exists()
        except OSError:
            return False

    def real(self, path: str) -> str:
        """Where the path leads when links are followed, as a path below the same root."""
        self._on_read(path)
        place = os.path.realpath(self._root / path.lstrip("/"))
        return "/" + os.path.relpath(place, os.path.realpath(self._root))

    def _unknown(self, path: str, reason: Reason, *, expected: bool) -> Unknown:
        unknown = Unknown(path, reason)
        if expected or reason not in ("absent", "empty"):
            self._on_unknown(unknown)
        return unknown


def known(value: "str | int | float | Unknown | None") -> "str | int | float | None":
    """For records: what is not known is None."""
    return None if isinstance(value, Unknown) else value


def known_text(value: Text) -> "str | None":
    return None if isinstance(value, Unknown) else value


def known_number(value: Number) -> "int | None":
    return None if isinstance(value, Unknown) else value


def _reason(exc: OSError) -> Reason:
    if exc.errno in _ABSENT:
        return "absent"
    if exc.errno in _DENIED:
        return "denied"
    return "timeout" if exc.errno in (errno.ETIMEDOUT, errno.EAGAIN) else "malformed"


def _natural(name: str) -> "list[tuple[int, str]]":
    parts: "list[tuple[int, str]]" = []
    digits = ""
    for character in name + "\0":
        if character.isdecimal():
            digits += character
            continue
        if digits:
            parts.append((int(digits), ""))
            digits = ""
        parts.append((-1, character))
    return parts
