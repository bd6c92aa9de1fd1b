"""A planted fault is named, with its direction, and nobody else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.fabric import LinkState, Localisation, localise
from tests.fabric.simulated import SimulatedFabric
from tests.support.journals import names

seeds = st.integers(0, 10_000)
noise = st.floats(0.0, 0.35)


def blamed(found: Localisation) -> list[tuple[str, str, str | None, str | None]]:
    return [(b.kind, b.node, b.peer, b.direction) for b in found.blamed]


@given(seeds, noise, st.floats(0, 0.05), st.integers(2, 12))
def test_clean_cluster_blames_nobody(seed: int, sigma: float, spoilt: float, size: int) -> None:
    fabric = SimulatedFabric(names(size), sigma=sigma, spoilt=spoilt, seed=seed)

    assert localise(fabric.nodes, fabric.run()).blamed == ()


@given(seeds, noise, st.floats(0, 0.2), st.floats(5, 10))
def test_noisy_four_nodes_blame_nobody(
    seed: int, sigma: float, spoilt: float, gbit_per_s: float
) -> None:
    fabric = SimulatedFabric(names(4), sigma=sigma, spoilt=spoilt, gbit_per_s=gbit_per_s, seed=seed)

    assert localise(fabric.nodes, fabric.run()).blamed == ()


@given(
    seeds, noise, st.floats(0, 0.2), st.floats(5, 10), st.sampled_from(["send", "receive"]),
    st.integers(1, 4),
)  # fmt: skip
def test_slow_direction_among_noisy_nodes_is_blamed_alone(
    seed: int, sigma: float, spoilt: float, gbit_per_s: float, direction: str, number: int
) -> None:
    fabric = SimulatedFabric(
        names(4),
        sigma=sigma,
        spoilt=spoilt,
        gbit_per_s=gbit_per_s,
        slow={(f"node{number}", direction): 0.3},
        seed=seed,
    )

    assert blamed(localise(fabric.nodes, fabric.run())) == [
        ("port", f"node{number}", None, direction)
    ]


@pytest.mark.parametrize("size", [3, 4, 5, 8, 9, 16, 33, 64])
@pytest.mark.parametrize("seed", range(4))
def test_each_kind_of_node_fault_is_named(size: int, seed: int) -> None:
    nodes = names(size)
    ill = nodes[seed % size]
    faults = {
        ("port", "send"): SimulatedFabric(nodes, slow={(ill, "send"): 3.5}, seed=seed),
        ("port", "receive"): SimulatedFabric(nodes, slow={(ill, "receive"): 3.5}, seed=seed),
        ("node", None): SimulatedFabric(
            nodes, slow={(ill, "send"): 2.0, (ill, "receive"): 2.0}, seed=seed
        ),
    }

    found = {kind: blamed(localise(nodes, fabric.run())) for kind, fabric in faults.items()}

    assert found == {
        (kind, direction): [(kind, ill, None, direction)] for kind, direction in faults
    }


@pytest.mark.parametrize("size", [4, 8, 9, 64])
def test_dead_node_is_blamed_in_both_directions(size: int) -> None:
    nodes = names(size)
    found = localise(nodes, SimulatedFabric(nodes, dead=frozenset({nodes[1]})).run())

    assert blamed(found) == [("node", nodes[1], None, None)]
    assert all(sample.gbit_per_s is None for sample in found.blamed[0].low)


@pytest.mark.parametrize("size", [3, 4, 8])
def test_cut_path_is_blamed_and_its_ends_are_not(size: int) -> None:
    nodes = names(size)
    found = localise(nodes, SimulatedFabric(nodes, cut=frozenset({(nodes[0], nodes[1])})).run())

    assert blamed(found) == [("pair", nodes[0], nodes[1], None)]


def test_path_slow_in_one_direction_is_tested_again_and_blamed() -> None:
    nodes = names(5)
    fabric = SimulatedFabric(nodes, slow_pairs={(nodes[3], nodes[1]): 1.0})
    done = fabric.run()

    assert blamed(localise(nodes, done)) == [("pair", nodes[3], nodes[1], "send")]
    assert done[-1].round.purpose == "recheck"


def test_two_ill_nodes_are_both_named() -> None:
    nodes = names(8)
    slow = {(nodes[0], "send"): 1.0, (nodes[5], "receive"): 1.0}

    found = localise(nodes, SimulatedFabric(nodes, slow=slow).run())

    assert blamed(found) == [
        ("port", nodes[0], None, "send"),
        ("port", nodes[5], None, "receive"),
    ]


def test_of_two_nodes_neither_is_blamed() -> None:
    nodes = names(2)
    slow = localise(nodes, SimulatedFabric(nodes, slow={(nodes[0], "send"): 0.1}).run())
    cut = localise(nodes, SimulatedFabric(nodes, dead=frozenset({nodes[0]})).run())

    assert slow.blamed == cut.blamed == ()
    assert {link.state for link in slow.links.values()} == {LinkState.UNJUDGED}
    assert {link.state for link in cut.links.values()} == {LinkState.LOW}


@given(st.integers(2, 12), seeds, st.data())
def test_tests_that_did_not_run_blame_nobody(size: int, seed: int, data: st.DataObject) -> None:
    nodes = names(size)
    silent = data.draw(st.frozensets(st.sampled_from(nodes)))
    fabric = SimulatedFabric(nodes, silent=silent, seed=seed)

    assert localise(nodes, fabric.run()).blamed == ()


@given(st.integers(2, 12), seeds, st.data())
def test_blame_rests_on_three_low_tests_with_two_partners(
    size: int, seed: int, data: st.DataObject
) -> None:
    nodes = names(size)
    dead = data.draw(st.frozensets(st.sampled_from(nodes)))
    fabric = SimulatedFabric(nodes, sigma=0.1, spoilt=0.3, dead=dead, seed=seed)

    found = localise(nodes, fabric.run())

    for component in found.blamed:
        if component.kind != "pair":
            partners = {n for s in component.low for n in s.test.pair} - {component.node}
            assert len(component.low) >= 3
            assert len(partners) >= 2
            assert component.clean
    assert not {b.node for b in found.blamed if b.kind != "pair"} & set(found.proven)
    assert not set(found.suspects) & set(found.proven)


@given(st.integers(2, 12), seeds, st.data())
def test_every_planned_pair_ends_in_exactly_one_state(
    size: int, seed: int, data: st.DataObject
) -> None:
    nodes = names(size)
    silent = data.draw(st.frozensets(st.sampled_from(nodes)))
    done = SimulatedFabric(nodes, silent=silent, seed=seed).run()[: data.draw(st.integers(0, 12))]

    found = localise(nodes, done)

    states = (found.tested, found.covered, found.untested)
    together = [pair for state in states for pair in state]
    assert len(together) == len(set(together))
    assert set(together) >= {test.pair for result in done for test in result.tests}


@given(st.integers(9, 24), seeds)
def test_suspects_meet_proven_partners_and_none_twice(size: int, seed: int) -> None:
    nodes = names(size)
    done = SimulatedFabric(nodes, spoilt=0.05, seed=seed).run()

    for number, result in enumerate(done):
        if result.round.purpose == "confirm":
            before = localise(nodes, done[:number])
            met = {test.pair for earlier in done[:number] for test in earlier.tests}
            for pair in result.round.pairs:
                assert len(set(pair) & set(before.suspects)) == 1
                assert len(set(pair) & set(before.proven)) == 1
                assert pair not in met


def test_spoilt_tests_of_a_large_cluster_are_confirmed_and_forgiven() -> None:
    nodes = names(24)
    done = SimulatedFabric(nodes, spoilt=0.05, seed=4).run()

    assert "confirm" in {result.round.purpose for result in done}
    assert localise(nodes, done).blamed == ()


def test_pair_slow_in_a_large_cluster_is_blamed_alone() -> None:
    nodes = names(12)
    first = SimulatedFabric(nodes).run()[0].round.pairs[0]
    fabric = SimulatedFabric(nodes, slow_pairs={first: 1.0})

    found = localise(nodes, fabric.run())

    assert blamed(found) == [("pair", first[0], first[1], "send")]
