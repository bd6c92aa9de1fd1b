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
    Counters,
    End,
    Engine,
    Hello,
    Inventory,
    KnownAnswer,
    Measurement,
    Moved,
    NotRun,
    Pair,
    PairSample,
    Statistic,
)

RUN = "test-run"
START = 1_795_430_000.0
EXERCISES = ("gemm.known_answer", "gemm.rate", "memory.copy")
NOTHING = {"tx_bytes": 0, "rx_bytes": 0, "tx_packets": 0, "rx_packets": 0}
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
    again: float | None = 0.0001,
) -> Pair:
    """
    One side's report; what one sends and the other receives must be the same rate.

    `again`: share of its segments that the sender sent again; None: it does not know.
    """
    samples = [
        PairSample(
            metric="tcp_throughput",
            direction=direction,
            bytes=int(rate * 1e9 / 8 * seconds),
            seconds=seconds,
            value=rate,
            unit="gigabits_per_second",
            **(_segments(rate, seconds, again) if direction == "send" else {}),
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


def counters(peer: str | None, about: str = "tcp.pair", **changes: Any) -> Counters:
    """
    What a side counted around a test or an exercise.

    `sent`, `received`: bytes that `eth0` moved. `by` adds to its counters, `port` has those of an
    RDMA port, which did nothing.
    """
    sent, received = changes.pop("sent", 0), changes.pop("received", 0)
    moved = {
        "tx_bytes": sent,
        "rx_bytes": received,
        "tx_packets": sent // 1500,
        "rx_packets": received // 1500,
        **dict.fromkeys(("rx_errors", "tx_errors", "rx_dropped", "tx_dropped"), 0),
    } | changes.pop("by", {})
    port = dict.fromkeys(("port_xmit_data", "port_rcv_data", "link_downed", "symbol_error"), 0)
    words: dict[str, Any] = {
        "meant": "eth0",
        "interfaces": (Moved(name="eth0", by=moved), Moved(name="lo", by=NOTHING)),
        "rdma_ports": (Moved(name="mlx5_0/1", by=port | changes.pop("port", {})),),
    }
    return Counters(**_base(), about=about, peer=peer, seconds=4.0, **words | changes)


def counted(report: Pair, **changes: Any) -> Counters:
    """What the side that reports this counted if `eth0` carried it, with headers."""
    bytes_ = {s.direction: int(s.bytes * 1.03) for s in report.samples}
    moved = {"sent": bytes_.get("send", 0), "received": bytes_.get("receive", 0)}
    return counters(changes.pop("peer", report.peer), **moved | changes)


def _segments(gbit_per_s: float, seconds: float, again: float | None) -> dict[str, int]:
    if again is None:
        return {}
    segments = int(gbit_per_s * 1e9 / 8 * seconds / 1448)
    return {"segments": segments, "retransmits": int(segments * again)}


def node_facts(name: str, **changes: Any) -> NodeFacts:
    words: dict[str, Any] = {"ready": True, "architecture": "amd64", "os_image": "Debian 13"}
    return NodeFacts(name=name, **words | changes)


def run_config(**changes: Any) -> RunConfig:
    return RunConfig(name=RUN, **changes)
