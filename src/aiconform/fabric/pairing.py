"""
Disjoint pairs: the circle method, in which everybody meets everybody, and random matchings.

Orders come from a hash of seed and name rather than from a shuffle, so the order of the nodes that
are left does not change when one is lost.
"""

import hashlib
from collections.abc import Iterable, Sequence

from aiconform.fabric.rounds import Pair, pair_of


def shuffled(nodes: Iterable[str], *, seed: str) -> list[str]:
    """The nodes in an order that looks random and is the same for the same seed everywhere."""
    return sorted(nodes, key=lambda node: (_rank(seed, node), node))


def random_matching(nodes: Iterable[str], *, seed: str) -> tuple[Pair, ...]:
    """A random perfect matching; with an odd number of nodes, one has a bye."""
    order = shuffled(nodes, seed=seed)
    return tuple(sorted(pair_of(*two) for two in zip(order[::2], order[1::2], strict=False)))


def circle_length(node_count: int) -> int:
    """Rounds in which everybody meets everybody once; odd numbers need one more for the byes."""
    if node_count < 2:
        return 0
    return node_count - 1 if node_count % 2 == 0 else node_count


def circle_round(order: Sequence[str], index: int) -> tuple[Pair, ...]:
    """
    Round `index` of the circle method over `order`: one place is fixed, the others turn.

    Rounds 0 … circle_length-1 hold every pair exactly once. With an odd number of nodes the one
    that meets the empty place has a bye.
    """
    places: list[str | None] = [*order]
    if len(places) % 2:
        places.append(None)
    if len(places) < 2:
        return ()
    turn = index % (len(places) - 1)
    rest = places[1:]
    ring = [places[0], *rest[turn:], *rest[:turn]]
    half = len(ring) // 2
    couples = zip(ring[:half], reversed(ring[half:]), strict=True)
    return tuple(
        sorted(
            pair_of(one, other) for one, other in couples if one is not None and other is not None
        )
    )


def _rank(seed: str, node: str) -> bytes:
    return hashlib.blake2b(f"{seed}\0{node}".encode(), digest_size=8).digest()
