"""A product of ±1 is known exactly: one wrong element, wherever it is, is corruption."""

import random
from array import array

import pytest

from aiconform.agent.probes.signs import SignProduct
from tests.agent.support import exercise


def plain_product(known: SignProduct) -> "array[float]":
    """The slow and obvious way, from the values that an engine is given."""
    size = known.size
    left, right = array("f", known.left_values()), array("f", known.right_values())
    return array(
        "f",
        (
            sum(left[i * size + k] * right[k * size + j] for k in range(size))
            for i in range(size)
            for j in range(size)
        ),
    )


@pytest.mark.parametrize("size", [8, 24, 64])
def test_expected_elements_are_those_of_a_plain_product(size: int) -> None:
    known = SignProduct(seed=3, size=size)

    product = plain_product(known)

    assert set(known.left_values()) != {0}
    assert all(product[i * size : (i + 1) * size] == known.expected_row(i) for i in range(size))
    assert list(known.wrong_elements(product.tobytes())) == []


@pytest.mark.parametrize("seed", range(20))
def test_any_wrong_element_is_named(seed: int) -> None:
    known = SignProduct(seed=seed, size=32)
    product = plain_product(known)
    chosen = random.Random(seed)
    row, column = chosen.randrange(32), chosen.randrange(32)
    right = product[row * 32 + column]
    product[row * 32 + column] = chosen.choice([right + 2, -right - 1, float("nan"), float("inf")])

    (wrong,) = known.wrong_elements(product.tobytes())

    assert (wrong.row, wrong.column, wrong.expected) == (row, column, int(right))


def test_data_of_two_seeds_differ_and_of_one_are_the_same() -> None:
    one, again, other = (SignProduct(seed=seed, size=64) for seed in (1, 1, 2))

    assert one.left_values() == again.left_values()
    assert one.left_values() != other.left_values()
    assert one.left_values() != one.right_values()


def test_right_device_passes_with_all_its_elements_counted() -> None:
    (check,) = exercise("gemm.known_answer", repeats=4, seed=11).of("check")

    assert check.ok
    assert check.device == "cpu"
    assert (check.wrong_count, check.total_count) == (0, 4 * 32 * 32)
    assert (check.seed, check.repeats, check.repeated) == (11, 4, None)
    assert check.engine is not None
    assert check.engine.name == "fake"


def test_fault_that_shows_again_is_repeated() -> None:
    (check,) = exercise("gemm.known_answer", fault="flip").of("check")

    assert not check.ok
    assert check.repeated is True
    assert (check.wrong_count, check.total_count) == (2, 2 * 32 * 32)
    assert check.detail.startswith("element (3, 5) is ")


def test_fault_of_one_call_is_not_repeated() -> None:
    (check,) = exercise("gemm.known_answer", fault="flip_once").of("check")

    assert not check.ok
    assert check.repeated is False
    assert check.wrong_count == 1
