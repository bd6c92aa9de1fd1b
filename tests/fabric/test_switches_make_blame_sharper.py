"""With switches known, ill nodes, ports, paths, switches, uplinks and leaf pairs are named."""

import random
from dataclasses import replace

import pytest

from aiconform.fabric import LinkState, RoundResult, can_study, next_round
from aiconform.fabric.simulation.faults import Fault
from aiconform.judge.blame import sentence_of
from tests.fabric.studied import blamed_in, found_in, network, planted_in, run


@pytest.mark.parametrize("nodes", [9, 64])
@pytest.mark.parametrize("kind", ["dead", "one-way-nic", "lossy", "straggler", "leaf-rail", "rail"])
@pytest.mark.parametrize("seed", range(3))
def test_constant_faults_are_named_alone(kind: str, nodes: int, seed: int) -> None:
    tested = network(nodes, kind=kind, seed=seed, unit=16)

    assert blamed_in(tested, run(tested, seed=seed)) == planted_in(tested)


@pytest.mark.parametrize("kind", ["leaf-rail", "rail"])
def test_in_one_leaf_the_switch_or_the_rail_is_to_blame(kind: str) -> None:
    tested = network(12, kind=kind, unit=16)

    (blamed,) = found_in(tested, run(tested)).blamed

    rail = tested.faults[0].rail
    assert (blamed.kind, blamed.rail, blamed.instead) == ("switch", rail, f"rail {rail} itself")
    said = f"the switch of leaf {blamed.leaf} rail {rail}, or rail {rail} itself: "
    assert sentence_of(blamed).startswith(said)


@pytest.mark.parametrize("kind", ["uplink", "leaf-pair"])
@pytest.mark.parametrize("topology", ["rail-optimised", "leaf-spine"])
def test_faults_between_leaves_are_named_alone(kind: str, topology: str) -> None:
    tested = network(128, topology, kind=kind, unit=16)

    assert blamed_in(tested, run(tested)) == planted_in(tested)


def test_clean_network_blames_nobody() -> None:
    for seed in range(200):
        tested = network(64, "leaf-spine" if seed % 8 else "rail-optimised", seed=seed)

        assert blamed_in(tested, run(tested, seed=seed)) == frozenset(), seed


@pytest.mark.parametrize("sends", [True, False])
def test_port_is_named_with_rail_and_direction(sends: bool) -> None:
    sound = network(64)
    fault = Fault("one-way-nic", ("node", "n07"), 0.5, node="n07", rail=2, sends=sends)
    tested = replace(sound, faults=(fault,))

    (blamed,) = found_in(tested, run(tested)).blamed

    assert (blamed.kind, blamed.node, blamed.rail) == ("port", "n07", 2)
    assert blamed.direction == ("send" if sends else "receive")
    assert {sample.rail for sample in blamed.low} == {2}
    assert len({n for s in blamed.low for n in s.test.pair} - {"n07"}) >= 3
    assert blamed.clean
    assert not any("n07" in sample.test.pair for sample in blamed.clean)
    assert blamed.typical_gbit_per_s == pytest.approx(400, rel=0.05)


def test_path_between_two_nodes_is_told_from_its_ends() -> None:
    sound = network(64)
    a, b = run(sound)[0].round.pairs[0]
    tested = replace(sound, faults=(Fault("lossy-link", ("pair", a, b), 0.3, node=a, peer=b),))

    found = found_in(tested, run(tested))

    assert [(x.kind, x.node, x.peer, x.direction) for x in found.blamed] == [("pair", a, b, None)]
    assert found.links[a, b].state is LinkState.LOW
    assert {a, b} <= set(found.proven)


def test_what_a_component_explains_is_the_links_over_it() -> None:
    tested = network(128, "leaf-spine", kind="leaf-pair", unit=16)
    found = found_in(tested, run(tested))
    (blamed,) = found.blamed
    one, other = sorted(blamed.members), sorted(blamed.peer_members)

    assert blamed.explains(one[0], other[0])
    assert blamed.explains(other[0], one[0])
    assert not blamed.explains(one[0], one[1])
    assert blamed.low
    for link in found.links.values():
        if link.state is LinkState.LOW:
            assert blamed.explains(link.sender, link.receiver)


def test_uplink_explains_what_leaves_the_leaf_and_its_switch_what_is_inside() -> None:
    uplink = network(128, "leaf-spine", kind="uplink", unit=16)
    switch = network(64, kind="leaf-rail")
    (up,) = found_in(uplink, run(uplink)).blamed
    (inner,) = found_in(switch, run(switch)).blamed
    inside, outside = sorted(up.members), sorted(set(uplink.nodes) - up.members)

    assert (up.kind, inner.kind) == ("uplink", "switch")
    assert up.rail is None
    assert inner.rail is not None
    assert up.explains(inside[0], outside[0])
    assert not up.explains(inside[0], inside[1])
    assert inner.explains(*sorted(inner.members)[:2])


def test_links_across_leaves_that_collide_accuse_nobody() -> None:
    tested = network(64, "leaf-spine")
    found = found_in(tested, run(tested))

    across = [k for k in found.links if not tested.topology.is_inside(*k)]
    assert across
    assert {found.links[k].state for k in across} <= {LinkState.CLEAN, LinkState.UNJUDGED}
    assert len(found.links) == len({*found.links})


def test_several_faults_at_once_are_all_named() -> None:
    tested = network(128, kind="mixed", faults=3, seed=5)

    assert blamed_in(tested, run(tested, seed=5)) == planted_in(tested)


def test_node_that_is_ill_now_and_then_is_found_nearly_always() -> None:
    right = wrong = 0
    for seed in range(25):
        tested = network(64, kind="intermittent", seed=seed)
        blamed = blamed_in(tested, run(tested, seed=seed))
        right += len(blamed & planted_in(tested))
        wrong += len(blamed - planted_in(tested))

    assert right >= 23
    assert wrong <= 1


def test_whole_leaf_that_is_slow_is_one_component() -> None:
    sound = network(64, "leaf-spine")
    unit, nodes = next(iter(sound.topology.units.items()))
    slow = tuple(Fault("slow", ("node", node), 0.4, node=node) for node in nodes)
    tested = replace(sound, faults=slow)

    found = found_in(tested, run(tested))

    assert [(b.kind, b.leaf, b.rail) for b in found.blamed] == [("switch", unit, None)]


@pytest.mark.parametrize("nodes", [72, 256])
def test_slow_domain_is_named_and_its_nodes_are_not(nodes: int) -> None:
    for seed in range(5):
        tested = network(nodes, "nvlink-domains", kind="domain", seed=seed, unit=18)

        found = found_in(tested, run(tested, seed=seed))

        (blamed,) = found.blamed
        assert (blamed.kind, blamed.leaf, blamed.rail) == ("switch", tested.faults[0].unit, None)
        assert len(blamed.members) >= 4


def test_small_leaf_in_much_noise_blames_the_dead_node_alone() -> None:
    for seed in range(40):
        tested = network(32, "leaf-spine", kind="dead", seed=seed, unit=32, sigma=0.05)

        assert blamed_in(tested, run(tested, seed=seed)) == planted_in(tested), seed


def test_too_few_nodes_for_a_study_are_tested_as_without_switches() -> None:
    tested = network(9, "leaf-spine", kind="dead")
    done = list[RoundResult]()
    while upcoming := next_round(
        tested.nodes, done, seed=1, profile="standard", topology=tested.topology
    ):
        done.append(tested.run(upcoming, random.Random(1)))

    assert not can_study(tested.topology, tested.nodes)
    assert not can_study(None, tested.nodes)
    assert blamed_in(tested, tuple(done)) == planted_in(tested)
    assert {result.round.purpose for result in done} >= {"matching", "circle"}
