"""Everybody meets everybody, nobody twice at a time, and the same seed gives the same rounds."""

import random
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from aiconform.fabric import SMALL, RoundResult, expected_cost, next_round
from aiconform.fabric.pairing import circle_length, circle_round, random_matching
from tests.fabric.simulated import SimulatedFabric
from tests.support.journals import names

profiles = st.sampled_from(["quick", "standard", "thorough"])
sizes = st.integers(0, 24)
seeds = st.integers(0, 2**32)


def is_disjoint(result: RoundResult) -> bool:
    met = [node for pair in result.round.pairs for node in pair]
    return len(met) == len(set(met))


@given(sizes)
def test_circle_holds_every_pair_exactly_once(size: int) -> None:
    nodes = names(size)
    rounds = [circle_round(nodes, index) for index in range(circle_length(size))]

    assert sorted(pair for pairs in rounds for pair in pairs) == sorted(combinations(nodes, 2))


def test_circle_of_nobody_is_empty() -> None:
    assert circle_round((), 0) == ()
    assert circle_round(("a",), 0) == ()


@given(sizes, seeds)
def test_matching_leaves_out_one_at_most(size: int, seed: int) -> None:
    pairs = random_matching(names(size), seed=str(seed))

    assert len({node for pair in pairs for node in pair}) == size // 2 * 2


@given(sizes, seeds, profiles)
def test_no_node_is_in_two_pairs_of_a_round(size: int, seed: int, profile: str) -> None:
    noisy = SimulatedFabric(names(size), sigma=0.05, spoilt=0.1, seed=seed)

    done = noisy.run(profile=profile)

    assert all(is_disjoint(result) for result in done)
    assert all(a < b for result in done for a, b in result.round.pairs)
    assert [result.round.number for result in done] == list(range(len(done)))


@given(st.integers(2, 12), seeds, profiles)
def test_same_seed_gives_the_same_schedule(size: int, seed: int, profile: str) -> None:
    fabric = SimulatedFabric(names(size), spoilt=0.2, seed=seed)

    assert fabric.run(profile=profile) == fabric.run(profile=profile)


@given(st.integers(2, SMALL), seeds)
def test_small_cluster_tests_every_pair_twice(size: int, seed: int) -> None:
    done = SimulatedFabric(names(size), sigma=0.0, seed=seed).run()
    tested = [test.pair for result in done for test in result.tests]

    assert sorted(tested) == sorted([*combinations(names(size), 2)] * 2)


@given(st.integers(0, 40), seeds, profiles)
def test_cost_is_that_of_the_schedule(size: int, seed: int, profile: str) -> None:
    done = SimulatedFabric(names(size), sigma=0.0, seed=seed).run(profile=profile)

    cost = expected_cost(size, profile=profile, seconds_per_direction=2.0, rate_gbit_per_s=8.0)

    assert cost.rounds == len(done)
    assert cost.pair_tests == sum(len(result.tests) for result in done)
    assert cost.bytes == cost.pair_tests * 4 * 10**9
    assert cost.seconds >= 4 * cost.rounds


def test_lone_node_has_nobody_to_meet() -> None:
    assert next_round(["a"], (), seed=1, profile="standard") is None
    assert next_round([], (), seed=1, profile="standard") is None


@given(st.integers(2, 12), st.integers(0, 3), seeds)
def test_pairs_that_do_not_run_are_tried_again_but_not_for_ever(
    size: int, silent: int, seed: int
) -> None:
    nodes = names(size)
    done = SimulatedFabric(nodes, silent=frozenset(nodes[:silent]), seed=seed).run()

    tried = [test.pair for result in done for test in result.tests]

    assert all(tried.count(pair) <= 8 for pair in tried)


@given(st.integers(3, 12), st.integers(0, 20), seeds)
def test_schedule_goes_on_without_a_node_that_was_lost(size: int, after: int, seed: int) -> None:
    nodes = list(names(size))
    done: list[RoundResult] = []
    whole = SimulatedFabric(nodes, seed=seed, sigma=0.0).run()[:after]
    done.extend(whole)
    rest = nodes[1:]

    while upcoming := next_round(rest, done, seed=seed, profile="standard"):
        assert nodes[0] not in {node for pair in upcoming.pairs for node in pair}
        done.append(SimulatedFabric(rest, sigma=0.0).result(upcoming, random.Random(seed)))
        assert len(done) < 60

    if size <= SMALL:
        tested = {test.pair for result in done for test in result.tests}
        assert tested >= set(combinations(rest, 2))
