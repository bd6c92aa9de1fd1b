"""A 3-D torus: packets go along x, then y, then z, the shorter way, and share the links."""

from collections import Counter
from collections.abc import Mapping, Sequence

Pair = tuple[str, str]
Link = tuple[int, int, int]  # node, axis, direction


def sides_of(node_count: int) -> tuple[int, int, int]:
    """The sides of a torus that is nearly a cube; its last plane may have gaps."""
    side = max(2, round(node_count ** (1 / 3)))
    return side, side, -(-node_count // side**2)


def places_of(nodes: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Node → x, y and z, in this order."""
    sides = sides_of(len(nodes))
    return {node: tuple(_coordinates(number, sides)) for number, node in enumerate(nodes)}


def torus_shares(
    pairs: Sequence[Pair], nodes: Sequence[str], weak: Mapping[Pair, float] | None = None
) -> dict[Pair, float]:
    """
    The part of a link's rate that each pair gets in each direction when all run at once.

    Args:
        nodes: In order of x, then y, then z.
        weak: Neighbours → the part of its rate that the link between them still has.
    """
    sides = sides_of(len(nodes))
    place = {node: number for number, node in enumerate(nodes)}
    left: dict[Link, float] = {}
    for (a, b), factor in (weak or {}).items():
        there, back = _route(place[a], place[b], sides), _route(place[b], place[a], sides)
        left |= dict.fromkeys((*there, *back), factor)
    routes = {pair: _route(place[pair[0]], place[pair[1]], sides) for pair in pairs}
    loads = Counter(link for route in routes.values() for link in route)
    return {
        pair: min((left.get(link, 1.0) / loads[link] for link in route), default=1.0)
        for pair, route in routes.items()
    }


def _route(source: int, target: int, sides: Sequence[int]) -> list[Link]:
    """Links from source to target. The way back takes the same links in the other direction."""
    links: list[Link] = []
    here, there = _coordinates(source, sides), _coordinates(target, sides)
    for axis, side in enumerate(sides):
        step = 1 if 2 * ((there[axis] - here[axis]) % side) <= side else -1
        while here[axis] != there[axis]:
            links.append((here[0] + sides[0] * (here[1] + sides[1] * here[2]), axis, step))
            here[axis] = (here[axis] + step) % side
    return links


def _coordinates(number: int, sides: Sequence[int]) -> list[int]:
    return [number % sides[0], number // sides[0] % sides[1], number // sides[0] // sides[1]]
