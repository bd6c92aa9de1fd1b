"""One lab for the whole session: taken over when it runs already, else started and stopped."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e import product
from e2e.lab.lab import Lab
from e2e.tests.leftovers import objects


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
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
