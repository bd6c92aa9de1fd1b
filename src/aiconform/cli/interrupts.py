"""
Ctrl-C and SIGTERM, in two steps: the first ends the waiting, the second the tidying.

A signal never breaks a clean-up that has just begun by itself: it is noted, and said what another
one would do.
"""

import signal
from types import FrameType, TracebackType
from typing import Self

from aiconform.cli.show import note


class Interrupted(KeyboardInterrupt):
    """Raised in the main thread, wherever it is."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        self.exit_code = 128 + signal_number


class Interrupts:
    """Takes over both signals while in its `with` block."""

    def __init__(self) -> None:
        self.first: Interrupted | None = None
        self._count = 0
        self._tidying = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # as signal gave it

    def tidying(self) -> None:
        """From now on the first signal of all is only noted."""
        self._tidying = True

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self._count += 1
        interrupted = Interrupted(number)
        self.first = self.first or interrupted
        if self._count == 1 and self._tidying:
            note("Removing what was made; once more, and the rest is left to you.")
        elif self._count <= 2:
            raise interrupted
