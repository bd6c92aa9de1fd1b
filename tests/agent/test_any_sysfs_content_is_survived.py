"""Whatever a file of a driver holds, the inventory is told, and the wire takes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiconform.agent.inventory import assemble
from tests.agent import hosts
from tests.agent.support import Collected, environ
from tests.agent.test_every_vendors_host_is_told import in_process

SMALL: hosts.Files = {
    **hosts.nvidia("NVIDIA H100 80GB HBM3", "10de:2330", count=1, ports=1),
    **{p: t for p, t in hosts.mi300x().items() if "0000:05:00.0" in str(p) or "nodes/2" in p},
    **{p: t for p, t in hosts.gaudi3().items() if "0000:19:00.0" in p},
    **{p: t for p, t in hosts.trn2().items() if "neuron0" in p or "0000:10:00.0" in p},
    **{p: t for p, t in hosts.intel_max().items() if "0000:18:00.0" in p},
}
FILES = sorted(path for path, text in SMALL.items() if isinstance(text, str))
ODD = st.text(max_size=40) | st.sampled_from(
    ["-1\n", "99999999999999999999\n", "0x\n", "nan\n", "Unknown\n", "63\n", "ue: 1e9", "\0", "xK"]
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hosts.plant_host(SMALL, tmp_path_factory.mktemp("host"))


@contextmanager
def changed(root: Path, changes: dict[str, str]) -> Iterator[None]:
    places = {path: root / path.lstrip("/") for path in changes}
    before = {path: place.read_text() for path, place in places.items()}
    for path, place in places.items():
        place.write_text(changes[path])
    try:
        yield
    finally:
        for path, place in places.items():
            place.write_text(before[path])


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(changes=st.dictionaries(st.sampled_from(FILES), ODD, max_size=12))
def test_no_content_breaks_the_inventory(root: Path, changes: dict[str, str]) -> None:
    with changed(root, changes):
        collected = Collected("inventory")

        for body in assemble.take_inventory(
            supervise=in_process(root), environ=environ(), engine="none", root=str(root)
        ):
            collected.stream.add(body)

        assert collected.of("inventory")
