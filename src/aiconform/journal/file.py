"""
An append-only NDJSON file whose every line proves itself.

A line is `{"n":…,"at":…,"crc":…,"record":{…}}`; `crc` is the CRC-32 of the number, the time and the
record as written. A torn last line (the writer was killed) is cut off and reported; damage
anywhere else is reported line by line and never skipped in silence.
"""

import gzip
import json
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from aiconform.journal.bulk import no_cycles
from aiconform.model.errors import JournalError
from aiconform.model.records import Entry, JournalRecord

_HEAD = re.compile(
    rb'\{"n":(\d{1,18}),"at":(-?\d{1,20}(?:\.\d{1,20})?(?:e[+-]?\d{1,3})?)'
    rb',"crc":"([0-9a-f]{8})","record":'
)


@dataclass(frozen=True)
class Damage:
    """A line that cannot be trusted; `line` counts from 1."""

    line: int
    problem: str


@dataclass(frozen=True)
class Replay:
    """What a journal holds, and what of it is damaged. `torn_bytes`: length of a torn last line."""

    entries: tuple[Entry, ...]
    damage: tuple[Damage, ...]
    torn_bytes: int = 0


class Journal:
    """
    The open journal of a run. Every append is on disk before it returns.

    Raises:
        JournalError: The file is damaged beyond a torn last line, or cannot be written.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float]) -> None:
        self._path, self._clock = path, clock
        self._count = 0
        if path.exists():
            self._take_over(replay(path))
        try:
            self._file: BinaryIO = path.open("ab", buffering=0)
        except OSError as exc:
            raise _unwritable(path, exc) from exc

    def __len__(self) -> int:
        return self._count

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them, from the disk; see `read`."""
        return tuple(self.read())

    def read(self) -> Iterator[Entry]:
        """
        Every entry so far, one by one from the disk: thousands of nodes do not fit into memory.

        Raises:
            JournalError: The file can no longer be read, or was damaged since it was written.
        """
        try:
            with self._path.open("rb") as file:
                yield from self._sound(file)
        except OSError as exc:
            raise JournalError(f"cannot read {self._path}: {exc.strerror or exc}") from exc

    def _sound(self, file: BinaryIO) -> Iterator[Entry]:
        for number in range(self._count):  # what is being written beside us is left alone
            try:
                yield _parse(file.readline().removesuffix(b"\n"), expected_n=number)
            except ValueError as exc:
                raise _damaged(self._path, Damage(line=number + 1, problem=str(exc))) from exc

    def append(self, *records: JournalRecord) -> tuple[Entry, ...]:
        """Write records, in order, and sync once. On a full disk nothing of them is kept."""
        start, at = self._count, self._clock()
        entries = tuple(Entry(n=start + i, at=at, record=r) for i, r in enumerate(records))
        payload = b"".join(_line(entry) for entry in entries)
        offset = self._file.seek(0, os.SEEK_END)
        try:
            _write_all(self._file, payload)
            os.fsync(self._file.fileno())
        except OSError as exc:
            self._file.truncate(offset)
            raise _unwritable(self._path, exc) from exc
        self._count += len(entries)
        return entries

    def close(self) -> None:
        self._file.close()

    def _take_over(self, found: Replay) -> None:
        if found.damage:
            raise _damaged(self._path, found.damage[0])
        if found.torn_bytes:
            os.truncate(self._path, self._path.stat().st_size - found.torn_bytes)
        self._count = len(found.entries)


def replay(path: Path) -> Replay:
    """
    Read a journal, plain or gzip.

    Raises:
        JournalError: The file cannot be read at all.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with no_cycles(), gzip.open(path) if packed else path.open("rb") as lines:
            return _replay(lines)
    except (OSError, EOFError, zlib.error) as exc:
        raise JournalError(f"cannot read {path}: {exc}", hint="Is it a journal of a run?") from exc


def _replay(lines: Iterable[bytes]) -> Replay:
    entries: list[Entry] = []
    damage: list[Damage] = []
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            return Replay(tuple(entries), tuple(damage), torn_bytes=len(line))
        try:
            entries.append(_parse(line[:-1], expected_n=number - 1))
        except ValueError as exc:
            damage.append(Damage(line=number, problem=str(exc)))
    return Replay(tuple(entries), tuple(damage))


def dump(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The lines that a journal of these entries has."""
    return (_line(entry) for entry in entries)


def _line(entry: Entry) -> bytes:
    record, n, at = entry.record.model_dump_json().encode(), b"%d" % entry.n, _time(entry.at)
    return b'{"n":%b,"at":%b,"crc":"%b","record":%b}\n' % (n, at, _crc(n, at, record), record)


def _parse(line: bytes, *, expected_n: int) -> Entry:
    head = _HEAD.match(line)
    if head is None or not line.endswith(b"}"):
        raise ValueError("not a journal line")
    n, at, crc = head.groups()
    record = line[head.end() : -1]
    if _crc(n, at, record) != crc:
        raise ValueError("checksum does not match: the line was changed after it was written")
    if int(n) != expected_n:
        raise ValueError(f"record {int(n)} stands where record {expected_n} belongs")
    try:
        # All at once, which takes half the time of the record first.
        return Entry.model_validate_json(b'{"n":%b,"at":%b,"record":%b}' % (n, at, record))
    except ValidationError as exc:
        raise ValueError(f"unknown or malformed record ({exc.error_count()} errors)") from exc


def _crc(n: bytes, at: bytes, record: bytes) -> bytes:
    return b"%08x" % zlib.crc32(b"%b %b %b" % (n, at, record))


def _time(at: float) -> bytes:
    return json.dumps(at).encode()


def _write_all(file: BinaryIO, payload: bytes) -> None:
    view = memoryview(payload)
    while view:
        view = view[file.write(view) :]


def _damaged(path: Path, first: Damage) -> JournalError:
    return JournalError(
        f"{path}, line {first.line}: {first.problem}",
        hint="Keep the file for inspection and start a new run in another directory",
    )


def _unwritable(path: Path, exc: OSError) -> JournalError:
    return JournalError(
        f"cannot write {path}: {exc.strerror or exc}",
        hint="Free space on the results volume or give it a larger one (results.size)",
    )
