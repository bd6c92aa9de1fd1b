"""
A network whose tests are numbers: noise, faults, and what its topology does to flows.

Rates are log-normal around that of a port, a few tests are spoilt once. Across leaves each rail has
four flows in each direction, whose paths are hashed: they collide on uplinks, as in a real fabric
without adaptive routing. In a torus packets go along one axis after the other, and share its links.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from aiconform.fabric.rounds import PairTest, Rates, Round, RoundResult
from aiconform.fabric.simulation.faults import Fault
from aiconform.fabric.simulation.torus import places_of, sides_of, torus_shares
from aiconform.fabric.topology import Topology, torus_topology

PORT_GBIT_PER_S = 400.0
FLOWS = 4  # of each rail and direction
NOISES = 1 << 14  # noise factors drawn once and used from random places on


@dataclass(frozen=True)
class Shape:
    """A kind of network; `unit`: nodes that share their leaves."""

    about: str
    unit: int
    rails: int
    is_torus: bool = False
    is_told: bool = True  # does the planner know who shares a leaf?


TOPOLOGIES: Mapping[str, Shape] = {
    "single-switch": Shape("every node on one switch", unit=1 << 30, rails=1),
    "leaf-spine": Shape("32 nodes a leaf, one NIC each, hashed uplinks", unit=32, rails=1),
    "rail-optimised": Shape(
        "32 nodes a unit, 4 NICs each, each on the leaf of its rail, hashed uplinks",
        unit=32,
        rails=4,
    ),
    "nvlink-domains": Shape(
        "domains of 18 nodes, 4 NICs each; inside tests use the NICs", unit=18, rails=4
    ),
    "torus": Shape(
        "a 3-D torus; nodes that are no neighbours share links", unit=0, rails=1, is_torus=True
    ),
    "unknown": Shape("leaf-spine, and the planner is not told", unit=32, rails=1, is_told=False),
}


@dataclass(frozen=True)
class Noise:
    """`sigma` of the rates' logs; `spoilt`: the part of tests that lose 15 to 50 % once."""

    sigma: float = 0.03
    spoilt: float = 0.005


@dataclass(frozen=True)
class SimulatedNetwork:
    """
    Nodes, their switches, and what is wrong.

    `oversubscription`: how many times more ports a leaf has than uplinks. `adaptive`: flows are
    spread evenly over uplinks instead of hashed.
    """

    topology: Topology
    rails: int
    faults: tuple[Fault, ...] = ()
    noise: Noise = Noise()
    oversubscription: float = 1.0
    adaptive: bool = False
    is_torus: bool = False
    is_told: bool = True
    nodes: tuple[str, ...] = field(default=())

    @cached_property
    def by_node(self) -> Mapping[str, Sequence[Fault]]:
        return _grouped((f.node, f) for f in self.faults if f.node and not f.peer)

    @cached_property
    def by_pair(self) -> Mapping[tuple[str, str], Fault]:
        return {(f.node, f.peer): f for f in self.faults if f.peer}

    @cached_property
    def by_leaves(self) -> Mapping[tuple[str, str], Fault]:
        return {(f.unit, f.peer_unit): f for f in self.faults if f.peer_unit}

    @cached_property
    def switches(self) -> Sequence[Fault]:
        return [f for f in self.faults if f.kind in {"leaf-rail", "rail", "domain"}]

    @cached_property
    def uplinks(self) -> Mapping[tuple[str, int], Fault]:
        return {(f.unit, f.rail or 0): f for f in self.faults if f.kind == "uplink"}

    def run(self, asked: Round, rng: random.Random) -> RoundResult:
        """What the tests of a round would measure."""
        return RoundResult(asked, tuple(_Running(self, asked, rng).tests()))


def make_network(
    name: str, node_count: int, *, rails: int | None = None, unit: int | None = None
) -> SimulatedNetwork:
    """
    A sound network.

    Args:
        name: One of `TOPOLOGIES`.
        rails: NICs of each node, when it is not the topology's own number.
        unit: Nodes that share their leaves, likewise; a torus has none.
    """
    shape = TOPOLOGIES[name]
    width = len(str(max(node_count - 1, 0)))
    nodes = tuple(f"n{number:0{width}}" for number in range(node_count))
    own_rails = rails or shape.rails
    if shape.is_torus:
        topology = torus_topology(places_of(nodes), sides_of(node_count), source="simulated")
    else:
        size = unit or shape.unit
        leaves = {node: (f"leaf{n // size:03}",) * own_rails for n, node in enumerate(nodes)}
        topology = Topology(leaves, "simulated")
    return SimulatedNetwork(
        topology=topology,
        rails=own_rails,
        is_torus=shape.is_torus,
        is_told=shape.is_told,
        nodes=nodes,
    )


def _grouped(named: Iterable[tuple[str, Fault]]) -> Mapping[str, Sequence[Fault]]:
    found: dict[str, list[Fault]] = defaultdict(list)
    for name, fault in named:
        found[name].append(fault)
    return found


class _Running:
    """One round, measured."""

    def __init__(self, network: SimulatedNetwork, asked: Round, rng: random.Random) -> None:
        self._network, self._asked, self._rng = network, asked, rng
        sigma = network.noise.sigma
        gauss, exp = rng.gauss, math.exp
        count = min(NOISES, 2 * network.rails * max(len(asked.pairs), 8))
        self._noises = [PORT_GBIT_PER_S * exp(gauss(0, sigma)) for _ in range(count)]
        self._noises += self._noises[: 2 * network.rails]
        self._places = count

    def tests(self) -> Sequence[PairTest]:
        unit_of, rails = self._network.topology.unit_of, self._network.rails
        pairs = self._asked.pairs
        if self._network.is_torus:
            weak = {pair: fault.factor for pair, fault in self._network.by_pair.items()}
            shares = torus_shares(pairs, self._network.nodes, weak)
            return [self._torus(pair, shares[pair]) for pair in pairs]
        across = [pair for pair in pairs if unit_of[pair[0]] != unit_of[pair[1]]]
        flows = self._collide(across) if across else {}
        whole = (1.0,) * (2 * rails)
        return [self._test(pair, *(flows.get(pair) or (whole, ()))) for pair in pairs]

    def _torus(self, pair: tuple[str, str], share: float) -> PairTest:
        return self._test(pair, (share,) * (2 * self._network.rails), ())

    def _test(
        self, pair: tuple[str, str], shares: Sequence[float], slowest: Sequence[float]
    ) -> PairTest:
        """`shares`, `slowest`: by rail, first of the direction a → b, then of b → a."""
        network, rng, rails = self._network, self._rng, self._network.rails
        a, b = pair
        limits = self._limits(a, b)
        if limits is not None and not min(limits):
            nothing = Rates((0.0,) * rails)
            return PairTest(
                self._asked.number,
                a,
                b,
                "failed",
                "nothing came through",
                forward=nothing,
                backward=nothing,
            )
        start = int(rng.random() * self._places)
        noises: Sequence[float] = self._noises[start : start + 2 * rails]
        if rng.random() < network.noise.spoilt:
            spoilt = rng.uniform(0.5, 0.85)
            noises = [value * spoilt for value in noises]
        if limits is None and shares[0] == 1.0 and not slowest:
            values = slow = tuple(noises)
        else:
            caps = limits or (1.0,) * (2 * rails)
            values = tuple(
                noise * (share if share < cap else cap)
                for noise, share, cap in zip(noises, shares, caps, strict=True)
            )
            slow = tuple(
                noise * (share if share < cap else cap)
                for noise, share, cap in zip(noises, slowest or shares, caps, strict=True)
            )
        return PairTest(
            self._asked.number,
            a,
            b,
            "ok",
            forward=Rates(values[:rails], slow[:rails] if slowest else ()),
            backward=Rates(values[rails:], slow[rails:] if slowest else ()),
        )

    def _limits(self, a: str, b: str) -> list[float] | None:
        """What faults of nodes, pairs and switches leave, as `shares`; None: all of it."""
        network = self._network
        ill = a in network.by_node or b in network.by_node
        if not (ill or network.switches or network.by_pair or network.by_leaves):
            return None
        rails = network.rails
        limits = [1.0] * (2 * rails)
        for node in (a, b):
            for fault in network.by_node.get(node, ()):
                strength = fault.strength(self._rng)
                for place in range(2 * rails):
                    sends = (place < rails) == (node == a)
                    if fault.rail in {None, place % rails} and fault.sends in {None, sends}:
                        limits[place] = min(limits[place], strength)
        units = {network.topology.unit_of[a], network.topology.unit_of[b]}
        for fault in network.switches:
            # What joins a domain carries nothing that leaves it.
            hit = units == {fault.unit} if fault.kind == "domain" else fault.unit in units
            if hit or not fault.unit:
                for place in range(2 * rails):
                    if fault.rail in {None, place % rails}:
                        limits[place] = min(limits[place], fault.factor)
        if (a, b) in network.by_pair:
            limits = [min(limit, network.by_pair[a, b].factor) for limit in limits]
        return limits

    def _collide(
        self, across: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], tuple[Sequence[float], Sequence[float]]]:
        """What flows get of hashed uplinks: the sum of each rail's, and the slowest times four."""
        network, rails = self._network, self._network.rails
        unit_of, units = network.topology.unit_of, network.topology.units
        widest = max(len(own) for own in units.values())
        spines = min(256, max(1, round(widest / network.oversubscription)))
        if network.adaptive:
            share = min(1.0, 1 / network.oversubscription)
            even = ([share] * (2 * rails), [share] * (2 * rails))
            return {pair: self._between(pair, *even) for pair in across}
        hashes = self._rng.randbytes(len(across) * 2 * rails * FLOWS)
        up = {(unit, rail): [0] * spines for unit in units for rail in range(rails)}
        down = {key: [0] * spines for key in up}
        place = 0
        for a, b in across:
            for source, target in ((unit_of[a], unit_of[b]), (unit_of[b], unit_of[a])):
                for rail in range(rails):
                    ups, downs = up[source, rail], down[target, rail]
                    for byte in hashes[place : place + FLOWS]:
                        ups[byte % spines] += 1
                        downs[byte % spines] += 1
                    place += FLOWS
        for (unit, rail), fault in network.uplinks.items():
            # An uplink at a fifth is as slow as one with five times the flows.
            up[unit, rail][0] = round(max(up[unit, rail][0], FLOWS) / fault.factor)
            down[unit, rail][0] = round(max(down[unit, rail][0], FLOWS) / fault.factor)
        found, place = {}, 0
        for pair in across:
            a, b = pair
            totals, slowest = [], []
            for source, target in ((unit_of[a], unit_of[b]), (unit_of[b], unit_of[a])):
                for rail in range(rails):
                    ups, downs = up[source, rail], down[target, rail]
                    rates = [
                        min(1.0, FLOWS / max(ups[byte % spines], downs[byte % spines]))
                        for byte in hashes[place : place + FLOWS]
                    ]
                    totals.append(sum(rates) / FLOWS)
                    slowest.append(min(rates))
                    place += FLOWS
            found[pair] = self._between(pair, totals, slowest)
        return found

    def _between(
        self, pair: tuple[str, str], totals: Sequence[float], slowest: Sequence[float]
    ) -> tuple[Sequence[float], Sequence[float]]:
        """A faulty path between two leaves slows all that goes over it."""
        network = self._network
        if not network.by_leaves:
            return totals, slowest
        one, other = sorted(network.topology.unit_of[node] for node in pair)
        fault = network.by_leaves.get((one, other))
        if fault is None:
            return totals, slowest
        return [v * fault.factor for v in totals], [v * fault.factor for v in slowest]
