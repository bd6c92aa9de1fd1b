"""Every record comes back as it was appended, in order, whatever happens between."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aiconform.journal import Journal, dump, replay
from aiconform.model.errors import JournalError
from aiconform.model.records import Entry, JournalRecord, StageEntered
from tests.support.journals import sound_journal
from tests.support.strategies import journal_records


def ticks() -> Any:
    times = iter(range(10**6))
    return lambda: 1000.0 + next(times) / 3


@given(st.lists(journal_records(), max_size=6))
def test_records_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, records: list[JournalRecord]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.ndjson"
    journal = Journal(path, clock=ticks())

    written = journal.append(*records)
    journal.close()

    assert [entry.record for entry in written] == records
    assert replay(path).entries == written
    assert not replay(path).damage


def test_compressed_journal_reads_like_a_plain_one(tmp_path: Path) -> None:
    entries = sound_journal()
    path = tmp_path / "journal.ndjson.gz"
    path.write_bytes(gzip.compress(b"".join(dump(entries))))

    assert replay(path).entries == entries


@pytest.mark.parametrize("content", [b"\x1f\x8bnot gzip", None])
def test_unreadable_file_is_a_clear_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "journal"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(JournalError, match=str(path)):
        replay(path)


def test_unwritable_place_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot write"):
        Journal(tmp_path / "absent" / "journal.ndjson", clock=ticks())


class Appending(RuleBasedStateMachine):
    """A journal that is appended to, closed, torn at its end and opened again."""

    @initialize(factory=st.just(None))
    def begin(self, factory: None) -> None:
        import tempfile

        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name) / "journal.ndjson"
        self.clock = ticks()
        self.journal = Journal(self.path, clock=self.clock)
        self.known: tuple[Entry, ...] = ()

    @rule(records=st.lists(journal_records(), min_size=1, max_size=3))
    def append(self, records: list[JournalRecord]) -> None:
        self.known += self.journal.append(*records)

    @rule()
    def reopen(self) -> None:
        self.journal.close()
        self.journal = Journal(self.path, clock=self.clock)

    @rule(keep=st.floats(min_value=0.01, max_value=0.99))
    def die_while_writing(self, keep: float) -> None:
        self.journal.close()
        line = b"".join(dump([Entry(n=len(self.known), at=1.0, record=StageEntered(stage="plan"))]))
        with self.path.open("ab") as file:
            file.write(line[: max(1, int(len(line) * keep))])
        assert replay(self.path).torn_bytes > 0
        self.journal = Journal(self.path, clock=self.clock)

    @invariant()
    def everything_is_there_once(self) -> None:
        if hasattr(self, "journal"):
            found = replay(self.path)
            assert self.journal.entries == self.known == found.entries
            assert not found.damage
            assert not found.torn_bytes

    def teardown(self) -> None:
        if hasattr(self, "journal"):
            self.journal.close()
            self.directory.cleanup()


TestAppending = Appending.TestCase
TestAppending.settings = settings(max_examples=15, stateful_step_count=8, deadline=None)
