"""Up to eight nodes with several NICs: a slow rail, port or path is named with its rail."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiconform.fabric import RoundResult, localise, next_round
from aiconform.fabric.localisation import Blamed, Localisation
from aiconform.fabric.simulation import Noise, SimulatedNetwork, make_network
from aiconform.fabric.simulation.faults import Fault, make_faults
from aiconform.fabric.simulation.outcome import keys_of
from aiconform.judge.blame import sentence_of

sizes = pytest.mark.parametrize("nodes", [2, 3, 4, 5, 8])


def network(nodes: int, *faults: Fault, rails: int = 4, sigma: float = 0.03) -> SimulatedNetwork:
    sound = make_network("rail-optimised", nodes, rails=rails)
    return replace(sound, faults=faults, noise=Noise(sigma, 0.005))


def rounds(tested: SimulatedNetwork, seed: int = 1) -> list[RoundResult]:
    rng, done = random.Random(seed), list[RoundResult]()
    while upcoming := next_round(tested.nodes, done, seed=seed, profile="standard"):
        done.append(tested.run(upcoming, rng))
        assert len(done) < 60
    return done


def found_in(tested: SimulatedNetwork, seed: int = 1) -> Localisation:
    return localise(tested.nodes, rounds(tested, seed))


def slow_rail(rail: int) -> Fault:
    return Fault("rail", ("rail", str(rail)), 0.6, rail=rail)


@sizes
@pytest.mark.parametrize("rails", [2, 4, 8])
def test_slow_rail_is_named_and_what_it_may_be_instead(nodes: int, rails: int) -> None:
    for seed in range(3):
        tested = replace(network(nodes, slow_rail(1), rails=rails), noise=Noise(0.03, 0))

        found = found_in(tested, seed)

        (blamed,) = found.blamed
        assert (blamed.kind, blamed.rail) == ("rail", 1)
        assert blamed.members == set(tested.nodes)
        assert {sample.rail for sample in blamed.low} == {1}
        ask = "the switch it hangs on" if nodes > 2 else "its switch or ports"
        assert sentence_of(blamed).startswith(f"rail 1 among all {nodes} nodes, or {ask}: ")
        assert found.suspects == ()


@pytest.mark.parametrize("nodes", [3, 4, 5, 8])
@pytest.mark.parametrize("sends", [True, False])
def test_port_on_one_rail_is_named_with_it(nodes: int, sends: bool) -> None:
    fault = Fault("one-way-nic", ("node", "n1"), 0.5, node="n1", rail=2, sends=sends)

    (blamed,) = found_in(network(nodes, fault)).blamed

    assert (blamed.kind, blamed.node, blamed.rail) == ("port", "n1", 2)
    assert blamed.direction == ("send" if sends else "receive")
    assert {sample.rail for sample in (*blamed.low, *blamed.clean)} == {2}
    assert all(len(s.test.rates(s.sender).by_rail) == 4 for s in blamed.low)


def test_nic_slow_both_ways_is_a_port_on_its_rail() -> None:
    fault = Fault("nic", ("node", "n1"), 0.5, node="n1", rail=2)

    (blamed,) = found_in(network(5, fault)).blamed

    assert (blamed.kind, blamed.node, blamed.rail, blamed.direction) == ("port", "n1", 2, None)
    assert sentence_of(blamed).startswith("n1 rail 2 in both directions: ")


def test_rail_and_port_on_another_are_both_named() -> None:
    fault = Fault("one-way-nic", ("node", "n1"), 0.5, node="n1", rail=2, sends=True)

    found = found_in(network(6, slow_rail(0), fault))

    assert [(b.kind, b.node, b.rail) for b in found.blamed] == [("rail", "", 0), ("port", "n1", 2)]


@sizes
def test_dead_node_is_no_rail(nodes: int) -> None:
    fault = Fault("dead", ("node", "n1"), 0.0, node="n1")

    found = found_in(network(nodes, fault))

    blamed = [(b.kind, b.node) for b in found.blamed]
    assert blamed == ([("node", "n1")] if nodes > 3 else blamed)
    assert not any(b.rail is not None for b in found.blamed)


@sizes
def test_sound_rails_blame_nobody(nodes: int) -> None:
    for seed in range(40):
        assert found_in(network(nodes, sigma=0.05), seed).blamed == (), seed


@settings(max_examples=25)
@given(st.integers(3, 8), st.integers(0, 1000), st.sampled_from(["rail", "one-way-nic", None]))
def test_other_order_of_rails_gives_the_same_blame(nodes: int, seed: int, kind: str | None) -> None:
    sound = network(nodes)
    faults = make_faults(kind, 1, sound.topology, 4, random.Random(seed)) if kind else ()
    done = rounds(replace(sound, faults=faults), seed)
    turned = [
        replace(
            result,
            tests=tuple(
                replace(
                    t,
                    forward=replace(t.rates(t.a), by_rail=t.rates(t.a).by_rail[::-1]),
                    backward=replace(t.rates(t.b), by_rail=t.rates(t.b).by_rail[::-1]),
                )
                for t in result.tests
            ),
        )
        for result in done
    ]

    def told(blamed: tuple[Blamed, ...], *, turn: bool) -> set[tuple[object, ...]]:
        return {
            (b.kind, b.node, b.direction, b.rail if b.rail is None or not turn else 3 - b.rail)
            for b in blamed
        }

    before, after = localise(sound.nodes, done), localise(sound.nodes, turned)

    assert told(after.blamed, turn=True) == told(before.blamed, turn=False)
    assert keys_of(before.blamed) <= {fault.name for fault in faults}


def test_fewer_tests_blame_no_rail() -> None:
    tested = network(3, slow_rail(1))
    done = rounds(tested)

    assert localise(tested.nodes, done[:1]).blamed == ()
    assert localise(tested.nodes, ()).blamed == ()
