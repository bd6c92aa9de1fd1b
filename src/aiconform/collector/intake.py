"""
What of a request's body is taken, refused, or already known (pure).

Bytes and the book of one node go in; records for the journal, the changed positions and the answer
come out. Nothing changes until the caller, having stored the records, commits: a failure in between
makes the agent send again. No bytes whatever raise.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aiconform.collector.identity import Identity
from aiconform.collector.limits import Limits
from aiconform.model.records import Delivered, Entry, Refused
from aiconform.model.wire import AGENT_RECORD, AgentRecord

StreamKey = tuple[str, str]  # boot, stream
_PROBLEM_LIMIT = 240  # characters


@dataclass(frozen=True)
class Position:
    """How far a stream has come."""

    next_seq: int = 0
    bytes: int = 0


@dataclass
class NodeBook:
    """What is stored of one node; `refusals`: how many of its refusals are in the journal."""

    positions: dict[StreamKey, Position] = field(default_factory=dict)
    bytes: int = 0
    refusals: int = 0

    def commit(self, taken: "Taken") -> None:
        """The records of `taken` are safe in the journal."""
        for key, position in taken.positions.items():
            self.bytes += position.bytes - self.positions.get(key, Position()).bytes
            self.positions[key] = position
        self.refusals += sum(isinstance(record, Refused) for record in taken.records)

    def streams_of(self, boot: str) -> dict[str, Position]:
        return {s: position for (b, s), position in self.positions.items() if b == boot}


@dataclass(frozen=True)
class Taken:
    """For the journal (`records`), for the book (`positions`) and for the agent (the rest)."""

    records: tuple[Delivered | Refused, ...] = ()
    positions: Mapping[StreamKey, Position] = field(default_factory=dict)
    refused: tuple[dict[str, Any], ...] = ()
    next_seq: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Rejected:
    """Nothing of the request is taken; the HTTP status says of what kind the problem is."""

    status: int
    problem: str
    hint: str = ""


class _Header(BaseModel):
    """The part of a record that places it, read even when the rest is malformed."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    run: str
    node: str
    boot: str = Field(pattern=r"^[0-9a-f]{8,32}$")
    stream: str = Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")
    seq: int = Field(ge=0, lt=2**63)
    kind: str = ""


def take(
    body: bytes, *, identity: Identity, run: str, book: NodeBook, limits: Limits
) -> Taken | Rejected:
    """
    Sort the lines of a body.

    Records in order and unknown so far are taken; malformed ones are refused and count as consumed;
    records beyond a gap wait for what is missing; known ones are passed over.
    """
    lines = [line for line in body.split(b"\n") if line.strip()]
    if len(lines) > limits.request_records:
        return Rejected(413, f"more than {limits.request_records} records in one request")
    sorting = _Sorting(identity=identity, run=run, book=book, limits=limits)
    for line in lines:
        if rejected := sorting.add(line):
            return rejected
    return sorting.result()


def book_of(entries: Iterable[Entry]) -> dict[str, NodeBook]:
    """Node → its book, from a journal: a resumed collector asks for nothing that is there."""
    books: dict[str, NodeBook] = {}
    for entry in entries:
        record = entry.record
        if isinstance(record, Delivered):
            said = record.record
            book = books.setdefault(said.node, NodeBook())
            _restore(book, (said.boot, said.stream), said.seq + 1, len(said.model_dump_json()))
        elif isinstance(record, Refused) and record.node:
            book = books.setdefault(record.node, NodeBook())
            book.refusals += 1
            if record.boot and record.stream and record.next_seq is not None:
                _restore(book, (record.boot, record.stream), record.next_seq, 0)
    return books


def _restore(book: NodeBook, key: StreamKey, next_seq: int, size: int) -> None:
    before = book.positions.get(key, Position())
    book.positions[key] = Position(max(before.next_seq, next_seq), before.bytes + size)
    book.bytes += size


class _Sorting:
    """One request being sorted."""

    def __init__(self, *, identity: Identity, run: str, book: NodeBook, limits: Limits) -> None:
        self._identity, self._run, self._book, self._limits = identity, run, book, limits
        self._boot: str | None = None
        self._delivered: list[Delivered] = []
        self._positions: dict[StreamKey, Position] = {}
        self._refused: list[dict[str, Any]] = []
        self._first_problem: dict[StreamKey | None, str] = {}
        self._size = 0

    def add(self, line: bytes) -> Rejected | None:
        try:
            header = _Header.model_validate_json(line)
        except ValidationError as exc:
            self._refuse(None, None, f"not placeable: {_problem(exc)}")
            return None
        if rejected := self._check_header(header):
            return rejected
        key = (header.boot, header.stream)
        position = self._position(key)
        if header.seq == position.next_seq:
            self._take(line, header, key, position)
        return None  # known already, or beyond a gap: next_seq tells the agent

    def result(self) -> Taken:
        streams = {} if self._boot is None else self._book.streams_of(self._boot)
        known = {stream: position.next_seq for stream, position in streams.items()}
        moved = {stream: position.next_seq for (_, stream), position in self._positions.items()}
        return Taken(
            records=(*self._delivered, *self._refusals()),
            positions=self._positions,
            refused=tuple(self._refused),
            next_seq={**known, **moved},
        )

    def _check_header(self, header: _Header) -> Rejected | None:
        if header.node != self._identity.node:
            return Rejected(
                403,
                f"the token is of a pod on {self._identity.node}, the record speaks for another",
            )
        if header.run != self._run:
            return Rejected(403, f"the record is of another run than {self._run}")
        if self._boot is None:
            self._boot = header.boot
        if header.boot != self._boot:
            return Rejected(400, "records of two boots in one request", "Send one boot at a time")
        return self._check_counts((header.boot, header.stream))

    def _check_counts(self, key: StreamKey) -> Rejected | None:
        known = self._book.positions.keys() | self._positions.keys()
        if key in known:
            return None
        boots = {boot for boot, _ in known}
        if key[0] not in boots and len(boots) >= self._limits.boots:
            return Rejected(403, f"more than {self._limits.boots} starts of this node's agent")
        if sum(boot == key[0] for boot, _ in known) >= self._limits.streams_per_boot:
            return Rejected(403, f"more than {self._limits.streams_per_boot} streams of one boot")
        self._positions[key] = Position()
        return None

    def _take(self, line: bytes, header: _Header, key: StreamKey, position: Position) -> None:
        record = self._read(line, header, position)
        if isinstance(record, str):
            if not self._refuse(key, header.seq, record):
                return
            self._positions[key] = Position(header.seq + 1, position.bytes)
            return
        self._delivered.append(Delivered(pod=self._identity.pod, record=record))
        self._positions[key] = Position(header.seq + 1, position.bytes + len(line))
        self._size += len(line)

    def _read(self, line: bytes, header: _Header, position: Position) -> AgentRecord | str:
        """The record, or what is wrong with it."""
        limits = self._limits
        allowed = limits.evidence_bytes if header.kind == "evidence" else limits.record_bytes
        if len(line) > allowed:
            return f"{len(line)} bytes, {allowed} are allowed"
        # The last record of a stream finds room in any case: what is complete is told by it.
        reserve = 0 if header.kind == "end" else limits.record_bytes
        if position.bytes + len(line) > limits.stream_bytes - reserve:
            return f"the stream is longer than {limits.stream_bytes} bytes"
        if self._book.bytes + self._size + len(line) > limits.node_bytes - reserve:
            return f"this node has sent more than {limits.node_bytes} bytes"
        try:
            return AGENT_RECORD.validate_json(line)
        except ValidationError as exc:
            return _problem(exc)

    def _refuse(self, key: StreamKey | None, seq: int | None, problem: str) -> bool:
        """Note a refusal; False when the node's refusals are used up, so nothing is consumed."""
        allowed = key in self._first_problem or (
            self._book.refusals + len(self._first_problem) < self._limits.refusals
        )
        if allowed:
            self._first_problem.setdefault(key, problem)
        stream = key[1] if key else None
        self._refused.append({"seq": seq, "stream": stream, "problem": problem[:_PROBLEM_LIMIT]})
        return allowed

    def _refusals(self) -> Iterator[Refused]:
        """One for each stream, however many of its records were refused."""
        for key, problem in self._first_problem.items():
            stream = key[1] if key else None
            count = sum(refused["stream"] == stream for refused in self._refused)
            yield Refused(
                node=self._identity.node,
                status=200,  # the request was answered; this part of it was not taken
                problem=f"{count} records refused, the first: {problem}"[:_PROBLEM_LIMIT],
                boot=key[0] if key else None,
                stream=stream,
                next_seq=self._positions[key].next_seq if key else None,
            )

    def _position(self, key: StreamKey) -> Position:
        return self._positions.get(key) or self._book.positions.get(key) or Position()


def _problem(exc: ValidationError) -> str:
    """Where and what, without repeating what a stranger has sent."""
    first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part)[:40] for part in first["loc"][:6])
    return f"{place}: {first['msg']}"[:_PROBLEM_LIMIT]
