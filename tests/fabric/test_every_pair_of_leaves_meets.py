"""Folded rounds bring every pair of leaves together in few rounds; suspects are asked again."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from aiconform.fabric.folding import confirm_round, folds, inside_round, leaf_round, leaf_rounds
from aiconform.fabric.leaves import confirmed, explain

seeds = st.integers(0, 1000).map(str)


def leaves(count: int, size: int) -> dict[str, list[str]]:
    return {f"leaf{u:03}": [f"n{u:03}-{n:03}" for n in range(size)] for u in range(count)}


def unit(node: str) -> str:
    return f"leaf{node[1:4]}"


@given(st.integers(2, 40), st.sampled_from([4, 16, 32]), seeds)
def test_each_pair_of_leaves_meets(count: int, size: int, seed: str) -> None:
    units, fold = leaves(count, size), folds(count, size)
    met = set()
    for index in range(leaf_rounds(count, size, profile="standard")):
        pairs = leaf_round(units, index, fold=fold, seed=seed)
        nodes = [node for pair in pairs for node in pair]
        assert len(nodes) == len(set(nodes))
        met |= {tuple(sorted(map(unit, pair))) for pair in pairs}

    assert met == set(combinations(units, 2))


def test_rounds_are_few_where_leaves_are_large() -> None:
    asked = {(leaf_rounds(n, 32, profile="standard"), folds(n, 32)) for n in (32, 64, 128)}

    assert asked == {(8, 4), (8, 8), (8, 16)}
    assert leaf_rounds(512, 32, profile="standard") == 32
    assert leaf_rounds(512, 32, profile="quick") == 3
    assert leaf_rounds(1, 32, profile="standard") == 0
    assert leaf_round({}, 0, fold=1, seed="") == ()


@given(st.integers(1, 6), st.integers(1, 9), st.integers(0, 9), seeds, st.data())
def test_inside_rounds_leave_one_out_at_most(
    count: int, size: int, index: int, seed: str, data: st.DataObject
) -> None:
    units = leaves(count, size)
    everyone = [node for nodes in units.values() for node in nodes]
    free = set(data.draw(st.lists(st.sampled_from(everyone))))

    pairs = inside_round(units, index, free=free, seed=seed)

    met = [node for pair in pairs for node in pair]
    assert len(met) == len(set(met)) == len(free) // 2 * 2
    assert set(met) <= free


def test_suspects_meet_leaves_that_are_not_suspected() -> None:
    units = leaves(8, 12)

    pairs = confirm_round(units, ["leaf000", "leaf001"], [("leaf002", "leaf003")], seed="s")

    met = {tuple(sorted(map(unit, pair))) for pair in pairs}
    assert ("leaf002", "leaf003") in met
    assert sum("leaf000" in pair for pair in met) == 3
    assert ("leaf000", "leaf001") not in met
    nodes = [node for pair in pairs for node in pair]
    assert len(nodes) == len(set(nodes))


def test_without_a_leaf_that_is_fine_nothing_is_asked() -> None:
    assert confirm_round(leaves(2, 4), ["leaf000", "leaf001"], [], seed="s") == ()
    pairs = [("leaf000", "leaf001"), ("leaf001", "leaf002")]
    met = confirm_round(leaves(3, 4), [], pairs, seed="s")
    assert {tuple(map(unit, pair)) for pair in met} == {("leaf000", "leaf001")}


def paths(count: int, tests: int = 32) -> dict[tuple[str, str], int]:
    return dict.fromkeys(combinations(leaves(count, 1), 2), tests)


def test_slow_samples_of_one_leaf_suspect_its_uplinks() -> None:
    met = paths(6)
    slow = {(pair, 1): 8 for pair in met if "leaf002" in pair}

    found = explain(met, slow, rails=2, leaf_size=32)

    assert found.uplinks == (("leaf002", 1),)
    assert found.pairs == ()
    assert confirmed(found, met, slow, rails=2) == found
    assert confirmed(found, met, {}, rails=2).uplinks == ()
    assert confirmed(found, {}, {}, rails=2).uplinks == ()


def test_slow_samples_of_one_pair_suspect_the_pair() -> None:
    met = paths(6)
    pair = ("leaf001", "leaf004")
    slow = {(pair, rail): 60 for rail in range(2)}

    found = explain(met, slow, rails=2, leaf_size=32)

    assert (found.uplinks, found.pairs) == ((), (pair,))
    assert confirmed(found, {pair: 32}, slow, rails=2).pairs == (pair,)
    assert confirmed(found, {}, {}, rails=2).pairs == ()


def test_of_two_leaves_only_the_pair_can_be_named() -> None:
    met = paths(2)
    (pair,) = met

    assert explain(met, {(pair, 0): 20}, rails=1, leaf_size=32).pairs == (pair,)


def test_few_slow_samples_everywhere_suspect_nobody() -> None:
    met = paths(6)
    slow = {(pair, rail): 1 for pair in met for rail in range(2)}

    assert explain(met, slow, rails=2, leaf_size=32).usual == 1 / 64
    assert explain({}, {}, rails=1, leaf_size=1).uplinks == ()
