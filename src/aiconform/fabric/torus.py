"""
A torus, or a mesh: nodes at places of a grid, joined to their neighbours along each axis.

Packets between nodes that are no neighbours pass others and share their links, so only neighbours
are tested. Along one axis every second link can be tested at once; two rounds an axis, and a third
for rings of odd length, bring every link of the network once, alone on its cable.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

from aiconform.fabric.rounds import Pair, pair_of

AXES = "xyzuvw"
Place = tuple[int, ...]


@dataclass(frozen=True)
class Torus:
    """
    Where nodes are.

    `places`: node → its place, one number for each axis; no two nodes share one. `rings`: for each
    axis after how many places it closes; 0: it is an open line.
    """

    places: Mapping[str, Place]
    rings: tuple[int, ...]

    @cached_property
    def rounds(self) -> tuple[tuple[Pair, ...], ...]:
        """Disjoint pairs of neighbours; all rounds together hold each link once."""
        by_axis = [self._rounds_along(axis) for axis in range(len(self.rings))]
        # One axis after the other: three rounds then show a node with three of its neighbours.
        turns = zip_longest(*by_axis, fillvalue=())
        return tuple(tuple(sorted(pairs)) for turn in turns for pairs in turn if pairs)

    def round(self, number: int, *, free: Collection[str]) -> tuple[Pair, ...]:
        """Round `number`, again from the start after the last, of nodes that are free."""
        if not self.rounds:
            return ()
        pairs = self.rounds[number % len(self.rounds)]
        return tuple((a, b) for a, b in pairs if a in free and b in free)

    def axis_of(self, a: str, b: str) -> str | None:
        """The axis along which two nodes are neighbours; None when they are not."""
        return self._axes.get(pair_of(a, b))

    def neighbours(self, node: str) -> tuple[str, ...]:
        return self._neighbours.get(node, ())

    def of(self, nodes: Iterable[str]) -> "Torus":
        """What is known of these nodes alone."""
        return Torus({n: self.places[n] for n in nodes if n in self.places}, self.rings)

    @cached_property
    def _axes(self) -> Mapping[Pair, str]:
        return {
            pair: AXES[axis]
            for axis in range(len(self.rings))
            for pairs in self._rounds_along(axis)
            for pair in pairs
        }

    @cached_property
    def _neighbours(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {node: [] for node in self.places}
        for a, b in sorted(self._axes):
            found[a].append(b)
            found[b].append(a)
        return {node: tuple(near) for node, near in found.items()}

    @cached_property
    def _at(self) -> Mapping[Place, str]:
        return {place: node for node, place in self.places.items()}

    def _rounds_along(self, axis: int) -> tuple[list[Pair], ...]:
        """Links from even places, from odd ones, and the one that closes a ring of odd length."""
        ring = self.rings[axis]
        found: tuple[list[Pair], ...] = ([], [], [])
        for node, place in self.places.items():
            here = place[axis]
            closes = here + 1 == ring
            there = 0 if closes else here + 1
            other = self._at.get((*place[:axis], there, *place[axis + 1 :]))
            # A ring of two has one link, not two.
            if other is None or other == node or (closes and ring == 2):
                continue
            found[2 if closes and ring % 2 else here % 2].append(pair_of(node, other))
        return found
