"""The rounds that have ended, kept up to date record by record, without the records themselves."""

from dataclasses import dataclass, field, replace

from aiconform import judge
from aiconform.fabric import RoundResult
from aiconform.judge.rounds import AGENT_LOST
from aiconform.model.records import (
    Delivered,
    Entry,
    NodeChanged,
    RoundClosed,
    RoundOpened,
)


@dataclass
class RoundsSoFar:
    """
    A fold over journal entries: the results are those that the whole journal would give.

    Only the open round's records are kept, thousands of nodes' rounds being too much for memory. A
    record that comes after its round was closed cannot change it: whoever had not ended by then
    stands in the closing record.
    """

    opened_at: dict[int, float] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)  # each round that was closed
    _closed: list[RoundResult] = field(default_factory=list)
    _open: list[Entry] = field(default_factory=list)
    _stream: str = ""  # of the open round
    _gone: set[str] = field(default_factory=set)

    def apply(self, entry: Entry) -> None:
        match entry.record:
            case RoundOpened() as opened:
                self.opened_at[opened.round] = entry.at
                self._open, self._stream = [entry], f"round-{opened.round}"
            case RoundClosed() as closed:
                self._close(closed, entry)
            case NodeChanged() as changed:
                self._move(changed)
            case Delivered(record=record) if record.stream == self._stream:
                self._open.append(entry)
            case _:
                pass

    def results(self) -> tuple[RoundResult, ...]:
        """By number. A node that is gone cannot be met: that is no path's fault."""
        return tuple(self._forgiving(result) for result in self._closed)

    def _close(self, closed: RoundClosed, entry: Entry) -> None:
        if (began := self.opened_at.get(closed.round)) is not None:
            self.took_s.append(entry.at - began)
        self._closed += judge.round_results([*self._open, entry])
        self._open, self._stream = [], ""

    def _move(self, changed: NodeChanged) -> None:
        if changed.state in {"lost", "failed"}:
            self._gone.add(changed.node)
        else:
            self._gone.discard(changed.node)

    def _forgiving(self, result: RoundResult) -> RoundResult:
        return replace(
            result,
            tests=tuple(
                replace(test, outcome="not_run", reason=AGENT_LOST)
                if test.outcome == "failed" and self._gone & {test.a, test.b}
                else test
                for test in result.tests
            ),
        )
