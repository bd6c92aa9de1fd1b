"""
A node's records, put together to streams.

A stream is complete when it has its end marker and every record before it, without a gap. Only the
latest start of an agent that spoke in a stream counts: what an earlier start began, it did over.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiconform.model.records import Delivered, Entry
from aiconform.model.wire import AgentRecord, End, NotRun

R = TypeVar("R", bound=AgentRecord)


@dataclass(frozen=True)
class Stream:
    """The records of one agent start in one stream, by their number; empty when it never spoke."""

    node: str
    name: str
    entries: tuple[tuple[str, AgentRecord], ...] = ()  # (journal id, record)
    problem: str = "nothing was reported"  # empty: complete

    @property
    def complete(self) -> bool:
        return not self.problem

    @property
    def end(self) -> End | None:
        last = self.entries[-1][1] if self.entries else None
        return last if isinstance(last, End) else None

    @property
    def end_ids(self) -> tuple[str, ...]:
        return (self.entries[-1][0],) if self.end else ()

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(record_id for record_id, _ in self.entries)

    def of(self, kind: type[R]) -> Iterator[tuple[str, R]]:
        """Its records of one kind, with their journal ids."""
        for record_id, record in self.entries:
            if isinstance(record, kind):
                yield record_id, record

    def not_run(self, exercise: str) -> NotRun | None:
        """Why an exercise did not end with a result, when the end marker says so."""
        missing = self.end.not_run if self.end else ()
        return next((each for each in missing if each.exercise == exercise), None)


def streams_of(delivered: Mapping[str, Sequence[Entry]]) -> dict[tuple[str, str], Stream]:
    """All streams of all nodes, by (node, stream)."""
    found: dict[tuple[str, str], Stream] = {}
    for node, entries in delivered.items():
        boots: dict[str, dict[str, dict[int, tuple[str, AgentRecord]]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        for entry in entries:
            if isinstance(entry.record, Delivered):
                record = entry.record.record
                latest = boots[record.stream]
                latest[record.boot].setdefault(record.seq, (entry.id, record))
        for name, by_boot in boots.items():
            found[node, name] = _stream(node, name, by_boot[next(reversed(by_boot))])
    return found


def _stream(node: str, name: str, records: Mapping[int, tuple[str, AgentRecord]]) -> Stream:
    ordered = tuple(records[seq] for seq in sorted(records))
    return Stream(node=node, name=name, entries=ordered, problem=_problem(ordered))


def _problem(ordered: Sequence[tuple[str, AgentRecord]]) -> str:
    last = ordered[-1][1]
    if not isinstance(last, End):
        return "its report has no end marker"
    gaps = [seq for seq, (_, record) in enumerate(ordered) if record.seq != seq]
    if gaps or last.records != last.seq:
        return "its report has gaps"
    return ""
