"""Records wait here until the collector has them in its journal; what is lost is sent again."""

import threading
from collections import deque
from collections.abc import Mapping

from aiconform.agent.records import Record


class Outbox:
    """
    Unacknowledged records, in the order in which they were made.

    Memory is bounded: `put` waits while the outbox is full, so that probes slow down and no
    record is thrown away.
    """

    def __init__(self, *, max_bytes: int = 32 * 1024 * 1024) -> None:
        self._records: "deque[Record]" = deque()
        self._bytes = 0
        self._max_bytes = max_bytes
        self._changed = threading.Condition()
        self._closed = False

    def put(self, record: Record) -> None:
        with self._changed:
            self._changed.wait_for(self._has_room)
            self._records.append(record)
            self._bytes += len(record.line)
            self._changed.notify_all()

    def batch(self, *, max_bytes: int) -> "tuple[Record, ...]":
        """The oldest records, at least one if there is one, together at most `max_bytes`."""
        with self._changed:
            chosen: "list[Record]" = []
            size = 0
            for record in self._records:
                size += len(record.line) + 1
                if chosen and size > max_bytes:
                    break
                chosen.append(record)
            return tuple(chosen)

    def acknowledge(self, next_seq: Mapping[str, int]) -> int:
        """Forget what is safe: everything below `next_seq` of its stream. Returns how many."""
        with self._changed:
            kept = deque(r for r in self._records if r.seq >= next_seq.get(r.stream, 0))
            count = len(self._records) - len(kept)
            self._records = kept
            self._bytes = sum(len(r.line) for r in kept)
            self._changed.notify_all()
            return count

    def wait_for_records(self, timeout_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._records) or self._closed, timeout_s)

    def wait_until_empty(self, timeout_s: "float | None" = None) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._records, timeout_s)

    def close(self) -> None:
        """Nothing more will be put: whoever waits for records wakes up."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._records)

    def _has_room(self) -> bool:
        return self._bytes < self._max_bytes
