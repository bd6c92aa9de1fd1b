"""One collective over all: three tries, then halves, until a node or a cut is left."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.fabric.group import Group, GroupVerdict, Trial, group_verdict, next_groups
from tests.support.journals import names

LIMIT = 60


def search(
    order: Group, passes: Callable[[Group], bool], *, proven: Group = ()
) -> tuple[GroupVerdict, list[tuple[Group, ...]]]:
    trials: list[Trial] = []
    steps: list[tuple[Group, ...]] = []
    while groups := next_groups(order, trials, proven=proven):
        assert len({n for group in groups for n in group}) == sum(map(len, groups))
        trials += [Trial(group, passes(group)) for group in groups]
        steps.append(groups)
        assert len(steps) < LIMIT
    return group_verdict(order, trials, proven=proven), steps


def test_one_success_is_a_pass() -> None:
    results = iter([False, False, True])

    verdict, steps = search(names(8), lambda group: next(results))

    assert verdict == GroupVerdict(passed=True)
    assert len(steps) == 3


@given(st.integers(2, 40), st.data())
def test_ill_node_is_found_by_halving(size: int, data: st.DataObject) -> None:
    order = names(size)
    ill = data.draw(st.sampled_from(order))
    proven = tuple(n for n in order if n != ill)

    verdict, steps = search(order, lambda group: ill not in group, proven=proven)

    if len(proven) > 1:
        assert (verdict.passed, verdict.nodes, verdict.flaky) == (False, (ill,), False)
    assert len(steps) <= 3 + size.bit_length() + 3


@given(st.sets(st.integers(0, 31), min_size=1, max_size=4))
def test_several_ill_nodes_are_all_found(ill: set[int]) -> None:
    order = names(32)
    bad = {order[i] for i in ill}

    verdict, _ = search(order, lambda group: not bad & set(group), proven=tuple(set(order) - bad))

    assert set(verdict.nodes) == bad


def test_halves_that_do_well_apart_are_a_cut() -> None:
    order = names(8)
    one, other = order[:4], order[4:]

    verdict, _ = search(
        order, lambda group: not (set(group) & set(one) and set(group) & set(other))
    )

    assert verdict.cuts == ((one, other),)
    assert verdict.nodes == ()


def test_failure_that_does_not_come_again_is_flaky() -> None:
    results = iter([False] * 3 + [True] * 10)

    verdict, _ = search(names(8), lambda group: next(results))

    assert verdict.passed is True


def test_failure_that_is_not_reproduced_below_is_told() -> None:
    order = names(8)
    verdict = group_verdict(order, [Trial(order, ok=False)] * 3)

    assert verdict == GroupVerdict(passed=False)
    assert group_verdict(order, []).passed is None


@pytest.mark.parametrize("size", [0, 1])
def test_nobody_needs_no_collective(size: int) -> None:
    assert next_groups(names(size), ()) == ()
