"""The intake takes any bytes whatever, loses nothing and stores nothing twice."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aiconform.collector.intake import NodeBook, Rejected, Taken, book_of, take
from aiconform.collector.limits import Limits
from aiconform.journal import Journal, replay
from aiconform.model.records import Delivered, Entry, Refused
from tests.collector.agents import BOOT, RUN, hello, identity, lines

LIMITS = Limits()

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
# Records that are nearly right are what finds holes: sound ones with a field changed.
changed_records = st.builds(
    lambda key, value, seq: {**hello(seq), key: value},
    st.sampled_from([*hello(), "extra", "records"]),
    json_values,
    st.integers(0, 3),
)


def taken(body: bytes, book: NodeBook, limits: Limits = LIMITS) -> Taken | Rejected:
    return take(body, identity=identity(), run=RUN, book=book, limits=limits)


@given(st.binary(max_size=300) | st.lists(json_values | changed_records).map(lambda r: lines(*r)))
@settings(max_examples=400, deadline=None)
def test_no_bytes_raise_and_the_book_agrees_with_what_is_stored(body: bytes) -> None:
    book = NodeBook()

    result = taken(body, book)

    if isinstance(result, Taken):
        book.commit(result)
        for (boot, stream), position in book.positions.items():
            seqs = [
                r.record.seq
                for r in result.records
                if isinstance(r, Delivered) and (r.record.boot, r.record.stream) == (boot, stream)
            ]
            assert seqs == sorted(set(seqs))
            assert all(seq < position.next_seq for seq in seqs)
        assert all(r.record.node == "node1" for r in result.records if isinstance(r, Delivered))


@given(st.lists(changed_records, max_size=6))
@settings(max_examples=100, deadline=None)
def test_what_is_taken_survives_the_journal(tmp_path_factory: Any, records: list[Any]) -> None:
    result = taken(lines(*records), NodeBook())
    if isinstance(result, Rejected):
        return
    path: Path = tmp_path_factory.mktemp("journal") / "journal.ndjson"
    journal = Journal(path, clock=lambda: 1.0)

    journal.append(*result.records)
    journal.close()

    found = replay(path)
    assert not found.damage
    assert tuple(entry.record for entry in found.entries) == result.records


class Sender:
    """An agent: sends a random stretch of what is not acknowledged, over a line that breaks."""

    def __init__(self, chance: random.Random, *, counts: dict[str, int], broken: set[int]) -> None:
        self._chance, self._broken = chance, broken
        self._counts = counts
        self.next_seq = dict.fromkeys(counts, 0)

    @property
    def finished(self) -> bool:
        return self.next_seq == self._counts

    def body(self) -> bytes:
        records = []
        for stream, count in self._counts.items():
            # Sometimes from before what is acknowledged, sometimes with a gap.
            first = max(0, self.next_seq[stream] + self._chance.choice([-2, -1, 0, 0, 0, 1]))
            last = min(count, first + self._chance.randint(0, 5))
            records += [self._record(stream, seq) for seq in range(first, last)]
        return lines(*records)

    def _record(self, stream: str, seq: int) -> dict[str, Any]:
        surprise = {"surprise": 1} if seq in self._broken else {}
        return hello(seq, stream=stream, **surprise)


@given(seed=st.integers(0, 2**32), restarts=st.booleans())
@settings(max_examples=60, deadline=None)
def test_random_redelivery_loses_nothing_and_stores_nothing_twice(
    seed: int, restarts: bool
) -> None:
    chance = random.Random(seed)
    broken = {chance.randint(0, 12) for _ in range(3)}
    sender = Sender(chance, counts={"inventory": 5, "self": 12, "round-1": 9}, broken=broken)
    book, stored = NodeBook(), list[Delivered | Refused]()

    for _ in range(500):
        result = taken(sender.body(), book)
        assert isinstance(result, Taken)
        fate = chance.random()
        if fate < 0.2:
            continue  # storing failed: nothing was written, nothing is acknowledged
        stored += result.records
        book.commit(result)
        if restarts and fate < 0.4:  # the coordinator was replaced
            entries = [Entry(n=n, at=0.0, record=r) for n, r in enumerate(stored)]
            book = book_of(entries).get("node1", NodeBook())
        if fate > 0.6:  # else the answer got lost on its way
            sender.next_seq.update(result.next_seq)
        if sender.finished:
            break

    assert sender.finished
    for stream, count in {"inventory": 5, "self": 12, "round-1": 9}.items():
        seqs = [
            r.record.seq for r in stored if isinstance(r, Delivered) and r.record.stream == stream
        ]
        assert seqs == [seq for seq in range(count) if seq not in broken]


def test_nothing_is_taken_until_it_is_committed() -> None:
    book = NodeBook()

    first, second = (taken(lines(hello(0)), book) for _ in range(2))

    assert first == second
    assert book == NodeBook()


def test_book_from_a_journal_counts_bytes_and_refusals() -> None:
    book = NodeBook()
    result = taken(lines(hello(0), hello(1, surprise=1), hello(2)), book)
    assert isinstance(result, Taken)
    book.commit(result)
    entries = [Entry(n=n, at=0.0, record=record) for n, record in enumerate(result.records)]

    restored = book_of(entries)["node1"]

    assert restored.refusals == book.refusals == 1
    assert restored.positions[BOOT, "inventory"].next_seq == 3
    assert abs(restored.bytes - book.bytes) < 0.3 * book.bytes


def test_two_boots_in_one_request_are_refused() -> None:
    result = taken(lines(hello(0), hello(0, boot="ffff0000")), NodeBook())

    assert isinstance(result, Rejected)
    assert result.status == 400


def test_number_of_records_in_a_request_is_bounded() -> None:
    limits = replace(LIMITS, request_records=3)

    result = taken(lines(*(hello(n) for n in range(4))), NodeBook(), limits)

    assert isinstance(result, Rejected)
    assert result.status == 413


def test_refusal_repeats_nothing_of_what_was_sent() -> None:
    secret = "s3cret" * 100
    result = taken(lines(hello(0, python=secret, extra=secret)), NodeBook())

    assert isinstance(result, Taken)
    assert "s3cret" not in json.dumps(result.refused)
    assert result.refused[0]["problem"]
