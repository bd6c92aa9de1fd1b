"""The one way into the journal: append, keep the state, wake whoever waits for it."""

import asyncio
from collections.abc import Callable, Sequence

from aiconform.campaign.state import RunState
from aiconform.journal import Journal
from aiconform.model.errors import JournalError
from aiconform.model.records import Entry, JournalRecord


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
        self._listeners: list[Callable[[Entry], None]] = []
        self.state = RunState.of(journal.entries)
        self.failed: JournalError | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self._journal.entries

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
        # Whoever waits may be cancelled, by a time limit say; what its thread writes is written all
        # the same, so it must also become visible, and nobody may write beside it.
        await asyncio.shield(asyncio.ensure_future(self._append(records)))

    async def _append(self, records: Sequence[JournalRecord]) -> None:
        async with self._lock:
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
        Return once `condition` holds; it is looked at on each change and every `look_again_s`.

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
