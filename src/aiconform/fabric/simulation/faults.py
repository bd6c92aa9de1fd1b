"""What can be wrong, and how it shows. The factors are those of the reference simulation."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiconform.fabric.topology import Topology

Key = tuple[str, ...]  # what a fault is called: ("node", "n00012"), ("switch", "leaf003", "1")


@dataclass(frozen=True)
class Fault:
    """
    One component at fault.

    `factor`: the part of the usual rate that is left. `chance`: in which part of the tests it
    shows. `scatter`: how much the factor varies from test to test. Rail and direction are None
    where the fault has them all.
    """

    kind: str
    name: Key
    factor: float
    chance: float = 1.0
    scatter: float = 0.0
    node: str = ""
    peer: str = ""
    rail: int | None = None
    sends: bool | None = None
    unit: str = ""
    peer_unit: str = ""

    def strength(self, rng: random.Random) -> float:
        """The factor of one test."""
        if self.chance < 1 and rng.random() >= self.chance:
            return 1.0
        if self.scatter:
            return max(0.05, self.factor + rng.uniform(-self.scatter, self.scatter))
        return self.factor


Make = Callable[[Topology, int, random.Random], Fault]


def _node(kind: str, factor: float, *, chance: float = 1.0, scatter: float = 0.0) -> Make:
    def make(topology: Topology, rails: int, rng: random.Random) -> Fault:
        node = rng.choice(list(topology.leaves))
        return Fault(kind, ("node", node), factor, chance, scatter, node=node)

    return make


def _nic(kind: str, *, chance: float = 1.0) -> Make:
    def make(topology: Topology, rails: int, rng: random.Random) -> Fault:
        node = rng.choice(list(topology.leaves))
        sends = rng.random() < 0.5
        rail = rng.randrange(rails)
        return Fault(kind, ("node", node), 0.5, chance, node=node, rail=rail, sends=sends)

    return make


def _leaf_rail(topology: Topology, rails: int, rng: random.Random) -> Fault:
    unit, rail = rng.choice(list(topology.units)), rng.randrange(rails)
    # With one leaf, its switch on a rail is the rail.
    name = ("switch", unit, str(rail)) if len(topology.units) > 1 else ("rail", str(rail))
    return Fault("leaf-rail", name, 0.6, unit=unit, rail=rail)


def _domain(topology: Topology, rails: int, rng: random.Random) -> Fault:
    unit = rng.choice(list(topology.units))
    return Fault("domain", ("switch", unit, "0"), 0.6, unit=unit)


def _rail(topology: Topology, rails: int, rng: random.Random) -> Fault:
    rail = rng.randrange(rails)
    return Fault("rail", ("rail", str(rail)), 0.6, rail=rail)


def _uplink(topology: Topology, rails: int, rng: random.Random) -> Fault:
    unit, rail = rng.choice(list(topology.units)), rng.randrange(rails)
    return Fault("uplink", ("switch", unit, str(rail)), 0.2, unit=unit, rail=rail)


def _leaf_pair(topology: Topology, rails: int, rng: random.Random) -> Fault:
    one, other = sorted(rng.sample(list(topology.units), 2))
    return Fault("leaf-pair", ("leaf_pair", one, other), 0.3, unit=one, peer_unit=other)


def _link(topology: Topology, rails: int, rng: random.Random) -> Fault:
    if topology.torus is not None:
        one, other = rng.choice([pair for pairs in topology.torus.rounds for pair in pairs])
    else:
        nodes = rng.choice([own for own in topology.units.values() if len(own) > 1])
        one, other = sorted(rng.sample(list(nodes), 2))
    return Fault("lossy-link", ("pair", one, other), 0.3, node=one, peer=other)


@dataclass(frozen=True)
class Kind:
    """A kind of fault; `about` says what it does, for people."""

    about: str
    make: Make
    needs_units: int = 1
    needs_rails: int = 1


KINDS: Mapping[str, Kind] = {
    "dead": Kind("a node over which nothing comes", _node("dead", 0.0)),
    "one-way-nic": Kind("one NIC sends, or receives, at 50 %", _nic("one-way-nic")),
    "lossy": Kind("a node at 70 % ± 15 %", _node("lossy", 0.7, scatter=0.15)),
    "straggler": Kind("a node at 80 %, always", _node("straggler", 0.8)),
    "intermittent": Kind(
        "a node at 50 % in 30 % of its tests", _node("intermittent", 0.5, chance=0.3)
    ),
    "intermittent-nic": Kind(
        "one direction of one NIC at 50 % in 30 % of its tests",
        _nic("intermittent-nic", chance=0.3),
    ),
    "lossy-link": Kind(
        "the path between two nodes of a leaf, or two neighbours in a torus, at 30 %", _link
    ),
    "leaf-rail": Kind("a leaf switch of one rail at 60 %", _leaf_rail, needs_rails=2),
    "domain": Kind(
        "all between the nodes of one leaf, or NVLink domain, at 60 %", _domain, needs_units=2
    ),
    "rail": Kind("one rail at 60 % in every leaf", _rail, needs_rails=2),
    "uplink": Kind("one uplink of a leaf at 20 %, behind hashed paths", _uplink, needs_units=3),
    "leaf-pair": Kind("the path between two leaves at 30 %", _leaf_pair, needs_units=3),
}
MIXED = ("dead", "one-way-nic", "lossy", "intermittent")  # `--kind mixed` takes them in turn


def make_faults(
    kind: str, count: int, topology: Topology, rails: int, rng: random.Random
) -> tuple[Fault, ...]:
    """So many faults of a kind, no component twice."""
    found: dict[Key, Fault] = {}
    kinds = MIXED if kind == "mixed" else (kind,)
    for number in range(50 * count):
        if len(found) < count:
            fault = KINDS[kinds[number % len(kinds)]].make(topology, rails, rng)
            found.setdefault(fault.name, fault)
    return tuple(found.values())
