"""A training must learn, repeat itself bit for bit, and leave all devices alike."""

import importlib.util
import math

import pytest

from aiconform.agent.probes.train_step import SMALL, WHOLE, faults
from tests.agent.support import exercise

GOOD = [4.2 - 0.05 * n for n in range(60)]
SAME = [(7, 7, 7)] * 3


def test_what_holds_has_no_fault() -> None:
    assert faults(GOOD, GOOD[:5], SAME, vocabulary=64) == []


@pytest.mark.parametrize(
    ("losses", "repeated", "checksums", "fault"),
    [
        ([4.2] * 60, [4.2] * 5, SAME, "the loss fell from 4.2 to 4.2 only"),
        ([*GOOD[:-1], math.nan], GOOD[:5], SAME, "not finite"),
        (GOOD, [*GOOD[:4], 3.99], SAME, "other losses"),
        (GOOD, GOOD[:5], [(7, 7, 7), (7, 8, 7), (1, 2, 3)], "parameters differ on device 1"),
    ],
)
def test_what_does_not_hold_is_named(
    losses: list[float], repeated: list[float], checksums: list[tuple[int, ...]], fault: str
) -> None:
    (said,) = faults(losses, repeated, checksums, vocabulary=64)

    assert fault in said


def test_size_of_the_model_is_that_of_the_specification() -> None:
    assert 105e6 < WHOLE.parameter_count < 112e6
    assert WHOLE.flops_per_token == 6 * WHOLE.parameter_count + 12 * 8 * 1024 * 1024
    assert SMALL.parameter_count < 200_000


def test_node_without_accelerators_skips() -> None:
    (end,) = exercise("train.step", engine="no_such_engine").of("end")

    assert end.not_run[0].outcome == "skip"


@pytest.mark.skipif(
    importlib.util.find_spec("jax") is None,
    reason="jax is not in this environment; the engine image has it",
)
@pytest.mark.parametrize("parts", [1, 4])
def test_training_works_with_jax_on_a_processor(
    parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XLA_FLAGS", f"--xla_force_host_platform_device_count={parts}")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")

    collected = exercise("train.step", engine="jax", any_device=1, limit_s=120.0)

    (check,), (figure,) = collected.of("check"), collected.of("measurement")
    assert check.ok, check.detail
    assert figure.value > 0
    assert (figure.unit, figure.params["ranks"]) == ("tokens_per_second", parts)
