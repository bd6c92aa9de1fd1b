"""
Which nodes hang on the same leaf switches, as far as it is known.

A unit is a group of nodes that share their leaf on every rail: one leaf switch in a plain network,
one switch for each rail in a rail-optimised one. Two nodes of a unit are "inside", others "across".
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from aiconform.fabric.torus import Torus

TORUS = "torus"  # what the one unit of a torus is called
LARGEST_LEAF = 256  # nodes; no switch has so many ports for hosts


@dataclass(frozen=True)
class Topology:
    """
    Where nodes hang.

    `leaves`: node → its leaf on each rail, the same number of rails for all; one entry when all
    rails of a unit end in one switch. Nodes that are not named hang somewhere unknown.
    `source`: where this is known from, in words. `torus`: nodes are joined to their neighbours and
    to no switch; then all of them are one unit, and neighbours alone are "inside".
    """

    leaves: Mapping[str, tuple[str, ...]]
    source: str = ""
    torus: Torus | None = None

    @cached_property
    def unit_of(self) -> Mapping[str, str]:
        """Node → unit; units are called after their leaves."""
        return {node: "+".join(dict.fromkeys(own)) for node, own in self.leaves.items()}

    @cached_property
    def units(self) -> Mapping[str, tuple[str, ...]]:
        """Unit → its nodes, in order of their names."""
        found: dict[str, list[str]] = defaultdict(list)
        for node, unit in sorted(self.unit_of.items()):
            found[unit].append(node)
        return {unit: tuple(nodes) for unit, nodes in sorted(found.items())}

    @cached_property
    def rails(self) -> int:
        """How many rails the leaves tell apart."""
        return max((len(own) for own in self.leaves.values()), default=1)

    def is_inside(self, a: str, b: str) -> bool:
        """Do both hang on the same leaves; in a torus, are they neighbours?"""
        if self.torus is not None:
            return self.torus.axis_of(a, b) is not None
        unit = self.unit_of.get(a)
        return unit is not None and unit == self.unit_of.get(b)

    def leaf(self, unit: str, rail: int | None) -> str:
        """The switch of a unit on a rail; all of them when no rail is meant."""
        own = self.leaves[self.units[unit][0]]
        if rail is None:
            return unit
        return own[rail] if rail < len(own) else own[0]

    def of(self, nodes: Iterable[str]) -> "Topology":
        """What is known of these nodes alone."""
        leaves = {n: self.leaves[n] for n in nodes if n in self.leaves}
        return Topology(leaves, self.source, self.torus.of(leaves) if self.torus else None)

    @property
    def pairs_at_once(self) -> int:
        """How many tests inside can run at the same time."""
        if self.torus is not None:
            return max(map(len, self.torus.rounds), default=0)
        return sum(len(own) // 2 for own in self.units.values())


def torus_topology(
    places: Mapping[str, tuple[int, ...]], rings: tuple[int, ...], *, source: str
) -> Topology:
    """All nodes of a torus as one unit; see `Torus`."""
    return Topology(dict.fromkeys(places, (TORUS,)), source, Torus(places, rings))


def is_leaf_like(groups: Mapping[str, str], *, node_count: int) -> bool:
    """
    Can a grouping be that of leaf switches?

    No group holds more than 256 nodes, and at least half of all nodes are in groups of two or more.

    Args:
        groups: Node → group, of the nodes that carry the label.
        node_count: All nodes, with or without it.
    """
    sizes: dict[str, int] = defaultdict(int)
    for group in groups.values():
        sizes[group] += 1
    shared = sum(size for size in sizes.values() if size > 1)
    return bool(sizes) and max(sizes.values()) <= LARGEST_LEAF and 2 * shared >= node_count > 0
