"""Who meets whom next, and which link is at fault: pure, deterministic, seeded."""

from aiconform.fabric.cost import (
    SETUP_S,
    FabricCost,
    PairCost,
    PlanCost,
    expected_cost,
    plan_cost,
    seconds_of_test,
)
from aiconform.fabric.localisation import Blamed, Link, LinkState, Localisation
from aiconform.fabric.localise import localise
from aiconform.fabric.rounds import (
    SMALL,
    Pair,
    PairTest,
    Rates,
    Round,
    RoundResult,
    pair_of,
    planned_pairs,
)
from aiconform.fabric.schedule import next_round, rounds_left
from aiconform.fabric.study import can_study
from aiconform.fabric.topology import Topology

__all__ = [
    "SETUP_S",
    "SMALL",
    "Blamed",
    "FabricCost",
    "Link",
    "LinkState",
    "Localisation",
    "Pair",
    "PairCost",
    "PairTest",
    "PlanCost",
    "Rates",
    "Round",
    "RoundResult",
    "Topology",
    "can_study",
    "expected_cost",
    "localise",
    "next_round",
    "pair_of",
    "plan_cost",
    "planned_pairs",
    "rounds_left",
    "seconds_of_test",
]
