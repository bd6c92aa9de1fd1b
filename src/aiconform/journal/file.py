"""
An append-only NDJSON file whose every line proves itself.

A line is `{"n":…,"at":…,"crc":…,"record":{…}}`; `crc` is the CRC-32 of the number, the time and the
record as written. A torn last line (the writer was killed) is cut off and reported; damage
anywhere else is reported line by line and never skipped in silence.
"""

import gzip
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from aiconform.model.errors import JournalError
from aiconform.model.records import JOURNAL_RECORD, Entry, JournalRecord


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
        self._entries: list[Entry] = []
        if path.exists():
            self._take_over(replay(path))
        try:
            self._file: BinaryIO = path.open("ab", buffering=0)
        except OSError as exc:
            raise _unwritable(path, exc) from exc

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entries)

    def append(self, *records: JournalRecord) -> tuple[Entry, ...]:
        """Write records, in order, and sync once. On a full disk nothing of them is kept."""
        start, at = len(self._entries), self._clock()
        entries = tuple(Entry(n=start + i, at=at, record=r) for i, r in enumerate(records))
        payload = b"".join(_line(entry) for entry in entries)
        offset = self._file.seek(0, os.SEEK_END)
        try:
            _write_all(self._file, payload)
            os.fsync(self._file.fileno())
        except OSError as exc:
            self._file.truncate(offset)
            raise _unwritable(self._path, exc) from exc
        self._entries.extend(entries)
        return entries

    def close(self) -> None:
        self._file.close()

    def _take_over(self, found: Replay) -> None:
        if found.damage:
            first = found.damage[0]
            raise JournalError(
                f"{self._path}, line {first.line}: {first.problem}",
                hint="Keep the file for inspection and start a new run in another directory",
            )
        if found.torn_bytes:
            os.truncate(self._path, self._path.stat().st_size - found.torn_bytes)
        self._entries.extend(found.entries)


def replay(path: Path) -> Replay:
    """
    Read a journal, plain or gzip.

    Raises:
        JournalError: The file cannot be read at all.
    """
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as exc:
        raise JournalError(f"cannot read {path}: {exc}", hint="Is it a journal of a run?") from exc
    body, newline, tail = data.rpartition(b"\n")
    entries: list[Entry] = []
    damage: list[Damage] = []
    for number, line in enumerate(body.split(b"\n") if newline else (), start=1):
        try:
            entries.append(_parse(line, expected_n=number - 1))
        except ValueError as exc:
            damage.append(Damage(line=number, problem=str(exc)))
    return Replay(tuple(entries), tuple(damage), torn_bytes=len(tail))


def dump(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The lines that a journal of these entries has."""
    return (_line(entry) for entry in entries)


def _line(entry: Entry) -> bytes:
    record = entry.record.model_dump_json()
    head = f'{{"n":{entry.n},"at":{json.dumps(entry.at)},"crc":"'
    return f'{head}{_crc(entry.n, entry.at, record)}","record":{record}}}\n'.encode()


def _parse(line: bytes, *, expected_n: int) -> Entry:
    try:
        raw = json.loads(line)
        n, at, crc = raw["n"], raw["at"], raw["crc"]
        record_text = line.decode().split('"record":', 1)[1][:-1]
    except (ValueError, KeyError, TypeError, IndexError) as exc:
        raise ValueError(f"not a journal line ({exc})") from exc
    if _crc(n, at, record_text) != crc:
        raise ValueError("checksum does not match: the line was changed after it was written")
    if n != expected_n:
        raise ValueError(f"record {n} stands where record {expected_n} belongs")
    try:
        return Entry(n=n, at=at, record=JOURNAL_RECORD.validate_json(record_text))
    except ValidationError as exc:
        raise ValueError(f"unknown or malformed record ({exc.error_count()} errors)") from exc


def _crc(n: int, at: float, record: str) -> str:
    return f"{zlib.crc32(f'{n} {json.dumps(at)} {record}'.encode()):08x}"


def _write_all(file: BinaryIO, payload: bytes) -> None:
    view = memoryview(payload)
    while view:
        view = view[file.write(view) :]


def _unwritable(path: Path, exc: OSError) -> JournalError:
    return JournalError(
        f"cannot write {path}: {exc.strerror or exc}",
        hint="Free space on the results volume or give it a larger one (results.size)",
    )
