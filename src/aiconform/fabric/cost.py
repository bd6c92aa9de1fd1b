"""What the rounds will take, in time and bytes, before the first one begins."""

from dataclasses import dataclass

from aiconform.fabric.folding import folds, leaf_rounds
from aiconform.fabric.pairing import circle_length
from aiconform.fabric.rounds import SMALL
from aiconform.fabric.schedule import REPEATS, base_purposes
from aiconform.fabric.study import BRIEF, Course, can_study
from aiconform.fabric.topology import Topology

SETUP_S = 3.0  # meeting, latency, and a pause after each round
BRIEF_PART = 0.4  # of its traffic is enough for a test that only asks "low or not"


@dataclass(frozen=True)
class FabricCost:
    """Of a cluster in which nothing is wrong; each suspect adds a few rounds of few pairs."""

    rounds: int
    pair_tests: int
    seconds: float
    bytes: int


@dataclass(frozen=True)
class PairCost:
    """
    One test of one pair over accelerators, all rails at once; the figures of the published plan.

    `traffic_s`: how long its links are full. `group_s`: one collective over everybody, at the end.
    """

    rails: int = 8
    gbyte_per_s: float = 50.0  # of a rail and direction
    traffic_s: float = 10.0
    test_s: float = 20.0
    group_s: float = 60.0

    @property
    def terabytes(self) -> float:
        return 2 * self.rails * self.gbyte_per_s * self.traffic_s / 1000


@dataclass(frozen=True)
class PlanCost:
    """What a clean run takes; `leaf_rounds` are part of `rounds`."""

    leaf_rounds: int
    rounds: int
    pair_tests: int
    terabytes: float
    minutes: float


def expected_cost(
    node_count: int,
    *,
    profile: str,
    seconds_per_direction: float,
    rate_gbit_per_s: float,
    topology: Topology | None = None,
) -> FabricCost:
    """
    Count rounds, tests, seconds and bytes.

    Args:
        rate_gbit_per_s: What one direction of one pair is expected to carry.
        topology: Which nodes share switches, when that is known.
    """
    if topology is not None and not can_study(topology, topology.leaves):
        topology = None
    purposes = _purposes(node_count, profile=profile, topology=topology)
    told = topology is not None
    traffic = [_traffic_s(purpose, seconds_per_direction, told=told) for purpose in purposes]
    pair_tests = len(purposes) * (node_count // 2)
    return FabricCost(
        rounds=len(purposes),
        pair_tests=pair_tests,
        seconds=sum(traffic) + len(purposes) * SETUP_S,
        bytes=int(sum(traffic) * (node_count // 2) * rate_gbit_per_s * 1e9 / 8),
    )


def seconds_of_test(purpose: str, seconds: float, *, told: bool) -> float:
    """
    Seconds of one direction of a test in a round.

    Args:
        seconds: Of a test in a round for everybody.
        told: Are the switches known? Only then are there rounds that need less.
    """
    return seconds * BRIEF_PART if told and purpose in BRIEF else seconds


def plan_cost(
    node_count: int,
    *,
    unit: int = 32,
    soak: int = 0,
    rounds_across: int | None = None,
    pair: PairCost | None = None,
) -> PlanCost:
    """
    The cost of the plan on a network of equal leaves, nothing being wrong.

    Args:
        unit: Nodes of a leaf.
        rounds_across: Rounds across leaves; None: folded, so that every pair of leaves meets.
    """
    pair = pair or PairCost()
    units = -(-node_count // unit)
    across = (
        leaf_rounds(units, unit, profile="standard") if rounds_across is None else rounds_across
    )
    if node_count <= SMALL:
        across, rounds = 0, REPEATS * circle_length(node_count)
    else:
        rounds = 1 + soak + across
    tests = rounds * (node_count // 2)
    return PlanCost(
        leaf_rounds=across,
        rounds=rounds,
        pair_tests=tests,
        terabytes=tests * pair.terabytes,
        minutes=(rounds * pair.test_s + pair.group_s) / 60,
    )


def folds_of(node_count: int, *, unit: int = 32) -> int:
    """Into how many slices the leaves of such a network are cut."""
    return folds(-(-node_count // unit), unit)


def _purposes(node_count: int, *, profile: str, topology: Topology | None) -> tuple[str, ...]:
    if node_count <= SMALL:
        return ("circle",) * (REPEATS * circle_length(node_count))
    return Course.of(topology, profile=profile).purposes if topology else base_purposes(profile)


def _traffic_s(purpose: str, seconds: float, *, told: bool) -> float:
    return 2 * seconds_of_test(purpose, seconds, told=told)
