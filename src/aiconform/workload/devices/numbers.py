"""Device numbers and what of them was asked for."""

import argparse
import fnmatch
from dataclasses import dataclass

RANGE_LIMIT = 256


@dataclass(frozen=True, order=True)
class Number:
    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}:{self.minor}"


@dataclass(frozen=True)
class Wanted:
    """A pattern for the path of a device file, or numbers."""

    pattern: str = ""
    major: int = -1
    minors: "range | None" = None  # None: every minor of the major

    def takes(self, path: str, number: Number) -> bool:
        if self.pattern:
            return fnmatch.fnmatchcase(path, self.pattern)
        return number.major == self.major and (self.minors is None or number.minor in self.minors)


def parse_wanted(text: str) -> Wanted:
    """/dev/nvidia*, 195:0, 195:0-15 or 195:* (for argparse)."""
    if text.startswith("/"):
        return Wanted(pattern=text)
    major, colon, minor = text.partition(":")
    if colon and major.isdecimal() and minor == "*":
        return Wanted(major=int(major))
    numbers = parse_numbers(text)
    return Wanted(major=numbers[0].major, minors=range(numbers[0].minor, numbers[-1].minor + 1))


def parse_numbers(text: str) -> "tuple[Number, ...]":
    """195:0 or 195:0-15 (for argparse)."""
    major, _, minors = text.partition(":")
    first, dash, last = minors.partition("-")
    last = last if dash else first
    if not all(part.isdecimal() and len(part) < 10 for part in (major, first, last)):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form 195:0 or 195:0-15")
    if not 0 <= int(last) - int(first) < RANGE_LIMIT:
        raise argparse.ArgumentTypeError(f"a range goes upwards, {RANGE_LIMIT} numbers at most")
    return tuple(Number(int(major), minor) for minor in range(int(first), int(last) + 1))
