"""Millions of records are handled without a search for cycles, which is on again afterwards."""

import gc

import pytest

from aiconform.journal import no_cycles


def test_search_is_off_inside_and_on_again_afterwards() -> None:
    with no_cycles():
        assert not gc.isenabled()

    assert gc.isenabled()


def test_inner_work_leaves_it_to_the_outer() -> None:
    with no_cycles():
        with no_cycles():
            pass

        assert not gc.isenabled()

    assert gc.isenabled()


def test_error_turns_it_on_again() -> None:
    with pytest.raises(ValueError, match="of ours"), no_cycles():
        raise ValueError("of ours")

    assert gc.isenabled()
