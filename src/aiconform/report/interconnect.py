"""
interconnect.csv: every transfer of every round, in both directions, as each end saw it.

A pair that did not run, or reported no transfer, has a row for each direction with its reason.
"""

import csv
import io
from collections.abc import Iterator

from aiconform.model.wire import Pair, PairSample
from aiconform.report.scrub import csv_cell
from aiconform.report.story import Story

COLUMNS = (
    "round", "purpose", "sender", "receiver", "reported_by", "outcome", "reason", "gbit_per_s",
    "bytes", "seconds", "streams", "retransmits", "segments", "latency_median_us", "latency_p99_us",
)  # fmt: skip
Cell = str | int | float | None


def interconnect_csv(story: Story) -> str:
    """Rows in the order of the rounds; an empty cell means not measured."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in _rows(story):
        writer.writerow([_cell(row.get(column)) for column in COLUMNS])
    return text.getvalue()


def _rows(story: Story) -> Iterator[dict[str, Cell]]:
    reports: dict[tuple[int, frozenset[str]], list[Pair]] = {}
    for node in story.nodes.values():
        for pair in node.pairs:
            reports.setdefault((pair.round, frozenset({pair.node, pair.peer})), []).append(pair)
    for opened in story.rounds_opened:
        for a, b in opened.pairs:
            common: dict[str, Cell] = {"round": opened.round, "purpose": opened.purpose}
            found = reports.get((opened.round, frozenset({a, b})), [])
            rows = [row for pair in found for row in _reported(pair)]
            for row in rows or _silent(story, opened.round, a, b):
                yield common | row


def _reported(pair: Pair) -> Iterator[dict[str, Cell]]:
    told: dict[str, Cell] = {
        "reported_by": pair.node,
        "outcome": pair.outcome,
        "reason": pair.reason,
        **_latency(pair),
    }
    transfers = [s for s in pair.samples if s.metric == "tcp_throughput"]
    for sample in transfers:
        yield told | _direction(pair, sample.direction) | _transfer(sample)
    if not transfers:
        yield told | _direction(pair, "send")
        yield told | _direction(pair, "receive")


def _direction(pair: Pair, direction: str) -> dict[str, Cell]:
    sends = direction == "send"
    return {
        "sender": pair.node if sends else pair.peer,
        "receiver": pair.peer if sends else pair.node,
    }


def _transfer(sample: PairSample) -> dict[str, Cell]:
    return {
        "gbit_per_s": sample.value,
        "bytes": sample.bytes,
        "seconds": sample.seconds,
        "streams": sample.streams,
        "retransmits": sample.retransmits,
        "segments": sample.segments,
    }


def _latency(pair: Pair) -> dict[str, Cell]:
    pings = next((s for s in pair.samples if s.metric == "tcp_latency"), None)
    return {"latency_median_us": pings.value, "latency_p99_us": pings.p99} if pings else {}


def _silent(story: Story, number: int, a: str, b: str) -> list[dict[str, Cell]]:
    closed = story.rounds_closed.get(number)
    not_run = closed.not_run if closed else ()
    why = next((e for e in not_run if frozenset(e.pair) == frozenset({a, b})), None)
    reason = f"{why.reason}: {why.sentence}" if why else "neither end reported"
    told: dict[str, Cell] = {"outcome": "not_run", "reason": reason}
    return [told | {"sender": a, "receiver": b}, told | {"sender": b, "receiver": a}]


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    return csv_cell(value) if isinstance(value, str) else repr(value)
