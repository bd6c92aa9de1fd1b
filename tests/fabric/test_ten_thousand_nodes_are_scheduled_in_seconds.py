"""The schedule of a very large cluster takes seconds, not the run's time."""

import time

from aiconform.fabric import localise
from tests.fabric.simulated import SimulatedFabric
from tests.support.journals import names

LIMIT_S = 30.0  # two busy shared cores; about 8 s on one that is free


def test_ten_thousand_nodes_with_one_fault() -> None:
    nodes = names(10_000)
    started = time.monotonic()

    done = SimulatedFabric(nodes, slow={("node00300", "send"): 2.0}).run(profile="quick")
    found = localise(nodes, done)

    assert time.monotonic() - started < LIMIT_S
    assert [(b.node, b.direction) for b in found.blamed] == [("node00300", "send")]
    assert len(done) <= 12
