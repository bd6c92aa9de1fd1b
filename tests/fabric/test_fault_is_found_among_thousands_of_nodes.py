"""Faults among thousands of nodes are named, in few rounds; `make bench-fabric` times it."""

from aiconform.fabric import localise
from tests.fabric.simulated import SimulatedFabric
from tests.fabric.studied import blamed_in, network, planted_in, run
from tests.support.journals import names


def test_dead_nodes_behind_known_switches() -> None:
    tested = network(10_000, "leaf-spine", kind="dead", faults=5, unit=32)

    assert blamed_in(tested, run(tested, profile="quick")) == planted_in(tested)


def test_slow_sender_without_known_switches() -> None:
    nodes = names(4_000)

    done = SimulatedFabric(nodes, slow={(nodes[300], "send"): 2.0}).run(profile="quick")

    assert [(b.node, b.direction) for b in localise(nodes, done).blamed] == [(nodes[300], "send")]
    assert len(done) <= 12
