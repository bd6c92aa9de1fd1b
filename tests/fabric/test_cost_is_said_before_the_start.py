"""Rounds, tests, traffic and minutes of the published plan, and of a study as it then runs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiconform.fabric import expected_cost, plan_cost
from aiconform.fabric.cost import folds_of
from tests.fabric.studied import network, run

# Leaves of 32 nodes, 8 rails of 50 GB/s, 10 s of traffic and 20 s in all for a test, no soak:
# nodes, rounds across leaves, rounds, tests, terabytes, minutes.
PUBLISHED = [
    (2, None, 2, 2, 16, 1.7),
    (3, None, 6, 6, 48, 3.0),
    (8, None, 14, 56, 448, 5.7),
    (32, None, 1, 16, 128, 1.3),
    (64, 6, 7, 224, 1_792, 3.3),
    (128, 6, 7, 448, 3_584, 3.3),
    (256, 7, 8, 1_024, 8_192, 3.7),
    (512, 15, 16, 4_096, 32_768, 6.3),
    (1024, 15, 16, 8_192, 65_536, 6.3),
    (2048, 15, 16, 16_384, 131_072, 6.3),
    (4096, 15, 16, 32_768, 262_144, 6.3),
    (8192, 15, 16, 65_536, 524_288, 6.3),
    (16384, 15, 16, 131_072, 1_048_576, 6.3),
]
# The same with folded rounds, which meet every pair of leaves: nodes, folds, rounds across.
FOLDED = [
    (64, 1, 6), (128, 1, 6), (256, 1, 7), (512, 2, 8), (1024, 4, 8), (2048, 8, 8), (4096, 16, 8),
    (8192, 16, 16), (16384, 16, 32),
]  # fmt: skip
# Meeting every pair of leaves without folding: nodes, rounds across, minutes.
UNFOLDED = [(64, 1, 1.7), (512, 15, 6.3), (1024, 31, 11.7), (4096, 127, 44), (16384, 511, 172)]


@pytest.mark.parametrize(("nodes", "across", "rounds", "tests", "terabytes", "minutes"), PUBLISHED)
def test_published_rows_are_reproduced(
    nodes: int, across: int | None, rounds: int, tests: int, terabytes: float, minutes: float
) -> None:
    cost = plan_cost(nodes, rounds_across=across)

    assert (cost.rounds, cost.pair_tests) == (rounds, tests)
    assert cost.terabytes == pytest.approx(terabytes)
    assert cost.minutes == pytest.approx(minutes, abs=0.05)


@pytest.mark.parametrize(("nodes", "fold", "across"), FOLDED)
def test_folding_makes_them_fewer(nodes: int, fold: int, across: int) -> None:
    assert folds_of(nodes) == fold
    assert plan_cost(nodes).leaf_rounds == across


@pytest.mark.parametrize(("nodes", "across", "minutes"), UNFOLDED)
def test_without_folding_it_takes_longer(nodes: int, across: int, minutes: float) -> None:
    assert plan_cost(nodes, rounds_across=across).minutes == pytest.approx(minutes, abs=0.6)


@settings(max_examples=25)
@given(st.integers(0, 6), st.integers(0, 100), st.sampled_from(["quick", "standard", "thorough"]))
def test_cost_is_that_of_a_clean_study(leaf_count: int, seed: int, profile: str) -> None:
    tested = network(16 * (leaf_count + 1), "leaf-spine", seed=seed, spoilt=0.0, sigma=0.01)

    done = run(tested, seed=seed, profile=profile)
    common = [result for result in done if result.round.purpose in {"matching", "soak", "leaf"}]
    cost = expected_cost(
        len(tested.nodes),
        profile=profile,
        seconds_per_direction=2.0,
        rate_gbit_per_s=8.0,
        topology=tested.topology,
    )

    assert cost.rounds == len(common)
    # With an odd number of leaves one has a bye in each round, or a slice of it has.
    assert cost.pair_tests >= sum(len(result.tests) for result in common)
    assert cost.seconds <= 7 * cost.rounds
    assert cost.bytes <= cost.pair_tests * 4 * 10**9
