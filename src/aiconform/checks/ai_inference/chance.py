"""How far a share may be off by chance: exact bounds of the binomial distribution (pure)."""

from functools import cache
from math import comb

# Two-sided: a sound gateway is called wrong once in ten thousand counts, and it is counted twice.
ODDS_AGAINST = 10_000


@cache
def likely_counts(trials: int, *, of: int, among: int) -> tuple[int, int]:
    """
    The least and the most hits that are not too unlikely, when each is a hit by of/among.

    Exact, in whole numbers: the tail that is left out on either side has a probability of at most
    1 in 2 × ODDS_AGAINST.
    """
    ways = [comb(trials, k) * of**k * (among - of) ** (trials - k) for k in range(trials + 1)]
    allowed = among**trials
    return _first(ways, allowed), trials - _first(ways[::-1], allowed)


def _first(ways: list[int], total: int) -> int:
    """The first count whose tail, itself included, is likely enough."""
    tail = 0
    for count, weight in enumerate(ways):
        tail += weight
        if tail * 2 * ODDS_AGAINST > total:
            return count
    return len(ways) - 1
