"""A run in progress on the screen: lines of what is new, or one live picture on a terminal."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from aiconform.cli.clock import Clock
from aiconform.cli.coordinator import Coordinator
from aiconform.cli.progress import awaited_text, counts_text, news, still
from aiconform.cli.show import note
from aiconform.model.status import Status
from aiconform.report.scrub import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

# With nothing new for so long, say who is awaited all the same.
_QUIET_S = 30.0


class View(Protocol):
    def coordinator(self, found: Coordinator) -> None:
        """The coordinator is not at work yet."""
        ...

    def status(self, status: Status) -> None: ...

    def line(self, text: str) -> None:
        """Something that stays on the screen."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class PlainView:
    """Prints only changes, each with the seconds since the beginning."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = self._told = self._fresh = clock.monotonic()
        self._status: Status | None = None
        self._coordinator: Coordinator | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def coordinator(self, found: Coordinator) -> None:
        before = self._coordinator
        self._coordinator = found
        if before is None or (before.reason, before.sentence) != (found.reason, found.sentence):
            self.line(f"waiting for the coordinator: {found.sentence}")
        elif self._clock.monotonic() - self._told >= _QUIET_S:
            self.line(f"still waiting for the coordinator: {found.sentence}")

    def status(self, status: Status) -> None:
        now = self._clock.monotonic()
        if self._status is None or status.at != self._status.at:
            self._fresh = now
        for text in news(self._status, status):
            self.line(text)
        self._status = status
        if now - self._told >= _QUIET_S:
            self.line(still(status, later_s=now - self._fresh))

    def line(self, text: str) -> None:
        self._told = self._clock.monotonic()
        note(f"[{self._told - self._began:4.0f} s] {text}")


class LiveView:
    """One picture that is drawn anew twice a second, on stderr."""

    def __init__(self, clock: Clock) -> None:
        from rich.console import Console
        from rich.live import Live

        self._clock = clock
        self._began = self._fresh = clock.monotonic()
        self._status: Status | None = None
        self._waiting = "the release was installed"
        self._live = Live(
            console=Console(stderr=True),
            get_renderable=self._picture,
            refresh_per_second=2,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def coordinator(self, found: Coordinator) -> None:
        self._waiting = f"waiting for the coordinator: {found.sentence}"

    def status(self, status: Status) -> None:
        if self._status is None or status.at != self._status.at:
            self._fresh = self._clock.monotonic()
        self._status = status

    def line(self, text: str) -> None:
        from rich.text import Text

        self._live.console.print(Text(printable(text)))

    def _picture(self) -> "RenderableType":
        from rich.text import Text

        now = self._clock.monotonic()
        return Text("\n".join(self._lines(now)))

    def _lines(self, now: float) -> list[str]:
        status, passed = self._status, f"{now - self._began:4.0f} s"
        if status is None:
            return [f"{passed}  {printable(self._waiting)}"]
        lines = [f"{passed}  stage {status.stage}: {printable(status.message)}"]
        if status.rounds_expected:
            lines.append(f"        rounds {_bar(status.rounds_done, status.rounds_expected)}")
        if status.nodes:
            lines.append(f"        nodes  {printable(counts_text(status))}")
        at = status.at + now - self._fresh
        lines += [f"        … {printable(awaited_text(a, at=at))}" for a in status.waiting[:10]]
        return lines


def make_view(clock: Clock) -> View:
    """Live on a terminal when rich is there, else plain lines."""
    if sys.stderr.isatty():
        try:
            return LiveView(clock)
        except ImportError:  # the extra [cli] is not installed
            pass
    return PlainView(clock)


def _bar(done: int, expected: int) -> str:
    filled = min(round(20 * done / expected), 20)
    return f"{'█' * filled}{'░' * (20 - filled)} {done}/{expected}"
