"""Links, collectives, patterns and lasting load: figures with units, faults with their device."""

import importlib.util
from collections.abc import Sequence

import pytest

from aiconform.agent.engines.protocol import Device
from aiconform.agent.probes.collectives import bus_factor
from aiconform.agent.probes.peer_copy import rounds
from aiconform.agent.probes.sustain import drift_samples
from tests.agent.support import Collected, exercise

COLLECTIVES = ("all_reduce", "all_gather", "reduce_scatter", "all_to_all")
JAX = pytest.param(
    "jax",
    marks=pytest.mark.skipif(
        importlib.util.find_spec("jax") is None,
        reason="jax is not in this environment; the engine image has it",
    ),
)
ENGINES = pytest.mark.parametrize("engine", ["fake", JAX])


@pytest.fixture
def four_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """JAX on a processor that it is told to split."""
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=4")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")


def done(name: str, engine: str = "fake", *, fault: str = "") -> Collected:
    chosen = "tests.agent.fake_engine" if engine == "fake" else engine
    collected = exercise(
        name, engine=chosen, fault=f"group/{fault}", any_device=1, limit_s=60.0, seconds=1
    )
    (end,) = collected.of("end")
    assert end.not_run == (), end.not_run
    return collected


@ENGINES
@pytest.mark.usefixtures("four_parts")
@pytest.mark.parametrize("kind", COLLECTIVES)
def test_collective_has_bus_bandwidth_and_exact_sums(engine: str, kind: str) -> None:
    collected = done(f"coll.{kind}", engine)

    (check,), (figure,) = collected.of("check"), collected.of("measurement")
    assert (check.ok, check.device) == (True, "all")
    assert check.total_count > 0
    assert figure.value > 0
    assert figure.unit == "gigabytes_per_second"
    assert figure.params["ranks"] == (3 if engine == "fake" else 4)
    assert figure.statistic.n >= 1


def test_wrong_sum_is_told_with_its_count() -> None:
    (check,) = done("coll.all_reduce", fault="wrong_sum").of("check")

    assert (check.ok, check.wrong_count) == (False, 6)


@ENGINES
@pytest.mark.usefixtures("four_parts")
def test_every_ordered_pair_is_copied(engine: str) -> None:
    cells = {m.device: m.value for m in done("peer.copy", engine).of("measurement")}

    count = 3 if engine == "fake" else 4
    assert len(cells) == count * (count - 1)
    assert all(value > 0 for value in cells.values())


def test_slow_receiver_shows_in_its_column() -> None:
    cells = {m.device: m.value for m in done("peer.copy", fault="slow_to_2").of("measurement")}

    slow = {cell for cell, value in cells.items() if value < 0.5 * max(cells.values())}
    assert {"fake:0>fake:2", "fake:1>fake:2"} <= slow
    assert "fake:2>fake:0" not in slow


@ENGINES
@pytest.mark.parametrize("direction", ["host.h2d", "host.d2h"])
def test_host_link_is_measured_in_each_direction(engine: str, direction: str) -> None:
    figures = done(direction, engine).of("measurement")

    assert {m.metric for m in figures} == {direction}
    assert all(m.value > 0 for m in figures)
    assert {m.params["pinned"] for m in figures} == {engine == "fake"}
    assert len({m.device for m in figures}) == len(figures)


@ENGINES
def test_memory_keeps_every_pattern(engine: str) -> None:
    checks = done("memory.pattern", engine).of("check")

    assert all(check.ok for check in checks)
    # Eight patterns, inverses included, over all words.
    assert all(c.total_count == 8 * c.params["bytes"] // 4 for c in checks)


def test_stuck_bit_is_found_on_its_device_alone() -> None:
    checks = {c.device: c for c in done("memory.pattern", fault="stuck_bit").of("check")}

    assert [device for device, check in checks.items() if not check.ok] == ["fake:1"]
    assert "block 0, pattern 0: 1 words" in checks["fake:1"].detail


@ENGINES
def test_lasting_load_has_a_drift(engine: str) -> None:
    figures = done("sustain", engine, fault="steady").of("measurement")

    assert {m.unit for m in figures} == {"ratio"}
    assert all(0.1 < m.value < 10 for m in figures)


def test_device_that_tires_has_a_low_drift() -> None:
    figures = done("sustain", fault="tires").of("measurement")

    assert all(m.value < 0.9 for m in figures)


@pytest.mark.parametrize("name", ["host.h2d", "peer.copy", "coll.all_reduce", "memory.pattern"])
def test_node_without_accelerators_skips_without_a_framework(name: str) -> None:
    collected = exercise(name, engine="no_such_engine")

    (end,) = collected.of("end")
    assert [(n.outcome, n.reason) for n in end.not_run] == [
        ("skip", "this pod was given no accelerator")
    ]


def test_engine_without_the_verb_is_skipped_by_name() -> None:
    collected = exercise("coll.all_reduce", any_device=1)

    (end,) = collected.of("end")
    assert "the engine fake cannot do this (it has no group)" in end.not_run[0].reason


@pytest.mark.parametrize("count", [2, 3, 4, 8])
def test_rounds_hold_every_ordered_pair_once_and_are_disjoint(count: int) -> None:
    devices = [Device(str(n), "accelerator") for n in range(count)]

    found = list(rounds(devices))

    pairs = [pair for each in found for pair in each]
    assert len(pairs) == len(set(pairs)) == count * (count - 1)
    for each in found:
        assert len({source for source, _ in each}) == count
        assert len({target for _, target in each}) == count


@pytest.mark.parametrize(
    ("kind", "ranks", "factor"),
    [("all_reduce", 8, 1.75), ("all_gather", 8, 0.875), ("all_to_all", 2, 0.5)],
)
def test_bus_factors_are_those_of_nccl_tests(kind: str, ranks: int, factor: float) -> None:
    assert bus_factor(kind, ranks) == factor


@pytest.mark.parametrize(
    ("rates", "drift"),
    [([10.0] * 30, 1.0), ([10.0] * 20 + [8.0] * 10, 0.8), ([2.0] * 4 + [10.0] * 26, 1.0)],
)
def test_drift_compares_the_end_with_the_beginning_after_warming_up(
    rates: Sequence[float], drift: float
) -> None:
    assert sorted(drift_samples(rates))[0] == pytest.approx(drift)
