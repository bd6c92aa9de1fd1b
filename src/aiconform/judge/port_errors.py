"""
Errors and drops that a node's interfaces and RDMA ports counted while it was tested.

A counter that went backwards is as good as absent: nothing is concluded from it. Other work on the
node may have moved a port's counters, too; what it saw on a cable is of that cable all the same.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from aiconform.judge.facts import Facts
from aiconform.judge.noticed import Noticed
from aiconform.judge.words import clip, counted, listed, number
from aiconform.model.verdict import Outcome, Subject
from aiconform.model.wire import Counters, Moved

# Of packets. Ethernet may spoil one frame of 1500 bytes in 80 million (a bit in 10^12, IEEE 802.3).
LOSS_WARN, LOSS_FAIL = 1e-5, 1e-3
FEW_ERRORS = 10
# Packets that nobody wants are dropped on sound interfaces, too: broadcasts, unknown protocols.
DROPS_WARN, FEW_DROPS = 1e-3, 100
MOST_SYMBOLS = 10  # in one test

_ERRORS = ("rx_errors", "tx_errors")  # the sums of all the others
_DROPS = ("rx_dropped", "tx_dropped", "rx_missed_errors")
_PACKETS = ("rx_packets", "tx_packets")
_PORT_PACKETS = ("port_rcv_packets", "port_xmit_packets")
_PORT_ERRORS = (
    "symbol_error", "link_error_recovery", "port_rcv_errors", "port_rcv_remote_physical_errors",
    "local_link_integrity_errors",
)  # fmt: skip
_PORT_LOSS = (
    "packet_seq_err", "out_of_sequence", "local_ack_timeout_err", "rnr_nak_retry_err",
    "roce_adp_retrans", "retrans_pkts",
)  # fmt: skip
_CODES = {"interface": "AIC-NET-013", "port": "AIC-PORT-003"}
Kind = Literal["interface", "port"]


@dataclass(frozen=True)
class Trace:
    """What one record tells of one interface or port."""

    outcome: Literal[Outcome.FAIL, Outcome.WARN]
    reason: str
    said: str
    during: str
    record_id: str


def port_errors(facts: Facts) -> Iterator[Noticed]:
    """One thing for each interface or port of each planned node: the worst, and how often."""
    for node in facts.nodes:
        found: dict[tuple[Kind, str], list[Trace]] = defaultdict(list)
        looks: dict[tuple[Kind, str], int] = defaultdict(int)
        for record_id, record in _records(facts, node):
            for kind, moved in _all(record):
                looks[kind, moved.name] += 1
                if trace := _trace(kind, moved, record, record_id):
                    found[kind, moved.name].append(trace)
        for (kind, name), traces in sorted(found.items()):
            yield _noticed(node, kind, name, traces, looks[kind, name])


def _records(facts: Facts, node: str) -> Iterator[tuple[str, Counters]]:
    """Of any of its reports, complete or not: what was counted was counted."""
    for stream in facts.streams_by_node.get(node, ()):
        yield from stream.of(Counters)


def _all(record: Counters) -> Iterator[tuple[Kind, Moved]]:
    for moved in record.interfaces:
        yield "interface", moved
    for moved in record.rdma_ports:
        yield "port", moved


def _trace(kind: Kind, moved: Moved, record: Counters, record_id: str) -> Trace | None:
    judged = _interface(moved.by) if kind == "interface" else _port(moved.by)
    if judged is None:
        return None
    during = record.about if record.peer is None else f"the test with {record.peer}"
    return Trace(*judged, during=during, record_id=record_id)


Judged = tuple[Literal[Outcome.FAIL, Outcome.WARN], str, str]


def _interface(by: Mapping[str, int]) -> Judged | None:
    if downs := _rise(by, "carrier_down_count"):
        return Outcome.FAIL, "LinkDowned", f"its link went down {counted(downs, 'time')}"
    packets = sum(_rise(by, name) for name in _PACKETS)
    errors, drops = (sum(_rise(by, n) for n in names) for names in (_ERRORS, _DROPS))
    if judged := _lost(errors, packets, "InterfaceErrors", "error"):
        return judged
    if drops >= FEW_DROPS and drops > DROPS_WARN * (packets + drops):
        return Outcome.WARN, "InterfaceDrops", _share(drops, packets, "drop")
    return None


def _port(by: Mapping[str, int]) -> Judged | None:
    if downs := _rise(by, "link_downed"):
        return Outcome.FAIL, "LinkDowned", f"its link went down {counted(downs, 'time')}"
    packets = sum(_rise(by, name) for name in _PORT_PACKETS)
    again = max(_rise(by, name) for name in _PORT_LOSS)
    if judged := _lost(again, packets, "PacketsLost", "lost packet"):
        return judged
    names = [name for name in _PORT_ERRORS if _rise(by, name)]
    if sum(_rise(by, name) for name in names) > MOST_SYMBOLS:
        said = listed([f"{name} {by[name]}" for name in names])
        return Outcome.WARN, "PortErrors", f"its error counters rose: {said}"
    return None


def _lost(count: int, packets: int, reason: str, noun: str) -> Judged | None:
    if count < FEW_ERRORS or count <= LOSS_WARN * (packets + count):
        return None
    failed = count > LOSS_FAIL * (packets + count) and count >= FEW_DROPS
    outcome: Literal[Outcome.FAIL, Outcome.WARN] = Outcome.FAIL if failed else Outcome.WARN
    return outcome, reason, _share(count, packets, noun)


def _share(count: int, packets: int, noun: str) -> str:
    share = number(100 * count / (packets + count))
    return f"{counted(count, noun)} for {counted(packets, 'packet')} ({share} %)"


def _rise(by: Mapping[str, int], name: str) -> int:
    return max(0, by.get(name, 0))


def _noticed(node: str, kind: Kind, name: str, traces: Sequence[Trace], looks: int) -> Noticed:
    worst = next((t for t in traces if t.outcome is Outcome.FAIL), traces[0])
    said = f"{node} {name}: {worst.said} during {worst.during}"
    if looks > 1:
        said += f"; something of the kind in {len(traces)} of {looks} tests and exercises"
    return Noticed(
        outcome=worst.outcome,
        code=_CODES[kind],
        reason=worst.reason,
        subject=Subject(node=node, device=name),
        sentence=clip(said),
        rests_on=tuple(dict.fromkeys(trace.record_id for trace in traces)),
    )
