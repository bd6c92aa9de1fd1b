"""A 3-D torus: packets go along x, then y, then z, the shorter way, and share the links."""

from collections import Counter
from collections.abc import Sequence

Pair = tuple[str, str]
Link = tuple[int, int, int]  # node, axis, direction


def torus_shares(pairs: Sequence[Pair], nodes: Sequence[str]) -> dict[Pair, float]:
    """
    The part of a link's rate that each pair gets in each direction when all run at once.

    Args:
        nodes: In order of x, then y, then z; the side is the cube root of their number, rounded.
    """
    side = max(2, round(len(nodes) ** (1 / 3)))
    sides = (side, side, -(-len(nodes) // side**2))
    place = {node: number for number, node in enumerate(nodes)}
    routes = {pair: _route(place[pair[0]], place[pair[1]], sides) for pair in pairs}
    loads = Counter(link for route in routes.values() for link in route)
    return {
        pair: 1 / max((loads[link] for link in route), default=1) for pair, route in routes.items()
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
