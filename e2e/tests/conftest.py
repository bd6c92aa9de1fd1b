"""
One lab for the whole session: taken over when it runs already, else started and stopped.

Sessions take turns: faults that one plants would be found by the other.
"""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e import product
from e2e.lab.lab import Lab
from e2e.tests.leftovers import objects

TURN = Path("/run/lock/aiconform-e2e.lock")


@pytest.fixture(scope="session")
def turn() -> Iterator[None]:
    """Wait until no other test session uses the lab of this machine."""
    TURN.parent.mkdir(parents=True, exist_ok=True)
    with TURN.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def lab(turn: None) -> Iterator[Lab]:
    lab = Lab()
    was_up = lab.is_up()
    lab.up(nodes=4)
    lab.heal()
    yield lab
    if not was_up:
        lab.down()


@pytest.fixture(scope="session")
def images(lab: Lab) -> product.ProductImages:
    return product.load(lab)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def tidy(lab: Lab) -> Iterator[None]:
    """The test leaves no object behind, in any API group."""
    before = objects(lab)
    yield
    left = objects(lab) - before
    assert not left, f"left behind: {sorted(left)}"


@pytest.fixture(autouse=True)
def healed(lab: Lab) -> Iterator[None]:
    """Faults end with the test that planted them."""
    yield
    lab.heal()
