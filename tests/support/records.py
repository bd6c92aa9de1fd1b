"""
Records as agents and the coordinator write them, each sound until an argument says otherwise.

`JournalWriter` numbers them, within their streams and within the journal.
"""

from typing import Any, Literal

from aiconform.model.plan import NodeFacts, RunConfig
from aiconform.model.records import (
    Delivered,
    Entry,
    JournalRecord,
)
from aiconform.model.wire import (
    AGENT_RECORD,
    AgentRecord,
    End,
    Engine,
    Hello,
    Inventory,
    KnownAnswer,
    Measurement,
    NotRun,
    Pair,
    PairSample,
    Statistic,
)

RUN = "test-run"
START = 1_795_430_000.0
EXERCISES = ("gemm.known_answer", "gemm.rate", "memory.copy")
ENGINE = Engine(name="python", version="3.11", backend="cpu")


def names(count: int) -> tuple[str, ...]:
    """node1, node2, …; padded so that they sort by number."""
    width = len(str(count))
    return tuple(f"node{number:0{width}d}" for number in range(1, count + 1))


class JournalWriter:
    """Appends records as the coordinator does: numbered, and stamped by a clock that ticks."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._seqs: dict[tuple[str, str, str], int] = {}

    def add(self, *records: JournalRecord) -> None:
        for record in records:
            n = len(self.entries)
            self.entries.append(Entry(n=n, at=START + n, record=record))

    def say(
        self, node: str, stream: str, *records: AgentRecord | type[End], boot: str = "b007b007"
    ) -> None:
        """Deliver records of a node, numbered within their stream; `End` closes it."""
        for record in records:
            seq = self._seqs.get((node, boot, stream), 0)
            said = end(seq) if isinstance(record, type) else record
            whole = said.model_dump() | {
                "run": RUN,
                "node": node,
                "boot": boot,
                "stream": stream,
                "seq": seq,
                "t": START + len(self.entries),
            }
            self._seqs[node, boot, stream] = seq + 1
            self.add(Delivered(pod=f"agent-{node}", record=AGENT_RECORD.validate_python(whole)))


def _base() -> dict[str, Any]:
    """Identity that `JournalWriter.say` replaces."""
    return {"run": RUN, "node": "x", "boot": "b007b007", "stream": "self", "seq": 0, "t": START}


def hello(**changes: Any) -> Hello:
    words = {"agent_version": "0.1.0", "python": "3.11", "address": "10.0.0.1"}
    return Hello(**_base(), **words | {"clock_offset_s": 0.01} | changes)


def inventory(**changes: Any) -> Inventory:
    words: dict[str, Any] = {"host": {"cpu_count": 2}, "accelerators_given_count": 0}
    return Inventory(**_base(), **words | changes)


def answer(device: str = "cpu", **changes: Any) -> KnownAnswer:
    words: dict[str, Any] = {
        "exercise": "gemm.known_answer",
        "device": device,
        "ok": True,
        "wrong_count": 0,
        "total_count": 16384,
        "seed": 7,
        "repeats": 2,
        "engine": ENGINE,
    }
    return KnownAnswer(**_base(), **words | changes)


def wrong_answer(device: str = "cpu", *, repeated: bool | None = True) -> KnownAnswer:
    detail = "element (3, 5) is 7 and must be 9"
    return answer(device, ok=False, wrong_count=1, repeated=repeated, detail=detail)


def measurement(
    exercise: str, value: float | None, *, device: str | None = None, **changes: Any
) -> Measurement:
    words: dict[str, Any] = {
        "exercise": exercise,
        "device": device,
        "metric": exercise,
        "unit": "gigabytes_per_second",
        "value": value,
        "engine": ENGINE,
        "reason": "" if value is not None else "no clock",
    }
    if value is not None and value > 0:
        words["statistic"] = Statistic(
            n=5, median=value, mad=value * 0.01, min=value * 0.98, max=value * 1.02
        )
    return Measurement(**_base(), **words | changes)


def end(records: int, *not_run: NotRun) -> End:
    return End(**_base(), records=records, not_run=not_run)


def pair_report(
    number: int,
    peer: str,
    *,
    sent_gbit_per_s: float | None = 7.0,
    received_gbit_per_s: float | None = 7.0,
    latency_us: float | None = 90.0,
    outcome: Literal["ok", "failed", "peer_late", "timeout"] = "ok",
    reason: str = "",
    seconds: float = 2.0,
) -> Pair:
    """One side's report; what one sends and the other receives must be the same rate."""
    samples = [
        PairSample(
            metric="tcp_throughput",
            direction=direction,
            bytes=int(rate * 1e9 / 8 * seconds),
            seconds=seconds,
            value=rate,
            unit="gigabits_per_second",
        )
        for direction, rate in (("send", sent_gbit_per_s), ("receive", received_gbit_per_s))
        if rate is not None
    ]
    if latency_us is not None:
        samples.append(
            PairSample(
                metric="tcp_latency",
                direction="round_trip",
                bytes=64,
                seconds=0.5,
                value=latency_us,
                unit="microseconds",
            )
        )
    return Pair(
        **_base(),
        round=number,
        peer=peer,
        outcome=outcome,
        reason=reason,
        samples=tuple(samples) if outcome == "ok" else (),
    )


def node_facts(name: str, **changes: Any) -> NodeFacts:
    words: dict[str, Any] = {"ready": True, "architecture": "amd64", "os_image": "Debian 13"}
    return NodeFacts(name=name, **words | changes)


def run_config(**changes: Any) -> RunConfig:
    return RunConfig(name=RUN, **changes)
