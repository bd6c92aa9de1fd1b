"""
Over which interface did the bytes of a pair test go?

Each side's counters are held against the bytes that both sides agree on. An interface carried them
when it moved at least as many in both directions; headers and other traffic only add to that. The
one that is meant is the one with the address at which the peers met.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from aiconform.fabric import PairTest
from aiconform.judge.facts import Facts
from aiconform.judge.rounds import Side, sample_of, side_of
from aiconform.model.wire import Moved

# Spec: transport is proven from 90 % of the bytes, and disproven below half of them.
PROVEN, DISPROVEN = 0.9, 0.5
FEW_BYTES = 1_000_000  # below, what else the pod says and hears would be taken for the test
WORD_BYTES = 4  # what InfiniBand's data counters count


class Shown(Enum):
    """Where the bytes of a test showed."""

    MEANT = "meant"
    ELSEWHERE = "elsewhere"
    NOWHERE = "nowhere"
    OPEN = "open"  # counters that are absent, went backwards, or fit neither


@dataclass(frozen=True)
class Carriage:
    """What one node's counters say of one of its tests."""

    node: str
    peer: str
    shown: Shown
    meant: str = ""
    carrier: str = ""  # which interface or port it was, when one shows them
    why: str = ""  # it is open

    @property
    def said(self) -> str:
        match self.shown:
            case Shown.MEANT:
                return f"over {self.carrier}"
            case Shown.ELSEWHERE:
                return f"the bytes with {self.peer} went over {self.carrier}, not {self.meant}"
            case Shown.NOWHERE:
                return f"the bytes with {self.peer} show neither on {self.meant} nor elsewhere"
            case Shown.OPEN:
                return self.why


@dataclass(frozen=True)
class Sides:
    """The sides of all tests, each looked up once."""

    facts: Facts

    def of(self, test: PairTest, node: str) -> Side:
        """What one node of the test reported of it."""
        key = (test.round, node, _peer(test, node))
        if key not in self._found:
            self._found[key] = side_of(self.facts, *key)
        return self._found[key]

    def carriage(self, test: PairTest, node: str) -> Carriage:
        """Of a test that both sides report complete, as seen from one of its nodes."""
        return _carriage(self.of(test, node), node, _peer(test, node))

    def carried_by(self, tests: Sequence[PairTest]) -> str:
        """`, over eth0 of both`, when counters of both sides show it of every test; else empty."""
        if not tests or any(test.outcome != "ok" for test in tests):
            return ""
        a, b = tests[0].pair
        carriers = []
        for node in (a, b):
            seen = [self.carriage(test, node) for test in tests]
            if {e.shown for e in seen} != {Shown.MEANT} or len({e.carrier for e in seen}) != 1:
                return ""
            carriers.append(seen[0].carrier)
        if carriers[0] == carriers[1]:
            return f", over {carriers[0]} of both"
        return f", over {carriers[0]} of {a} and {carriers[1]} of {b}"

    @cached_property
    def _found(self) -> dict[tuple[int, str, str], Side]:
        return {}


def _peer(test: PairTest, node: str) -> str:
    return test.b if node == test.a else test.a


def _carriage(side: Side, node: str, peer: str) -> Carriage:
    def left_open(why: str) -> Carriage:
        return Carriage(node, peer, Shown.OPEN, why=why)

    sent, arrived = _bytes(side, "send"), _bytes(side, "receive")
    if side.counters is None:
        return left_open("its counters are not told")
    if sent is None or arrived is None or min(sent, arrived) < FEW_BYTES:
        return left_open("too few bytes to see them in the counters")
    counters, meant = side.counters, side.counters.meant
    if meant is None:
        return left_open("which interface has its address is not told")
    of_meant = next((each for each in counters.interfaces if each.name == meant), None)
    share = _share(of_meant, sent, arrived) if of_meant else None
    if share is None:
        return left_open(f"the counters of {meant} are not told, or went backwards")
    if share >= PROVEN:
        return Carriage(node, peer, Shown.MEANT, meant, meant)
    if share >= DISPROVEN:
        return left_open(f"{meant} shows {share:.0%} of the bytes")
    others = [*counters.interfaces, *map(_in_bytes, counters.rdma_ports)]
    shares = {each.name: _share(each, sent, arrived) for each in others}
    carrier = next((name for name, its in shares.items() if its and its >= PROVEN), None)
    if carrier is not None:
        return Carriage(node, peer, Shown.ELSEWHERE, meant, carrier)
    if counters.left_out_count or None in shares.values():
        return left_open(f"{meant} does not show the bytes, and not all interfaces are told")
    return Carriage(node, peer, Shown.NOWHERE, meant)


def _bytes(side: Side, direction: str) -> int | None:
    sample = sample_of(side.report, direction) if side.report else None
    return sample.bytes if sample else None


def _share(moved: Moved, sent: int, arrived: int) -> float | None:
    """The smaller share of both directions; None when one was not counted or went backwards."""
    out, back = moved.by.get("tx_bytes", -1), moved.by.get("rx_bytes", -1)
    return min(out / sent, back / arrived) if out >= 0 and back >= 0 else None


def _in_bytes(port: Moved) -> Moved:
    """A port's words as an interface's bytes; not counted means that none went over it."""
    sent, arrived = (port.by.get(name, 0) for name in ("port_xmit_data", "port_rcv_data"))
    by = {"tx_bytes": _words(sent), "rx_bytes": _words(arrived)}
    return Moved(name=port.name, by=by)


def _words(count: int) -> int:
    return min(count * WORD_BYTES, 2**63 - 1) if count >= 0 else -1
