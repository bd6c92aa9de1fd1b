"""What a schedule found, and what it took."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiconform.fabric.localisation import Blamed
from aiconform.fabric.simulation.faults import Key

PAIR_S = 20.0  # one pair test with its set-up
BRIEF_S = 8.0  # one that only asks "low or not"
GROUP_S = 60.0  # one collective over many nodes
TRAFFIC_S = 10.0  # of a pair test, in which its links are full


@dataclass(frozen=True)
class Outcome:
    """
    The result of one schedule on one network.

    `named_round`, `named_seconds`: when all that was blamed in the end had been blamed; schedules
    that judge at their end know it then.
    """

    blamed: frozenset[Key]
    rounds: int
    pair_tests: int
    seconds: float
    gigabytes: float
    named_round: int | None = None
    named_seconds: float | None = None


def keys_of(blamed: Iterable[Blamed]) -> frozenset[Key]:
    """The names of blamed components, as those of planted faults."""
    return frozenset(_key(each) for each in blamed)


def _key(blamed: Blamed) -> Key:
    match blamed.kind:
        case "switch" if blamed.instead:
            return ("rail", str(blamed.rail))  # one leaf: the two are the same
        case "switch" | "uplink":
            return ("switch", blamed.leaf or "", str(blamed.rail or 0))
        case "rail":
            return ("rail", str(blamed.rail))
        case "leaf_pair":
            return ("leaf_pair", *sorted((blamed.leaf or "", blamed.peer_leaf or "")))
        case "pair":
            return ("pair", *sorted((blamed.node, blamed.peer or "")))
        case _:
            return ("node", blamed.node)
