"""A flipped bit anywhere in a journal is told; a torn end is cut off and said."""

import errno
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.journal import Journal, dump, replay
from aiconform.model.errors import JournalError
from aiconform.model.records import StageEntered
from tests.support.journals import sound_journal

ENTRIES = sound_journal(2)
LINES = tuple(dump(ENTRIES))


@given(st.integers(0, len(b"".join(LINES)) - 2), st.integers(0, 7))
def test_any_flipped_bit_is_found(
    tmp_path_factory: pytest.TempPathFactory, position: int, bit: int
) -> None:
    data = bytearray(b"".join(LINES))
    data[position] ^= 1 << bit
    path = tmp_path_factory.mktemp("journal") / "journal.ndjson"
    path.write_bytes(data)

    found = replay(path)

    assert found.damage or found.torn_bytes
    assert all(entry in ENTRIES for entry in found.entries)


def test_missing_line_is_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.ndjson"
    path.write_bytes(b"".join(LINES[:3] + LINES[4:]))

    found = replay(path)

    assert found.damage[0].line == 4
    assert "record 4 stands where record 3 belongs" in found.damage[0].problem
    assert found.entries == ENTRIES[:3]


def test_line_of_another_format_is_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.ndjson"
    path.write_bytes(LINES[0] + b"[1, 2]\nnot json\n{}\n")

    found = replay(path)

    assert [damage.line for damage in found.damage] == [2, 3, 4]


def test_record_that_we_do_not_know_is_told(tmp_path: Path) -> None:
    """A journal of a later version has a valid checksum and a kind that we lack."""
    from aiconform.journal.file import _crc

    record = b'{"kind":"prophecy"}'
    path = tmp_path / "journal.ndjson"
    crc = _crc(b"0", b"1.5", record)
    path.write_bytes(b'{"n":0,"at":1.5,"crc":"%b","record":%b}\n' % (crc, record))

    assert "unknown or malformed record" in replay(path).damage[0].problem


def test_damaged_journal_is_not_written_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.ndjson"
    path.write_bytes(LINES[1] + LINES[0])

    with pytest.raises(JournalError, match="line 1"):
        Journal(path, clock=lambda: 0.0)


def test_damage_after_writing_is_told_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.ndjson"
    journal = Journal(path, clock=lambda: 0.0)
    journal.append(StageEntered(stage="survey"), StageEntered(stage="plan"))
    journal.close()
    path.write_bytes(path.read_bytes().replace(b'"plan"', b'"hold"'))

    with pytest.raises(JournalError, match="line 2"):
        list(journal.read())


def test_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.ndjson"
    journal = Journal(path, clock=lambda: 0.0)
    journal.append(StageEntered(stage="survey"))
    journal._file = _FullDisk(journal._file)  # type: ignore[assignment]

    with pytest.raises(JournalError, match="No space left") as caught:
        journal.append(StageEntered(stage="plan"))

    assert "results.size" in caught.value.hint
    assert len(journal.entries) == 1
    assert len(replay(path).entries) == 1
    assert not replay(path).torn_bytes
    journal.close()


class _FullDisk:
    """Takes a few bytes, then no more."""

    def __init__(self, file: Any) -> None:
        self._real, self._left = file, 10

    def write(self, data: bytes) -> int:
        if not self._left:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = int(self._real.write(data[: self._left]))
        self._left -= taken
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
