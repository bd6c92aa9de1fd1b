"""Whatever happens: rounds are disjoint, nobody is forgotten, and blame follows the evidence."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiconform.fabric import PairTest, RoundResult, Topology, localise, next_round, rounds_left
from aiconform.fabric.simulation.faults import KINDS
from aiconform.fabric.simulation.outcome import keys_of
from aiconform.fabric.study import CHASES
from tests.fabric.studied import blamed_in, found_in, network, run

seeds = st.integers(0, 10_000)
sizes = st.integers(17, 40)
kinds = st.sampled_from([None, *(k for k, v in KINDS.items() if v.needs_units == 1)])
profiles = st.sampled_from(["quick", "standard", "thorough"])


def not_run(result: RoundResult, nodes: frozenset[str]) -> RoundResult:
    """What comes of a round when some nodes do not answer."""
    return RoundResult(
        result.round,
        tuple(
            PairTest(t.round, t.a, t.b, "not_run", "PeerLate") if nodes & {*t.pair} else t
            for t in result.tests
        ),
    )


@settings(max_examples=25)
@given(sizes, st.integers(1, 20), seeds, kinds, profiles)
def test_rounds_are_disjoint_and_numbered(
    size: int, unit: int, seed: int, kind: str | None, profile: str
) -> None:
    tested = network(size, "leaf-spine", unit=unit, seed=seed)
    if kind and any(len(own) > 1 for own in tested.topology.units.values()):
        rails = 2 if KINDS[kind].needs_rails > 1 else 1
        tested = network(
            size, "rail-optimised" if rails > 1 else "leaf-spine", kind=kind, unit=unit, seed=seed
        )

    done = run(tested, seed=seed, profile=profile)

    for result in done:
        met = [node for pair in result.round.pairs for node in pair]
        assert len(met) == len(set(met))
        assert all(a < b for a, b in result.round.pairs)
    assert [result.round.number for result in done] == list(range(len(done)))
    purposes = [result.round.purpose for result in done]
    assert purposes.count("chase") <= CHASES[profile]
    assert run(tested, seed=seed, profile=profile) == done


@settings(max_examples=25)
@given(st.integers(24, 64), seeds)
def test_matchings_inside_a_leaf_bring_each_pair_once(size: int, seed: int) -> None:
    tested = network(size, "leaf-spine", unit=16, seed=seed, spoilt=0.0)
    done = run(tested, seed=seed)
    unit = tested.topology.units["leaf000"]

    inside = [
        pair
        for result in done
        if result.round.purpose in {"matching", "soak"}
        for pair in result.round.pairs
        if tested.topology.is_inside(*pair) and set(pair) <= set(unit)
    ]

    assert len(inside) == len(set(inside)) == 9 * 8


@settings(max_examples=25)
@given(sizes, st.integers(2, 20), seeds, st.data())
def test_every_node_is_tested_or_named_as_untested(
    size: int, unit: int, seed: int, data: st.DataObject
) -> None:
    tested = network(size, "leaf-spine", unit=unit, seed=seed)
    silent = data.draw(st.frozensets(st.sampled_from(tested.nodes), max_size=size // 2))
    done = run(tested, seed=seed, change=lambda result: not_run(result, silent))

    found = found_in(tested, done)

    ran = {node for pair in found.tested for node in pair}
    planned = {n for pair in (found.tested | found.covered | found.untested) for n in pair}
    assert ran | planned == set(tested.nodes)
    assert not ran & silent
    assert found.blamed == ()
    assert not (found.tested & found.covered)
    assert not (found.tested & found.untested)
    assert not (found.covered & found.untested)


@settings(max_examples=25)
@given(sizes, seeds, st.integers(0, 8))
def test_late_nodes_are_tested_and_lost_ones_left_alone(
    size: int, seed: int, change_at: int
) -> None:
    tested = network(size, "leaf-spine", seed=seed, spoilt=0.0)
    late, lost = tested.nodes[0], tested.nodes[-1]

    def alive(number: int) -> tuple[str, ...]:
        gone = {late} if number < change_at else {lost}
        return tuple(node for node in tested.nodes if node not in gone)

    done = run(tested, seed=seed, alive=alive)

    met = {node for pair in found_in(tested, done).tested for node in pair}
    assert late in met
    for result in done[change_at:]:
        assert not any(lost in pair for pair in result.round.pairs)


@settings(max_examples=25)
@given(st.integers(16, 40), seeds, st.sampled_from(["dead", "lossy", "straggler", "intermittent"]))
def test_other_names_give_the_same_blame(size: int, seed: int, kind: str) -> None:
    tested = network(size, "leaf-spine", kind=kind, seed=seed)
    done = run(tested, seed=seed)
    new = list(tested.nodes)
    random.Random(seed).shuffle(new)
    names = dict(zip(tested.nodes, (f"x{name}" for name in new), strict=True))

    def renamed(test: PairTest) -> PairTest:
        a, b = names[test.a], names[test.b]
        if a < b:
            return replace(test, a=a, b=b)
        return replace(test, a=b, b=a, forward=test.backward, backward=test.forward)

    again = tuple(
        RoundResult(
            replace(r.round, pairs=tuple(renamed(t).pair for t in r.tests)),
            tuple(renamed(t) for t in r.tests),
        )
        for r in done
    )
    topology = Topology({names[n]: leaf for n, leaf in tested.topology.leaves.items()})

    blamed = localise([*names.values()], again, topology=topology).blamed

    expected = found_in(tested, done).blamed
    assert {b.node for b in blamed} == {names[b.node] for b in expected}


@settings(max_examples=25)
@given(st.integers(16, 40), seeds, st.sampled_from(["dead", "straggler", "intermittent"]))
def test_healthy_node_more_makes_nobody_else_blamed(size: int, seed: int, kind: str) -> None:
    tested = network(size, "leaf-spine", kind=kind, seed=seed)
    done = run(tested, seed=seed)
    before = blamed_in(tested, done)
    leaves = dict(tested.topology.leaves) | {"z-new": tested.topology.leaves[tested.nodes[0]]}

    found = localise([*tested.nodes, "z-new"], done, topology=Topology(leaves))

    assert keys_of(found.blamed) <= before


@settings(max_examples=25)
@given(st.integers(16, 40), seeds, st.sampled_from(["dead", "lossy", "intermittent"]), st.data())
def test_records_taken_away_raise_no_confidence(
    size: int, seed: int, kind: str, data: st.DataObject
) -> None:
    tested = network(size, "leaf-spine", kind=kind, seed=seed)
    done = run(tested, seed=seed)
    found = found_in(tested, done)
    low = sorted({(s.test.round, s.test.pair) for s in found.low})
    gone = set(data.draw(st.lists(st.sampled_from(low)))) if low else set()
    number = data.draw(st.integers(0, len(done) - 1))

    fewer = tuple(
        RoundResult(
            r.round,
            tuple(
                PairTest(t.round, t.a, t.b, "not_run", "ReportMissing")
                if (t.round, t.pair) in gone
                else t
                for t in r.tests
            ),
        )
        for r in done
    )
    cut = tuple(
        not_run(r, frozenset(tested.nodes)) if r.round.number == number else r for r in done
    )

    assert keys_of(found_in(tested, fewer).blamed) <= keys_of(found.blamed)
    assert found_in(tested, cut).tested <= found.tested
    assert found_in(tested, fewer).tested <= found.tested


def test_blame_rests_on_three_partners_who_did_well() -> None:
    for seed in range(10):
        tested = network(48, "leaf-spine", kind="dead", faults=3, seed=seed)
        found = found_in(tested, run(tested, seed=seed))

        for blamed in found.blamed:
            partners = {n for s in blamed.low for n in s.test.pair} - {blamed.node}
            assert len(partners) >= 3
            assert blamed.clean
        assert not {b.node for b in found.blamed} & set(found.proven)
        assert not set(found.suspects) & set(found.proven)


def test_schedule_is_the_same_whether_studied_at_once_or_round_by_round() -> None:
    tested = network(40, "leaf-spine", kind="lossy")
    done = run(tested)

    for number in (0, 1, 5, len(done)):
        upcoming = next_round(
            tested.nodes, done[:number], seed=1, profile="standard", topology=tested.topology
        )
        expected = done[number].round if number < len(done) else None
        assert upcoming == expected


def test_what_is_left_is_named_by_purpose() -> None:
    tested = network(40, "leaf-spine", spoilt=0.0)
    done = run(tested)

    def left(count: int) -> tuple[str, ...]:
        return rounds_left(tested.nodes, done[:count], profile="standard", topology=tested.topology)

    assert left(0) == ("matching", *["soak"] * 8, *["leaf"] * 6)
    assert left(10) == ("leaf",) * 5
    assert left(len(done)) == ()
    assert rounds_left(tested.nodes[:4], (), profile="standard") == ("circle",) * 6
    assert rounds_left(tested.nodes, (), profile="quick")[0] == "matching"


@pytest.mark.parametrize("nodes", [2, 3, 8])
def test_small_networks_are_tested_as_without_switches(nodes: int) -> None:
    tested = network(nodes, "leaf-spine")

    known = next_round(tested.nodes, (), seed=1, profile="standard", topology=tested.topology)

    assert known == next_round(tested.nodes, (), seed=1, profile="standard")
