"""The one way into the journal: append, keep the state, wake whoever waits for it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from aiconform.campaign.state import RunState
from aiconform.journal import Journal
from aiconform.model.errors import JournalError
from aiconform.model.records import Entry, JournalRecord

BETWEEN_LOOKS_S = 0.05


class Recorder:
    """
    Appends records from many tasks to one journal.

    A journal that cannot be written ends the run: `failed` keeps the error, and every later
    `append` raises it.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._changed = asyncio.Condition()
        self._lock = asyncio.Lock()
        self._waiting: list[JournalRecord] = []
        self._next: asyncio.Task[None] | None = None  # it writes what waits
        self._listeners: list[Callable[[Entry], None]] = []
        self.state = RunState.of(journal.read())
        self.failed: JournalError | None = None

    @property
    def is_new(self) -> bool:
        """Is nothing recorded yet?"""
        return not len(self._journal)

    def read(self) -> Iterator[Entry]:
        """
        Every entry so far, one by one from the disk.

        Raises:
            JournalError: The file can no longer be read, or was damaged.
        """
        return self._journal.read()

    def listen(self, listener: Callable[[Entry], None]) -> None:
        """Call `listener` with every entry appended from now on."""
        self._listeners.append(listener)

    async def append(self, *records: JournalRecord) -> None:
        """
        Make records durable, then visible.

        Raises:
            JournalError: The journal cannot be written; nothing of `records` is kept.
        """
        await self.append_all(records)

    async def append_all(self, records: Sequence[JournalRecord]) -> None:
        """Records of many callers share one sync: all that came while the last one was going on."""
        self._waiting.extend(records)
        if self._next is None:
            self._next = asyncio.create_task(self._write())
        # Whoever waits may be cancelled, by a time limit say; what its thread writes is written all
        # the same, so it must also become visible, and nobody may write beside it.
        await asyncio.shield(self._next)

    async def _write(self) -> None:
        async with self._lock:
            records, self._waiting, self._next = self._waiting, [], None
            if self.failed:
                raise self.failed
            try:
                # Off the event loop: a sync to a slow disk would hold up every agent's connection.
                entries = await asyncio.to_thread(self._journal.append, *records)
            except JournalError as exc:
                self.failed = exc
                await self.wake()
                raise
        for entry in entries:
            self.state.apply(entry)
            for listener in self._listeners:
                listener(entry)
        await self.wake()

    def close(self) -> None:
        self._journal.close()

    async def wake(self) -> None:
        """Let `wait_until` look again."""
        async with self._changed:
            self._changed.notify_all()

    async def wait_until(self, condition: Callable[[], bool], *, look_again_s: float = 1.0) -> None:
        """
        Return once `condition` holds; it is looked at after changes and every `look_again_s`.

        Changes come by the thousand each second and a look goes over every node, so changes that
        follow each other closely are looked at together.

        Raises:
            JournalError: The journal failed meanwhile.
        """
        while not condition():
            if self.failed:
                raise self.failed
            async with self._changed:
                try:
                    async with asyncio.timeout(look_again_s):
                        await self._changed.wait()
                except TimeoutError:
                    continue
            await asyncio.sleep(BETWEEN_LOOKS_S)
