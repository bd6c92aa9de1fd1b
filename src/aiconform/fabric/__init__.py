"""Who meets whom next, and which link is at fault: pure, deterministic, seeded."""

from aiconform.fabric.cost import FabricCost, expected_cost
from aiconform.fabric.localisation import Blamed, Link, LinkState, Localisation
from aiconform.fabric.localise import localise
from aiconform.fabric.rounds import (
    SMALL,
    Pair,
    PairTest,
    Round,
    RoundResult,
    pair_of,
    planned_pairs,
)
from aiconform.fabric.schedule import next_round

__all__ = [
    "SMALL",
    "Blamed",
    "FabricCost",
    "Link",
    "LinkState",
    "Localisation",
    "Pair",
    "PairTest",
    "Round",
    "RoundResult",
    "expected_cost",
    "localise",
    "next_round",
    "pair_of",
    "planned_pairs",
]
