"""How long a check did nothing but wait: for the platform, or for a window to pass."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Waiting:
    """Seconds in which at least one part of a check slept: two that sleep at once count once."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sleepers = 0
        self._since = 0.0
        self.total_s = 0.0

    @contextmanager
    def asleep(self) -> Iterator[None]:
        if self._sleepers == 0:
            self._since = self._clock()
        self._sleepers += 1
        try:
            yield
        finally:
            self._sleepers -= 1
            if self._sleepers == 0:
                self.total_s += max(0.0, self._clock() - self._since)
