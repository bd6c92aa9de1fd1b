"""With switches known, a round of ten thousand nodes is planned in a moment, all judged in two."""

import random
import time

from aiconform.fabric import RoundResult, localise
from aiconform.fabric.study import Study
from tests.fabric.studied import network

PLAN_S, LOCALISE_S = 0.2, 2.0
SLACK = 4  # shared and busy cores, coverage measured; about a quarter of the limits on free ones


def test_ten_thousand_nodes_with_faults() -> None:
    tested = network(10_000, "leaf-spine", kind="dead", faults=5, unit=32)
    study = Study(tested.nodes, tested.topology, seed=1, profile="quick")
    rng, done, planning = random.Random(1), list[RoundResult](), list[float]()

    while True:
        began = time.perf_counter()
        upcoming = study.next_round(tested.nodes)
        planning.append(time.perf_counter() - began)
        if upcoming is None:
            break
        done.append(tested.run(upcoming, rng))
        study.add(done[-1])
    began = time.perf_counter()
    found = localise(tested.nodes, done, topology=tested.topology)
    localised_s = time.perf_counter() - began

    assert {b.node for b in found.blamed} == {fault.node for fault in tested.faults}
    assert sorted(planning)[len(planning) // 2] < PLAN_S * SLACK
    assert localised_s < LOCALISE_S * SLACK
