"""
Rounds with leaves known: matchings inside them, and a folded circle over them.

In a plain circle of L leaves each meets one other leaf a round. Folded m times, each leaf is cut
into m slices that meet m leaves at once: every pair of leaves meets in (L-1)/m rounds, and every
uplink carries as much as before.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

from aiconform.fabric.pairing import circle_length, circle_round, shuffled
from aiconform.fabric.rounds import Pair, pair_of

ROUNDS_AIMED_AT = 8
LEAST_ROUNDS = {"quick": 3, "standard": 6, "thorough": 6}  # 6: the least to speak of uplinks
CONFIRM_SLICES = 3

Units = Mapping[str, Sequence[str]]


def folds(unit_count: int, unit_size: int) -> int:
    """Into how many slices each leaf is cut, for 8 rounds where the leaves are large enough."""
    return max(1, min(math.ceil((unit_count - 1) / ROUNDS_AIMED_AT), unit_size // 2))


def leaf_rounds(unit_count: int, unit_size: int, *, profile: str) -> int:
    """Rounds across leaves; enough that each pair of leaves meets, but for quick."""
    if unit_count < 2:
        return 0
    if profile == "quick":
        return LEAST_ROUNDS[profile]
    fold = folds(unit_count, unit_size)
    return max(LEAST_ROUNDS[profile], math.ceil(circle_length(unit_count) / fold))


def leaf_round(units: Units, index: int, *, fold: int, seed: str) -> tuple[Pair, ...]:
    """
    Round `index` across leaves.

    Args:
        units: Unit → its nodes that are free to meet others.
        fold: Slices of each leaf.
    """
    names = shuffled(units, seed=f"{seed}/leaves")
    length = circle_length(len(names))
    if not length:
        return ()
    slices = {name: _slices(shuffled(units[name], seed=f"{seed}/{index}"), fold) for name in names}
    pairs: list[Pair] = []
    for number in range(fold):
        for one, other in circle_round(names, (index * fold + number) % length):
            pairs += zip(slices[one][number], slices[other][number], strict=False)
    return tuple(sorted(pair_of(*pair) for pair in pairs))


def inside_round(units: Units, index: int, *, free: Collection[str], seed: str) -> tuple[Pair, ...]:
    """
    Round `index` of the circle in each leaf; who has no partner there meets another such node.

    Args:
        units: Unit → all its nodes; nodes in no unit are left-overs from the start.
        free: Nodes that may be paired in this round.
    """
    pairs: list[Pair] = []
    left = set(free)
    for unit, nodes in units.items():
        order = shuffled(nodes, seed=f"{seed}/{unit}")
        met = [pair for pair in circle_round(order, index) if left.issuperset(pair)]
        left.difference_update(node for pair in met for node in pair)
        rest = [node for node in order if node in left]
        pairs += [*met, *(pair_of(*two) for two in zip(rest[::2], rest[1::2], strict=False))]
        if len(rest) > 1:
            left.difference_update(rest[: len(rest) // 2 * 2])
    rest = shuffled(left, seed=f"{seed}/across/{index}")
    pairs += (pair_of(*two) for two in zip(rest[::2], rest[1::2], strict=False))
    return tuple(sorted(pairs))


def confirm_round(
    units: Units,
    uplinks: Iterable[str],
    pairs: Iterable[tuple[str, str]],
    *,
    seed: str,
) -> tuple[Pair, ...]:
    """
    Each suspected leaf against three that are not suspected, each suspected pair against itself.

    Args:
        units: Unit → its free nodes.
        uplinks: Units whose uplinks are suspected.
        pairs: Pairs of units whose path is suspected.
    """
    wanted, both = sorted(set(uplinks)), sorted(pairs)
    used: set[str] = set()
    met: list[Pair] = []
    for one, other in both:
        if not used & {one, other}:
            used |= {one, other}
            met += _meet(units[one], units[other], seed=seed)
    suspects = {*wanted, *(unit for pair in both for unit in pair)}
    clean = [unit for unit in shuffled(units, seed=seed) if unit not in suspects]
    for unit in wanted:
        partners = [other for other in clean if other not in used][:CONFIRM_SLICES]
        if unit in used or not partners:
            continue
        used |= {unit, *partners}
        for part, partner in zip(_slices(units[unit], len(partners)), partners, strict=True):
            met += _meet(part, units[partner], seed=seed)
    return tuple(sorted(met))


def _meet(one: Sequence[str], other: Sequence[str], *, seed: str) -> list[Pair]:
    both = zip(shuffled(one, seed=seed), shuffled(other, seed=seed), strict=False)
    return [pair_of(*pair) for pair in both]


def _slices(nodes: Sequence[str], count: int) -> list[Sequence[str]]:
    """Slices of sizes that differ by one at most."""
    size, rest = divmod(len(nodes), count)
    cuts = [number * size + min(number, rest) for number in range(count + 1)]
    return [nodes[start:end] for start, end in pairwise(cuts)]
