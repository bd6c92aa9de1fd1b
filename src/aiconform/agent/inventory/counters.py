"""What interfaces and RDMA ports have counted so far, and how far that moved between two looks."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiconform.agent.inventory.ports import port_counters
from aiconform.agent.inventory.read import Tree

Counts = Mapping[str, Mapping[str, int]]  # interface or port → counter → value
Moves = dict[str, dict[str, int]]

MOST = 32  # interfaces, and as many ports, that one record takes
_NET = "/sys/class/net"
_INFINIBAND = "/sys/class/infiniband"
_STATISTICS = (
    "rx_bytes", "tx_bytes", "rx_packets", "tx_packets", "rx_errors", "tx_errors", "rx_dropped",
    "tx_dropped", "rx_missed_errors", "rx_crc_errors", "rx_frame_errors", "rx_fifo_errors",
    "tx_carrier_errors",
)  # fmt: skip
_CARRIER = "carrier_down_count"  # beside the statistics, since Linux 4.16
# InfiniBand's counters of 4, 8, 16 and 32 bits stay at their end until somebody clears them
# (InfiniBand architecture, PortCounters). One that stands there counts no more.
_ENDS = {
    "symbol_error": 0xFFFF, "link_error_recovery": 0xFF, "link_downed": 0xFF,
    "port_rcv_errors": 0xFFFF, "port_rcv_remote_physical_errors": 0xFFFF,
    "local_link_integrity_errors": 0xF, "port_xmit_wait": 0xFFFFFFFF,
    "port_xmit_data": 0xFFFFFFFF, "port_rcv_data": 0xFFFFFFFF,
    "port_xmit_packets": 0xFFFFFFFF, "port_rcv_packets": 0xFFFFFFFF,
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """One look. What could not be read is not in it."""

    interfaces: Counts
    rdma_ports: Counts


def read_reading(tree: Tree) -> Reading:
    """All interfaces of this network namespace and all RDMA ports that show; never raises."""
    return Reading(
        interfaces={name: _interface(tree, name) for name in tree.listed(_NET)},
        rdma_ports={
            f"{device}/{port}": port_counters(tree, f"{_INFINIBAND}/{device}/ports/{port}")
            for device in tree.listed(_INFINIBAND)
            for port in tree.listed(f"{_INFINIBAND}/{device}/ports")
        },
    )


def moved(before: Counts, after: Counts) -> Moves:
    """
    Of what is in both looks: after less before, below zero for what went backwards.

    A counter that stood at its end before, or has reached it, is left out.
    """
    return {
        name: {
            counter: value - before[name][counter]
            for counter, value in counts.items()
            if counter in before[name] and not _ended(counter, value)
        }
        for name, counts in after.items()
        if name in before
    }


def busiest(moves: Moves) -> Moves:
    """Those that moved most bytes, as many as a record takes."""
    names = sorted(moves, key=lambda name: (-_bytes(moves[name]), name))
    return {name: moves[name] for name in names[:MOST]}


def _interface(tree: Tree, name: str) -> "dict[str, int]":
    base = f"{_NET}/{name}"
    found = {counter: tree.count(f"{base}/statistics/{counter}") for counter in _STATISTICS}
    found[_CARRIER] = tree.count(f"{base}/{_CARRIER}")
    return {counter: value for counter, value in found.items() if isinstance(value, int)}


def _ended(counter: str, value: int) -> bool:
    return value == _ENDS.get(counter)


def _bytes(counts: Mapping[str, int]) -> int:
    return sum(
        abs(value) for counter, value in counts.items() if counter.endswith(("_bytes", "_data"))
    )
