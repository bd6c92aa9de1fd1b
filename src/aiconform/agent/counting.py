"""
Counters before and after something: who carried its bytes, and what was lost on the way.

A sick driver may never answer. So each look is a thread's that nobody waits for longer than
`LOOK_S`, and after one that did not come back there is no other: without counters, nothing is
concluded from them.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiconform.agent.inventory.addresses import interface_of
from aiconform.agent.inventory.counters import Reading, busiest, moved, read_reading
from aiconform.agent.inventory.read import Tree
from aiconform.agent.records import Body, text

LOOK_S = 3.0
# Some drivers ask their card for its counters only once or twice a second.
SETTLE_S = 2.5
SETTLE_EVERY_S = 0.1
SHOWN = 0.9  # of the bytes: then no more are waited for


@dataclass(frozen=True)
class Look:
    at: float  # monotonic clock
    reading: Reading
    meant: "str | None"


class Counting:
    """Looks at the counters of this machine, as long as they can be read."""

    def __init__(
        self,
        *,
        address: str,
        look: "Callable[[], Reading] | None" = None,
        limit_s: float = LOOK_S,
    ) -> None:
        self._address = address
        self._look = look or (lambda: read_reading(Tree()))
        self._limit_s = limit_s
        self._is_stuck = False

    def look(self) -> "Look | None":
        """None when a look did not come back, this time or before."""
        if self._is_stuck:
            return None
        found: "list[Look]" = []
        thread = threading.Thread(target=lambda: found.append(self._now()), daemon=True)
        thread.start()
        thread.join(self._limit_s)
        self._is_stuck = not found
        return found[0] if found else None

    def since(
        self,
        before: "Look | None",
        *,
        about: str,
        peer: "str | None" = None,
        samples: "Sequence[Mapping[str, Any]]" = (),
    ) -> "Body | None":
        """
        The record of what moved since; None when nothing could be read.

        Args:
            samples: Of a pair test: the counters are given time to show their bytes.
        """
        if before is None:
            return None
        after = self._settled(before, samples)
        return None if after is None else _body(before, after, about=about, peer=peer)

    def _settled(self, before: Look, samples: "Sequence[Mapping[str, Any]]") -> "Look | None":
        deadline = time.monotonic() + SETTLE_S
        while (after := self.look()) is not None:
            if _shows(before, after, samples) or time.monotonic() > deadline:
                break
            time.sleep(SETTLE_EVERY_S)
        return after

    def _now(self) -> Look:
        return Look(time.monotonic(), self._look(), interface_of(self._address))


def _shows(before: Look, after: Look, samples: "Sequence[Mapping[str, Any]]") -> bool:
    """Does the interface that is meant show the bytes? True where none of it can be said."""
    if before.meant is None or not samples:
        return True
    by = moved(before.reading.interfaces, after.reading.interfaces).get(before.meant, {})
    return all(
        by.get(counter, 0) >= SHOWN * _bytes(samples, direction)
        for direction, counter in (("send", "tx_bytes"), ("receive", "rx_bytes"))
        if counter in by
    )


def _bytes(samples: "Sequence[Mapping[str, Any]]", direction: str) -> int:
    return sum(int(each["bytes"]) for each in samples if each.get("direction") == direction)


def _body(before: Look, after: Look, *, about: str, peer: "str | None") -> Body:
    interfaces = moved(before.reading.interfaces, after.reading.interfaces)
    ports = moved(before.reading.rdma_ports, after.reading.rdma_ports)
    shown, shown_ports = busiest(interfaces), busiest(ports)
    return {
        "kind": "counters",
        "about": about,
        "peer": peer,
        "seconds": max(0.0, after.at - before.at),
        "meant": text(before.meant) if before.meant is not None else None,
        "interfaces": _listed(shown),
        "rdma_ports": _listed(shown_ports),
        "left_out_count": len(interfaces) + len(ports) - len(shown) - len(shown_ports),
    }


def _listed(moves: "Mapping[str, Mapping[str, int]]") -> "list[Body]":
    """Names are cut to what a record takes; of two that are then the same, the first is kept."""
    by_name: "dict[str, Mapping[str, int]]" = {}
    for name, by in moves.items():
        by_name.setdefault(text(name), by)
    return [{"name": name, "by": _in_range(by)} for name, by in by_name.items()]


def _in_range(by: "Mapping[str, int]") -> "dict[str, int]":
    """A 64-bit counter that was cleared may differ by more than a record holds."""
    return {name: value for name, value in by.items() if -(2**63) <= value < 2**63}
