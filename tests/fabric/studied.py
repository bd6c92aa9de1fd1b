"""Runs of large networks whose switches are known, for tests: simulated, with planted faults."""

import random
from collections.abc import Callable
from dataclasses import replace

from aiconform.fabric import Localisation, RoundResult, localise
from aiconform.fabric.simulation.faults import Fault, Key, make_faults
from aiconform.fabric.simulation.network import Noise, SimulatedNetwork, make_network
from aiconform.fabric.simulation.outcome import keys_of
from aiconform.fabric.study import Study

NEVER_ENDS = 120
Change = Callable[[RoundResult], RoundResult]


def network(
    nodes: int = 64,
    topology: str = "rail-optimised",
    *,
    kind: str | None = None,
    faults: int = 1,
    seed: int = 1,
    unit: int = 16,
    sigma: float = 0.03,
    spoilt: float = 0.005,
) -> SimulatedNetwork:
    """A network, sound or with so many faults of a kind."""
    sound = make_network(topology, nodes, unit=unit)
    planted: tuple[Fault, ...] = ()
    if kind:
        planted = make_faults(kind, faults, sound.topology, sound.rails, random.Random(seed))
    return replace(sound, faults=planted, noise=Noise(sigma, spoilt))


def run(
    tested: SimulatedNetwork,
    *,
    seed: int = 1,
    profile: str = "standard",
    alive: Callable[[int], tuple[str, ...]] | None = None,
    change: Change = lambda result: result,
) -> tuple[RoundResult, ...]:
    """
    Every round that a study asks for.

    Args:
        alive: Round number → nodes that can be tested then.
        change: What becomes of each result on its way.
    """
    rng = random.Random(seed)
    study = Study(tested.nodes, tested.topology, seed=seed, profile=profile)
    done: list[RoundResult] = []
    able = alive or (lambda number: tested.nodes)
    while upcoming := study.next_round(able(len(done))):
        done.append(change(tested.run(upcoming, rng)))
        study.add(done[-1])
        assert len(done) < NEVER_ENDS
    return tuple(done)


def found_in(tested: SimulatedNetwork, done: tuple[RoundResult, ...]) -> Localisation:
    return localise(tested.nodes, done, topology=tested.topology)


def blamed_in(tested: SimulatedNetwork, done: tuple[RoundResult, ...]) -> frozenset[Key]:
    return keys_of(found_in(tested, done).blamed)


def planted_in(tested: SimulatedNetwork) -> frozenset[Key]:
    return frozenset(fault.name for fault in tested.faults)
