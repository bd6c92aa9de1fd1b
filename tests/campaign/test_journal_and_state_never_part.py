"""What is written is visible: the recorder's state is the journal's, whoever is cancelled."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aiconform.campaign.recorder import Recorder
from aiconform.campaign.state import RunState
from aiconform.journal import Journal
from aiconform.model.errors import JournalError
from aiconform.model.records import Entry, JournalRecord, NodeChanged


class SlowJournal(Journal):
    """Writes only when it is let."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, clock=lambda: 1000.0)
        self.asked, self.let = threading.Event(), threading.Event()

    def append(self, *records: JournalRecord) -> tuple[Entry, ...]:
        self.asked.set()
        self.let.wait(10)
        return super().append(*records)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SlowJournal]:
    with closing(SlowJournal(tmp_path / "journal.ndjson")) as journal:
        yield journal


async def test_cancelled_writer_loses_nothing_and_lets_nobody_write_beside_it(
    journal: SlowJournal,
) -> None:
    recorder = Recorder(journal)
    first = asyncio.create_task(recorder.append(NodeChanged(node="n1", state="reporting")))
    await asyncio.to_thread(journal.asked.wait, 10)

    first.cancel()
    second = asyncio.create_task(recorder.append(NodeChanged(node="n2", state="lost")))
    journal.let.set()
    await asyncio.gather(first, second, return_exceptions=True)

    assert first.cancelled()
    assert [entry.n for entry in journal.entries] == [0, 1]
    assert recorder.state == RunState.of(journal.entries)


async def test_records_of_many_share_one_sync(tmp_path: Path) -> None:
    """While a slow disk is busy with one record, thousands of agents bring theirs."""
    with closing(CountingJournal(tmp_path / "journal.ndjson")) as journal:
        recorder = Recorder(journal)
        nodes = [f"n{number}" for number in range(100)]

        await asyncio.gather(
            *(recorder.append(NodeChanged(node=node, state="reporting")) for node in nodes)
        )

        assert journal.syncs <= 2
        assert recorder.state.at_work() == tuple(sorted(nodes))
        assert recorder.state == RunState.of(journal.read())


async def test_failure_reaches_everybody_who_shared_the_sync(tmp_path: Path) -> None:
    with closing(CountingJournal(tmp_path / "journal.ndjson", full=True)) as journal:
        recorder = Recorder(journal)

        failures = await asyncio.gather(
            *(recorder.append(NodeChanged(node=node, state="lost")) for node in ("n1", "n2")),
            return_exceptions=True,
        )

        assert all(isinstance(failure, JournalError) for failure in failures)
        assert recorder.state.nodes == {}


class CountingJournal(Journal):
    """Counts how often it syncs; `full`: nothing can be written."""

    def __init__(self, path: Path, *, full: bool = False) -> None:
        super().__init__(path, clock=lambda: 1000.0)
        self.syncs, self._full = 0, full

    def append(self, *records: JournalRecord) -> tuple[Entry, ...]:
        self.syncs += 1
        if self._full:
            raise JournalError("no space")
        return super().append(*records)
