"""What the rounds will take, in time and bytes, before the first one begins."""

from dataclasses import dataclass

from aiconform.fabric.pairing import circle_length
from aiconform.fabric.rounds import SMALL
from aiconform.fabric.schedule import REPEATS, base_purposes

SETUP_S = 3.0  # meeting, latency, and a pause after each round


@dataclass(frozen=True)
class FabricCost:
    """Of a cluster in which nothing is wrong; each suspect adds a few rounds of few pairs."""

    rounds: int
    pair_tests: int
    seconds: float
    bytes: int


def expected_cost(
    node_count: int, *, profile: str, seconds_per_direction: float, rate_gbit_per_s: float
) -> FabricCost:
    """
    Count rounds, tests, seconds and bytes.

    Args:
        rate_gbit_per_s: What one direction of one pair is expected to carry.
    """
    rounds = _rounds(node_count, profile=profile)
    pair_tests = rounds * (node_count // 2)
    traffic_s = 2 * seconds_per_direction
    return FabricCost(
        rounds=rounds,
        pair_tests=pair_tests,
        seconds=rounds * (traffic_s + SETUP_S),
        bytes=int(pair_tests * traffic_s * rate_gbit_per_s * 1e9 / 8),
    )


def _rounds(node_count: int, *, profile: str) -> int:
    if node_count <= SMALL:
        return REPEATS * circle_length(node_count)
    return len(base_purposes(profile))
