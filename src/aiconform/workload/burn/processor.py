"""Keeps processor cores busy, reading the buffer over and over."""

import hashlib
import mmap
import threading
from dataclasses import dataclass, field

SLICE_BYTES = 256 * 1024  # hashing it releases the interpreter's lock for about a millisecond


@dataclass
class ProcessorBurn:
    """One thread for each core; hashing runs outside the interpreter's lock."""

    buffer: mmap.mmap
    thread_count: int
    hashed_bytes: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: "list[threading.Thread]" = field(default_factory=list)

    def start(self) -> None:
        for number in range(self.thread_count):
            thread = threading.Thread(target=self._work, args=(number,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(5.0)

    def _work(self, number: int) -> None:
        with memoryview(self.buffer) as view:
            slices = max(1, len(view) // SLICE_BYTES)
            index = number
            while not self._stop.is_set():
                start = index % slices * SLICE_BYTES
                part = view[start : start + SLICE_BYTES]
                hashlib.sha256(part).digest()
                part.release()
                index += self.thread_count
                with self._lock:
                    self.hashed_bytes += SLICE_BYTES
