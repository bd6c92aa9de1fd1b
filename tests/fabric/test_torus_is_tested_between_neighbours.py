"""In a torus neighbours are tested, each link alone, and links are named with their axis."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiconform.fabric import Topology, can_study, localise
from aiconform.fabric.simulation import Noise, SimulatedNetwork, make_network
from aiconform.fabric.simulation.faults import Fault, make_faults
from aiconform.fabric.simulation.torus import torus_shares
from aiconform.fabric.torus import Torus
from aiconform.judge.blame import sentence_of
from tests.fabric.studied import blamed_in, found_in, planted_in, run

sides = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6))


def torus(
    nodes: int = 64, *, kind: str | None = None, faults: int = 1, seed: int = 1
) -> SimulatedNetwork:
    sound = make_network("torus", nodes)
    planted: tuple[Fault, ...] = ()
    if kind:
        planted = make_faults(kind, faults, sound.topology, 1, random.Random(seed))
    return replace(sound, faults=planted, noise=Noise(0.03, 0.005))


def grid(size: tuple[int, int, int], rings: tuple[int, int, int]) -> Torus:
    x, y, z = size
    return Torus(
        {f"n{i}-{j}-{k}": (i, j, k) for i in range(x) for j in range(y) for k in range(z)}, rings
    )


@given(sides, st.booleans())
def test_rounds_are_disjoint_and_bring_each_link_once(
    size: tuple[int, int, int], closed: bool
) -> None:
    asked = grid(size, size if closed else (0, 0, 0))
    links = Counter(pair for pairs in asked.rounds for pair in pairs)

    for pairs in asked.rounds:
        met = [node for pair in pairs for node in pair]
        assert len(met) == len(set(met))
    assert set(links.values()) <= {1}
    # A line of n places has n-1 links; a ring has one more, but for rings of one and two.
    lines = [n if closed and n > 2 else n - 1 for n in size]
    nodes = size[0] * size[1] * size[2]
    assert len(links) == sum(nodes // n * count for n, count in zip(size, lines, strict=True))
    assert len(asked.rounds) <= 9


@given(sides, st.data())
def test_neighbours_differ_by_one_place_on_their_axis(
    size: tuple[int, int, int], data: st.DataObject
) -> None:
    asked = grid(size, size)
    a = data.draw(st.sampled_from(sorted(asked.places)))

    for b in asked.neighbours(a):
        axis = asked.axis_of(a, b)
        assert axis == asked.axis_of(b, a) is not None
        place = "xyz".index(axis or "")
        steps = [one - two for one, two in zip(asked.places[a], asked.places[b], strict=True)]
        assert [bool(step) for step in steps] == [n == place for n in range(3)]
        assert steps[place] % size[place] in {1, size[place] - 1}
    assert a not in asked.neighbours(a)
    assert asked.axis_of(a, a) is None
    assert asked.neighbours("unknown") == ()


def test_no_round_shares_a_link() -> None:
    tested = torus(216)
    known = tested.topology.torus
    assert known is not None

    for pairs in known.rounds:
        assert set(torus_shares(pairs, tested.nodes).values()) == {1.0}


def test_weak_link_slows_whoever_passes_it() -> None:
    nodes = [f"n{number:02}" for number in range(64)]

    shares = torus_shares([("n00", "n02"), ("n20", "n21")], nodes, {("n01", "n02"): 0.3})

    assert shares == {("n00", "n02"): 0.3, ("n20", "n21"): 1.0}


@pytest.mark.parametrize("kind", ["dead", "one-way-nic", "lossy", "straggler", "lossy-link"])
@pytest.mark.parametrize("nodes", [27, 64, 232])
def test_constant_faults_are_named_alone(kind: str, nodes: int) -> None:
    for seed in range(3):
        tested = torus(nodes, kind=kind, seed=seed)

        assert blamed_in(tested, run(tested, seed=seed)) == planted_in(tested), seed


def test_clean_torus_blames_nobody() -> None:
    for seed in range(40):
        tested = torus(64, seed=seed)

        assert blamed_in(tested, run(tested, seed=seed)) == frozenset(), seed


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_link_is_named_with_its_axis(axis: str) -> None:
    sound = torus()
    known = sound.topology.torus
    assert known is not None
    a, b = next(p for pairs in known.rounds for p in pairs if known.axis_of(*p) == axis)
    fault = Fault("lossy-link", ("pair", a, b), 0.3, node=a, peer=b)
    tested = replace(sound, faults=(fault,))

    (blamed,) = found_in(tested, run(tested)).blamed

    assert (blamed.kind, blamed.node, blamed.peer, blamed.axis) == ("pair", a, b, axis)
    assert sentence_of(blamed).startswith(f"the link along {axis} between {a} and {b}: ")


def test_port_of_a_node_is_named_with_its_direction() -> None:
    fault = Fault("one-way-nic", ("node", "n21"), 0.5, node="n21", rail=0, sends=False)
    tested = replace(torus(), faults=(fault,))

    (blamed,) = found_in(tested, run(tested)).blamed

    assert (blamed.kind, blamed.node, blamed.direction) == ("port", "n21", "receive")


def test_node_that_is_ill_now_and_then_is_found_mostly() -> None:
    right = wrong = 0
    for seed in range(20):
        tested = torus(64, kind="intermittent", seed=seed)
        blamed = blamed_in(tested, run(tested, seed=seed))
        right += len(blamed & planted_in(tested))
        wrong += len(blamed - planted_in(tested))

    assert right >= 15
    assert wrong <= 1


@settings(max_examples=20)
@given(st.integers(24, 80), st.integers(0, 1000), st.sampled_from(["quick", "standard"]))
def test_every_node_is_tested_with_neighbours_only(size: int, seed: int, profile: str) -> None:
    tested = torus(size, kind="dead", seed=seed)

    done = run(tested, seed=seed, profile=profile)

    met = {node for result in done for pair in result.round.pairs for node in pair}
    assert met == set(tested.nodes)
    for result in done:
        names = [node for pair in result.round.pairs for node in pair]
        assert len(names) == len(set(names))
        if result.round.purpose != "chase":
            assert all(tested.topology.is_inside(*pair) for pair in result.round.pairs)
    assert run(tested, seed=seed, profile=profile) == done


@settings(max_examples=15)
@given(st.integers(0, 1000), st.sampled_from(["dead", "straggler", "lossy-link"]))
def test_other_names_of_nodes_give_the_same_blame(seed: int, kind: str) -> None:
    tested = torus(64, kind=kind, seed=seed)
    done = run(tested, seed=seed)
    names = {node: f"x{node}" for node in tested.nodes}
    again = [
        replace(
            r,
            round=replace(r.round, pairs=tuple((names[a], names[b]) for a, b in r.round.pairs)),
            tests=tuple(replace(t, a=names[t.a], b=names[t.b]) for t in r.tests),
        )
        for r in done
    ]
    known = tested.topology.torus
    assert known is not None
    places = {names[node]: place for node, place in known.places.items()}
    topology = Topology(dict.fromkeys(places, ("torus",)), "", Torus(places, known.rings))

    blamed = localise(names.values(), again, topology=topology).blamed

    expected = found_in(tested, done).blamed
    assert {(b.node, b.peer) for b in blamed} == {
        (names[b.node], names.get(b.peer or "")) for b in expected
    }


def test_node_without_a_place_is_tested_with_somebody() -> None:
    sound = torus(64)
    known = sound.topology.torus
    assert known is not None
    lost = sound.nodes[7]
    tested = replace(sound, topology=sound.topology.of(n for n in sound.nodes if n != lost))

    done = run(tested)

    assert lost in {node for pair in found_in(tested, done).tested for node in pair}
    assert found_in(tested, done).blamed == ()


def test_too_small_a_torus_is_not_studied() -> None:
    small = torus(8)

    assert not can_study(small.topology, small.nodes)
    assert not can_study(Topology({}, "", Torus({}, ())), ())
    assert Torus({}, ()).round(3, free=set()) == ()
