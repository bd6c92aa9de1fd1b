"""
Which pairs meet next, decided from what is known so far.

Up to 8 nodes everybody meets everybody twice. Above that: a random matching, a few more to catch
what comes and goes, six rounds of the circle, and then each suspect against proven partners until
it is settled. Same nodes, same results, same seed: same round. A pair that did not run is tried
again, a few times.
"""

from collections import Counter
from collections.abc import Sequence

from aiconform.fabric.localisation import Localisation
from aiconform.fabric.localise import localise
from aiconform.fabric.pairing import circle_length, circle_round, random_matching, shuffled
from aiconform.fabric.rounds import SMALL, Pair, Round, RoundResult, is_large, pair_of
from aiconform.fabric.study import Course, can_study, study_of
from aiconform.fabric.topology import Topology

REPEATS = 2  # tests that each pair of a small cluster gets
ATTEMPTS = 3  # times that a pair is tried when its tests do not run
CIRCLE_ROUNDS = 6
RECHECK_TESTS = 4  # of a pair that is low whenever it is tested, before that is left open
CONFIRM_ENOUGH = 2  # tests with proven partners, both clean: the suspect is cleared
CONFIRM_LIMIT = 4  # after so many a suspect stays as it is
SOAK = {"quick": 0, "standard": 2, "thorough": 8}


def base_purposes(profile: str) -> tuple[str, ...]:
    """Purposes of the rounds that a large cluster has in any case."""
    return ("matching", *["soak"] * SOAK[profile], *["circle"] * CIRCLE_ROUNDS)


def next_round(
    nodes: Sequence[str],
    done: Sequence[RoundResult],
    *,
    seed: int,
    profile: str,
    topology: Topology | None = None,
) -> Round | None:
    """
    The next round of disjoint pairs, or None when nothing more needs to be asked.

    Args:
        nodes: Those still alive.
        done: All finished rounds, whatever came of them.
        seed: Chooses the orders; the same seed gives the same schedule.
        profile: quick, standard or thorough.
        topology: Which nodes share switches; None: unknown. Then nothing can be said of leaves.
    """
    alive = sorted(set(nodes))
    if len(alive) < 2:
        return None
    number = max((result.round.number for result in done), default=-1) + 1
    if len(alive) <= SMALL and not is_large(done):
        return _small_round(alive, done, number=number, seed=seed)
    if topology is not None and can_study(topology, alive, done):
        return study_of(alive, done, topology, seed=seed, profile=profile).next_round(alive)
    return _large_round(alive, done, number=number, seed=seed, profile=profile)


def rounds_left(
    nodes: Sequence[str],
    done: Sequence[RoundResult],
    *,
    profile: str,
    topology: Topology | None = None,
) -> tuple[str, ...]:
    """Purposes of the rounds that are still to come in any case; suspects may add more."""
    if len(set(nodes)) <= SMALL and not is_large(done):
        count = REPEATS * circle_length(len(set(nodes)))
        return ("circle",) * max(0, count - len(done))
    if topology is not None and can_study(topology, nodes, done):
        wanted = Course.of(topology.of(nodes), profile=profile).purposes
    else:
        wanted = base_purposes(profile)
    return wanted[sum(result.round.purpose in wanted for result in done) :]


def _small_round(
    alive: list[str], done: Sequence[RoundResult], *, number: int, seed: int
) -> Round | None:
    ran, tried = _counts(done)
    order = shuffled(alive, seed=f"{seed}/circle")
    for wanted in range(1, REPEATS + 1):
        for index in range(circle_length(len(order))):
            pairs = tuple(
                pair
                for pair in circle_round(order, index)
                if ran[pair] < wanted and tried[pair] < ATTEMPTS
            )
            if pairs:
                return Round(number, "circle" if wanted == 1 else "repeat", pairs)
    return _recheck_round(alive, localise(alive, done), done, number=number)


def _large_round(
    alive: list[str], done: Sequence[RoundResult], *, number: int, seed: int, profile: str
) -> Round | None:
    purposes = base_purposes(profile)
    position = sum(result.round.purpose in purposes for result in done)
    if position >= len(purposes):
        return _confirm_round(alive, done, number=number, seed=seed)
    purpose = purposes[position]
    if purpose == "circle":
        turn = position - (len(purposes) - CIRCLE_ROUNDS)
        order = shuffled(alive, seed=f"{seed}/circle")
        return Round(number, purpose, circle_round(order, turn))
    return Round(number, purpose, random_matching(alive, seed=f"{seed}/{position}"))


def _confirm_round(
    alive: list[str], done: Sequence[RoundResult], *, number: int, seed: int
) -> Round | None:
    """Each unsettled suspect with a proven node that it has not met; none shared in a round."""
    found = localise(alive, done)
    unsettled = _unsettled(found, done, alive=frozenset(alive))
    proven = sorted(set(alive).intersection(found.proven)) if unsettled else []
    partners = shuffled(proven, seed=f"{seed}/confirm/{len(done)}")
    _, tried = _counts(done)
    pairs: list[Pair] = []
    for suspect in unsettled:
        partner = next((node for node in partners if not tried[pair_of(suspect, node)]), None)
        if partner is not None:
            partners.remove(partner)
            pairs.append(pair_of(suspect, partner))
    if pairs:
        return Round(number, "confirm", tuple(sorted(pairs)))
    return _recheck_round(alive, found, done, number=number)


def _recheck_round(
    alive: list[str], found: Localisation, done: Sequence[RoundResult], *, number: int
) -> Round | None:
    """Pairs that are always low, again: what stays low is no chance."""
    ran, tried = _counts(done)
    free, pairs = set(alive), []
    for pair in found.suspect_pairs:
        wanted = ran[pair] < RECHECK_TESTS and tried[pair] < ATTEMPTS + RECHECK_TESTS
        if free.issuperset(pair) and wanted:
            free.difference_update(pair)
            pairs.append(pair)
    return Round(number, "recheck", tuple(pairs)) if pairs else None


def _unsettled(
    found: Localisation, done: Sequence[RoundResult], *, alive: frozenset[str]
) -> list[str]:
    """Suspects whose confirmation is still to come, or has neither cleared nor blamed them."""
    confirms = [test for r in done if r.round.purpose == "confirm" for test in r.tests]
    tried = Counter(node for test in confirms for node in test.pair)
    ran = Counter(node for test in confirms if test.ran for node in test.pair)
    numbers = {test.round for test in confirms}
    low_again = {n for s in found.low if s.test.round in numbers for n in (s.sender, s.receiver)}
    return [
        node
        for node in found.suspects
        if node in alive
        and tried[node] < CONFIRM_LIMIT
        and (node in low_again or ran[node] < CONFIRM_ENOUGH)
    ]


def _counts(done: Sequence[RoundResult]) -> tuple[Counter[Pair], Counter[Pair]]:
    """How often each pair ran, and how often it was tried."""
    tests = [test for result in done for test in result.tests]
    return Counter(t.pair for t in tests if t.ran), Counter(t.pair for t in tests)
