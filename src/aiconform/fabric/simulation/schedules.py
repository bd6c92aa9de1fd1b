"""Our plan and the known ones, each on the same simulated network."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aiconform.fabric.localise import localise
from aiconform.fabric.located import located
from aiconform.fabric.rounds import SMALL, RoundResult
from aiconform.fabric.schedule import next_round
from aiconform.fabric.simulation.bisection import bisection
from aiconform.fabric.simulation.network import SimulatedNetwork
from aiconform.fabric.simulation.others import (
    all_pairs,
    fast_with_slow,
    mesh_groups,
    reference,
    suspects_with_good,
)
from aiconform.fabric.simulation.outcome import (
    BRIEF_S,
    GROUP_S,
    PAIR_S,
    TRAFFIC_S,
    Outcome,
    keys_of,
)
from aiconform.fabric.study import BRIEF, Study, can_study

Run = Callable[[SimulatedNetwork, int], Outcome]


@dataclass(frozen=True)
class Schedule:
    """A way to test and to judge; `about` says how, for people."""

    about: str
    run: Run


def ours(network: SimulatedNetwork, seed: int) -> Outcome:
    """This project's plan, standard profile, with one collective at the end."""
    told = network.is_told and can_study(network.topology, network.nodes)
    if told and len(network.nodes) > SMALL:
        return _ours_told(network, seed)
    rng, done = random.Random(seed), list[RoundResult]()
    while upcoming := next_round(network.nodes, done, seed=seed, profile="standard"):
        done.append(network.run(upcoming, rng))
    found = localise(network.nodes, done)
    return _outcome(network, done, keys_of(found.blamed))


def _ours_told(network: SimulatedNetwork, seed: int) -> Outcome:
    rng, done = random.Random(seed), list[RoundResult]()
    study = Study(network.nodes, network.topology, seed=seed, profile="standard")
    named_after: list[frozenset[object]] = []
    while upcoming := study.next_round(network.nodes):
        done.append(network.run(upcoming, rng))
        study.add(done[-1])
        named_after.append(study.named)
    found = located(study, done)
    last = named_after[-1] if named_after else frozenset()
    first = next((n for n, named in enumerate(named_after, 1) if last <= named), None)
    return _outcome(network, done, keys_of(found.blamed), named_round=first if last else None)


def _outcome(
    network: SimulatedNetwork,
    done: Sequence[RoundResult],
    blamed: frozenset[tuple[str, ...]],
    *,
    named_round: int | None = None,
) -> Outcome:
    named = named_round or len(done)
    seconds = [BRIEF_S if result.round.purpose in BRIEF else PAIR_S for result in done]
    tests = [len(result.tests) for result in done]
    # A brief test fills the links for less of its time.
    full_s = [TRAFFIC_S * (each / PAIR_S) for each in seconds]
    rate = network.rails * 2 * 400 / 8
    return Outcome(
        blamed=blamed,
        rounds=len(done),
        pair_tests=sum(tests),
        seconds=sum(seconds) + GROUP_S,
        gigabytes=sum(n * s * rate for n, s in zip(tests, full_s, strict=True)),
        named_round=named,
        named_seconds=sum(seconds[:named]) if named_round else sum(seconds) + GROUP_S,
    )


SCHEDULES: Mapping[str, Schedule] = {
    "ours": Schedule("matchings in leaves, folded leaf rounds, a sequential test of doubts", ours),
    "all-pairs": Schedule("the circle over all nodes, judged by each node's median", all_pairs),
    "suspects-with-good": Schedule(
        "two random matchings, suspects of the first with good nodes in the second (CHS)",
        suspects_with_good,
    ),
    "fast-with-slow": Schedule(
        "two random matchings, the slow half with the fast half in the second (dlrover)",
        fast_with_slow,
    ),
    "bisection": Schedule("one collective, halved where it fails, with domains", bisection),
    "reference": Schedule("one reference node against each, in turn", reference),
    "mesh": Schedule("all pairs within random groups of 8", mesh_groups),
}
