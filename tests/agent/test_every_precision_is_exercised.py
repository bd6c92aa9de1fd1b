"""Numbers of other kinds: right first, then a rate; what a device only emulates is skipped."""

import importlib.util

import pytest

from aiconform.agent.engines.numbers import number_type
from aiconform.agent.engines.protocol import Precision
from aiconform.agent.errors import SkipError
from tests.agent.support import Collected, exercise


def _needs(framework: str) -> "pytest.MarkDecorator":
    return pytest.mark.skipif(
        importlib.util.find_spec(framework) is None,
        reason=f"{framework} is not in this environment; the engine image has it",
    )


FRAMEWORKS = [pytest.param(name, marks=_needs(name)) for name in ("jax", "torch")]


def _of_group(name: str, fault: str = "") -> Collected:
    return exercise(name, fault=f"group/{fault}", any_device=1)


@pytest.mark.parametrize("engine", FRAMEWORKS)
@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("fp32", "float32"), ("fp16", "float16"), ("fp8", "float8_e4m3fn")],
)
def test_product_is_exact_and_has_a_rate(
    engine: str, precision: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")

    collected = exercise(f"gemm.{precision}", engine=engine, any_device=1, limit_s=120.0)

    assert collected.of("end")[0].not_run == ()
    (check,), (rate,) = collected.of("check"), collected.of("measurement")
    assert (check.ok, check.wrong_count) == (True, 0)
    assert check.params["dtype"] == rate.params["dtype"] == dtype
    assert rate.value > 0
    assert (rate.metric, rate.unit) == ("gemm.rate", "teraflops_per_second")


def test_every_device_has_a_check_and_a_rate_of_its_own() -> None:
    collected = _of_group("gemm.fp16")

    devices = [f"fake:{n}" for n in range(3)]
    assert [check.device for check in collected.of("check")] == devices
    assert sorted(rate.device for rate in collected.of("measurement")) == devices


def test_wrong_product_of_another_kind_is_corruption_too() -> None:
    checks = _of_group("gemm.fp16", "flip").of("check")

    assert all(not check.ok and check.repeated for check in checks)


def test_what_a_device_cannot_is_skipped_with_the_reason() -> None:
    (end,) = _of_group("gemm.fp8").of("end")

    assert [(n.outcome, n.reason) for n in end.not_run] == [
        ("skip", "Fake 1 is not known to multiply eight-bit floats by itself")
    ]


def test_processor_has_no_rate_of_another_kind() -> None:
    (end,) = exercise("gemm.fp16", engine="no_such_engine").of("end")

    assert end.not_run[0].outcome == "skip"


@pytest.mark.parametrize(
    ("precision", "platform", "architecture", "kind"),
    [
        ("fp32", "tpu", "TPU v5 lite", "float32"),
        ("fp16", "cuda", "7.0", "float16"),
        ("fp8", "cuda", "8.9", "float8_e4m3fn"),
        ("fp8", "cuda", "10.0", "float8_e4m3fn"),
        ("fp8", "rocm", "gfx942:sramecc+:xnack-", "float8_e4m3fnuz"),
        ("fp8", "rocm", "gfx950", "float8_e4m3fn"),
        ("fp8", "tpu", "TPU7x", "float8_e4m3fn"),
    ],
)
def test_kind_of_number_follows_the_device(
    precision: Precision, platform: str, architecture: str, kind: str
) -> None:
    assert number_type(precision, platform=platform, architecture=architecture) == kind


@pytest.mark.parametrize(
    ("precision", "platform", "architecture"),
    [
        ("fp16", "tpu", "TPU v6 lite"),
        ("fp8", "cuda", "8.0"),
        ("fp8", "cuda", "unknown"),
        ("fp8", "rocm", "gfx90a"),
        ("fp8", "tpu", "TPU v6 lite"),
        ("fp8", "xpu", ""),
    ],
)
def test_emulated_numbers_are_no_rate(
    precision: Precision, platform: str, architecture: str
) -> None:
    with pytest.raises(SkipError, match="multipl"):
        number_type(precision, platform=platform, architecture=architecture)
