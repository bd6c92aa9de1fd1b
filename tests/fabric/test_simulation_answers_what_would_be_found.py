"""Ways of testing are compared on one simulated network; the published figures are reproduced."""

import random
from dataclasses import replace

import pytest

from aiconform.fabric.rounds import PairTest, Round
from aiconform.fabric.simulation import KINDS, SCHEDULES, TOPOLOGIES, Noise, Question, run_trials
from aiconform.fabric.simulation.faults import make_faults
from aiconform.fabric.simulation.network import PORT_GBIT_PER_S, make_network
from aiconform.fabric.simulation.torus import torus_shares
from tests.fabric.studied import network


def ask(
    nodes: int, schedule: str = "ours", *, trials: int = 6, **question: object
) -> tuple[float | None, float | None]:
    asked = Question(nodes=nodes, schedule=schedule, **question)  # type: ignore[arg-type]
    metrics = run_trials(asked, trials=trials, seed=1)
    return metrics.precision, metrics.recall


@pytest.mark.parametrize("schedule", sorted(SCHEDULES))
@pytest.mark.parametrize("kind", [None, "dead", "leaf-pair"])
def test_every_schedule_gives_an_answer_and_its_price(schedule: str, kind: str | None) -> None:
    asked = Question(nodes=40, schedule=schedule, topology="rail-optimised", kind=kind, unit=8)

    metrics = run_trials(asked, trials=2, seed=3)

    assert metrics == run_trials(asked, trials=2, seed=3)
    assert metrics.trials == 2
    assert 0 < metrics.rounds <= metrics.rounds_in_all
    assert 0 < metrics.minutes_to_name <= metrics.minutes
    assert metrics.pair_tests > 0
    assert metrics.gigabytes > 0
    assert (metrics.recall is None) == (kind is None)


@pytest.mark.parametrize("topology", sorted(TOPOLOGIES))
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_fault_can_be_planted_and_makes_something_slower(topology: str, kind: str) -> None:
    asked = Question(nodes=40, topology=topology, kind=kind, unit=8, rails=2, noise=Noise(0, 0))
    if topology == "torus" and kind in {"uplink", "leaf-pair", "domain"}:
        assert "leaves or more" in asked.problem
        return
    tested = asked.network(seed=5)
    sound = replace(tested, faults=())

    assert asked.problem == ""
    assert tested.faults
    if kind in {"intermittent", "intermittent-nic", "uplink"} or tested.is_torus:
        return  # these show in some tests only
    fault = tested.faults[0]
    # A pair that meets every kind of fault.
    partner = next(
        n
        for n in tested.nodes
        if n not in {fault.node, fault.peer}
        and (not fault.peer_unit or tested.topology.unit_of[n] == fault.peer_unit)
        and (kind != "domain" or tested.topology.unit_of[n] == fault.unit)
    )
    node = fault.node or tested.topology.units[fault.unit or tested.topology.unit_of[partner]][-1]
    pair = (node, fault.peer or partner)
    asked_round = Round(0, "matching", ((min(pair), max(pair)),))
    ill, well = (n.run(asked_round, random.Random(1)).tests[0] for n in (tested, sound))
    assert least(ill) < least(well) or ill.outcome == "failed"


def least(test: PairTest) -> float:
    return min(*test.rates(test.a).by_rail, *test.rates(test.b).by_rail)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"topology": "leaf-spine", "kind": "uplink"}, "3 leaves"),
        ({"topology": "leaf-spine", "kind": "rail"}, "2 rails"),
        ({"topology": "leaf-spine", "kind": "lossy-link", "unit": 1}, "two nodes"),
        ({"topology": "leaf-spine", "kind": "mixed"}, ""),
        ({"topology": "leaf-spine"}, ""),
    ],
)
def test_what_cannot_be_asked_is_said(question: dict[str, object], said: str) -> None:
    problem = Question(nodes=40, **question).problem  # type: ignore[arg-type]

    assert said in problem
    assert bool(problem) == bool(said)


# Published with the plan, 64 nodes, hashed paths: who finds what, as precision and recall.
@pytest.mark.parametrize(
    ("schedule", "kind", "least_precision", "recall"),
    [
        ("ours", "dead", 0.99, (0.99, 1.0)),
        ("ours", "one-way-nic", 0.95, (0.99, 1.0)),
        ("ours", "lossy", 0.95, (0.99, 1.0)),
        ("ours", "leaf-rail", 0.99, (0.99, 1.0)),
        ("ours", "rail", 0.99, (0.99, 1.0)),
        ("ours", "uplink", 0.95, (0.9, 1.0)),
        ("ours", "leaf-pair", 0.95, (0.9, 1.0)),
        ("all-pairs", "dead", 0.99, (0.99, 1.0)),
        ("all-pairs", "one-way-nic", 0.9, (0.99, 1.0)),
        ("bisection", "dead", 0.99, (0.99, 1.0)),
        ("bisection", "one-way-nic", 0.99, (0.99, 1.0)),
        ("bisection", "intermittent", None, (0.0, 0.2)),
        ("bisection", "uplink", None, (0.0, 0.3)),
        ("suspects-with-good", "leaf-pair", None, (0.0, 0.0)),
        ("suspects-with-good", "intermittent", None, (0.0, 0.3)),
        ("fast-with-slow", "leaf-rail", None, (0.0, 0.0)),
        ("fast-with-slow", "intermittent", None, (0.0, 0.3)),
        ("reference", "leaf-pair", None, (0.0, 0.0)),
    ],
)
def test_published_figures_are_reproduced(
    schedule: str, kind: str, least_precision: float | None, recall: tuple[float, float]
) -> None:
    found = ask(64, schedule, trials=12, topology="rail-optimised", kind=kind, unit=16)

    precision, reached = found
    assert reached is not None
    assert recall[0] <= reached <= recall[1]
    if least_precision is not None:
        assert precision is not None
        assert precision >= least_precision


def test_folded_rounds_find_every_leaf_pair_among_many_leaves() -> None:
    found = ask(1024, trials=3, topology="rail-optimised", kind="leaf-pair")

    assert found == (1.0, 1.0)


@pytest.mark.parametrize("oversubscription", [1.0, 2.0, 4.0])
def test_oversubscription_hides_no_port(oversubscription: float) -> None:
    precision, recall = ask(
        64, topology="rail-optimised", kind="one-way-nic", oversubscription=oversubscription
    )

    assert recall == 1.0
    assert precision is not None
    assert precision >= 0.85  # one innocent in six runs, at most


def test_several_one_way_ports_are_all_named() -> None:
    assert ask(256, trials=3, topology="rail-optimised", kind="one-way-nic", faults=5) == (1, 1)


def test_five_dead_nodes_of_232_are_named_in_four_rounds() -> None:
    metrics = run_trials(Question(nodes=232, kind="dead", faults=5), trials=10, seed=1)

    assert (metrics.precision, metrics.recall) == (1.0, 1.0)
    assert metrics.rounds <= 4
    assert metrics.minutes < 10


def test_flows_spread_evenly_do_not_collide() -> None:
    tested = replace(network(32, "leaf-spine", sigma=0, spoilt=0), adaptive=True)
    pairs = tuple(zip(tested.nodes[:16], tested.nodes[16:], strict=True))

    done = tested.run(Round(0, "leaf", pairs), random.Random(1))

    assert {least(test) for test in done.tests} == {PORT_GBIT_PER_S}


def test_links_of_a_torus_are_shared() -> None:
    nodes = [f"n{number:02}" for number in range(64)]

    alone = torus_shares([("n00", "n01")], nodes)
    shared = torus_shares([("n00", "n02"), ("n01", "n03")], nodes)

    assert alone == {("n00", "n01"): 1.0}
    assert set(shared.values()) == {0.5}


def test_no_fault_is_planted_twice() -> None:
    sound = make_network("leaf-spine", 6, unit=3)

    faults = make_faults("dead", 100, sound.topology, 1, random.Random(1))

    assert len(faults) == len({fault.name for fault in faults}) == 6


def test_progress_is_told_after_each_trial() -> None:
    told: list[int] = []

    run_trials(Question(nodes=9), trials=3, seed=1, on_trial=told.append)

    assert told == [1, 2, 3]
