"""A triad reads two buffers and writes a third one, on every device at the same time."""

import importlib.util
from array import array

import pytest

from aiconform.agent.engines.choose import make_engine
from aiconform.agent.engines.protocol import TRIAD_FACTOR
from tests.agent.support import exercise

FRAMEWORKS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            importlib.util.find_spec(name) is None,
            reason=f"{name} is not in this environment; the engine image has it",
        ),
    )
    for name in ("jax", "torch")
]


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_sum_is_right_and_in_the_memory_that_was_given(name: str) -> None:
    engine = make_engine(name)
    device = engine.devices()[0]
    left, right, into = (
        engine.noise(rows=64, columns=32, device=device, dtype="float32", seed=seed)
        for seed in (1, 2, 3)
    )

    result = engine.triad(left, right, into=into)  # type: ignore[attr-defined]

    a, b, c = (array("f", engine.fetch(each)) for each in (left, right, result))
    assert c.tolist() == pytest.approx([x + TRIAD_FACTOR * y for x, y in zip(a, b, strict=True)])
    assert into is result or into.is_deleted()


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_processor_has_a_figure_through_the_framework(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")

    (figure,) = exercise("memory.triad", engine=name, limit_s=60.0).of("measurement")

    assert (figure.device, figure.metric) == ("cpu", "memory.triad")
    assert figure.unit == "gigabytes_per_second"
    assert figure.params["bytes"] == 1 << 20
    assert figure.value > 0


def test_every_accelerator_has_a_figure() -> None:
    figures = exercise("memory.triad", fault="group/", side=16).of("measurement")

    assert sorted(figure.device for figure in figures) == ["fake:0", "fake:1", "fake:2"]
    assert {figure.params["bytes"] for figure in figures} == {16 * 16 * 4}
    assert all(not figure.reduced for figure in figures)


def test_buffers_that_do_not_fit_are_smaller_and_said_to_be() -> None:
    """Three of 512 x 512 floats do not fit into 0.6 of a mebibyte; three of 128 x 128 do."""
    figures = exercise("memory.triad", fault="group/").of("measurement")

    assert {figure.params["bytes"] for figure in figures} == {128 * 128 * 4}
    assert all(figure.reduced for figure in figures)


def test_engine_without_a_triad_skips() -> None:
    (end,) = exercise("memory.triad", engine="python").of("end")

    assert [(n.outcome, n.reason) for n in end.not_run] == [
        ("skip", "the engine python cannot do this (it has no triad)")
    ]
