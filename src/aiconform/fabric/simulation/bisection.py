"""
Collectives that are halved where they fail, as NVIDIA's cluster readiness engine does.

A collective goes at the rate of its slowest part and is judged by an absolute line. As a ring it
crosses from a leaf to the next one only, so it meets few of the paths between leaves.
"""

import random
from collections.abc import Sequence
from itertools import pairwise

from aiconform.fabric.group import Group, Trial, group_verdict, next_groups
from aiconform.fabric.simulation.faults import Key
from aiconform.fabric.simulation.network import FLOWS, SimulatedNetwork
from aiconform.fabric.simulation.outcome import GROUP_S, TRAFFIC_S, Outcome

LINE = 0.80  # of what is expected
MOST_STEPS = 200


def bisection(network: SimulatedNetwork, seed: int) -> Outcome:
    """Halve along the topology, halves side by side, until single nodes or cuts are left."""
    rng, order = random.Random(seed), network.nodes
    trials: list[Trial] = []
    steps = 0
    # Who is proven is known only from groups that passed.
    while steps < MOST_STEPS:
        proven = tuple(sorted({n for trial in trials if trial.ok for n in trial.nodes}))
        groups = next_groups(order, trials, proven=proven)
        if not groups:
            break
        trials += [Trial(group, _passes(network, group, rng)) for group in groups]
        steps += 1
    proven = tuple(sorted({n for trial in trials if trial.ok for n in trial.nodes}))
    verdict = group_verdict(order, trials, proven=proven)
    blamed: set[Key] = {("node", node) for node in verdict.nodes}
    unit_of = network.topology.unit_of
    for one, other in verdict.cuts:
        # What breaks between two halves is the path between the leaves on either side.
        leaves = sorted({unit_of[one[-1]], unit_of[other[0]]})
        blamed.add(("leaf_pair", *leaves) if len(leaves) > 1 else ("pair", one[-1], other[0]))
    gigabytes = sum(len(t.nodes) for t in trials) * network.rails * TRAFFIC_S * 50
    return Outcome(
        _as_switches(network, frozenset(blamed)), steps, len(trials), steps * GROUP_S, gigabytes
    )


def _as_switches(network: SimulatedNetwork, blamed: frozenset[Key]) -> frozenset[Key]:
    """A leaf of which more than half of the nodes is blamed is told as its switch."""
    found = set(blamed)
    for unit, nodes in network.topology.units.items():
        own = {("node", node) for node in nodes} & found
        if len(nodes) > 2 and 2 * len(own) > len(nodes):
            rails = {f.rail or 0 for f in network.switches if f.unit == unit} or {0}
            found -= own
            found |= {("switch", unit, str(rail)) for rail in rails}
    return frozenset(found)


def _passes(network: SimulatedNetwork, group: Group, rng: random.Random) -> bool:
    """Does a collective over these nodes reach the line?"""
    rate = rng.gauss(1.0, network.noise.sigma)
    rate = min([rate, *_node_limits(network, group, rng)])
    units = list(dict.fromkeys(network.topology.unit_of[node] for node in group))
    rate = min([rate, *_leaf_limits(network, units, rng)])
    return rate >= LINE


def _node_limits(network: SimulatedNetwork, group: Group, rng: random.Random) -> Sequence[float]:
    if not network.faults:
        return ()
    return [
        fault.strength(rng)
        for node in group
        if node in network.by_node
        for fault in network.by_node[node]
    ] + [
        fault.factor
        for pair, fault in network.by_pair.items()
        if any({*pair} == {*two} for two in pairwise(group))
    ]


def _leaf_limits(
    network: SimulatedNetwork, units: Sequence[str], rng: random.Random
) -> Sequence[float]:
    there = set(units)
    limits = [f.factor for f in network.switches if not f.unit or f.unit in there]
    ring = {tuple(sorted(two)) for two in pairwise([*units, units[0]]) if two[0] != two[1]}
    limits += [f.factor for pair, f in network.by_leaves.items() if pair in ring]
    if len(units) > 1:
        # One node of a leaf sends to the next leaf: few flows, so an uplink is rarely met.
        spines = max(1, round(len(network.topology.units[units[0]]) / network.oversubscription))
        met = 1 - (1 - 1 / spines) ** (2 * FLOWS)
        limits += [
            f.factor
            for (unit, _), f in network.uplinks.items()
            if unit in there and rng.random() < met
        ]
    return limits
