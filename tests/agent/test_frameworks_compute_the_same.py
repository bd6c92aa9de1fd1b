"""Each engine that this environment has gives the exact product and real copies."""

import importlib.util
from array import array

import pytest

from aiconform.agent.engines.choose import make_engine
from aiconform.agent.engines.protocol import Engine
from aiconform.agent.errors import EngineError
from aiconform.agent.probes.signs import SignProduct


def _needs(framework: str) -> "pytest.MarkDecorator":
    return pytest.mark.skipif(
        importlib.util.find_spec(framework) is None,
        reason=f"{framework} is not in this environment; the engine image has it",
    )


@pytest.fixture(
    params=["python", pytest.param("jax", marks=_needs("jax")),
            pytest.param("torch", marks=_needs("torch"))]
)  # fmt: skip
def engine(request: pytest.FixtureRequest) -> Engine:
    return make_engine(request.param)


def test_product_of_signs_is_exact(engine: Engine) -> None:
    known = SignProduct(seed=5, size=64)
    device = engine.devices()[0]
    left, right = (
        engine.place(values, rows=64, columns=64, device=device, dtype="float32")
        for values in (known.left_values(), known.right_values())
    )

    product = engine.fetch(engine.matmul(left, right))

    assert list(known.wrong_elements(product)) == []
    assert array("f", product)[:64] == known.expected_row(0)


def test_copy_is_another_buffer_with_the_same_content(engine: Engine) -> None:
    device = engine.devices()[0]
    noise = engine.noise(rows=32, columns=16, device=device, dtype="float32", seed=1)

    copied = engine.copy(noise)
    engine.wait(noise, copied)

    assert engine.fetch(copied) == engine.fetch(noise)
    assert copied is not noise


def test_noise_has_the_scatter_that_keeps_products_bounded(engine: Engine) -> None:
    device = engine.devices()[0]

    values = array(
        "f", engine.fetch(engine.noise(rows=64, columns=64, device=device, dtype="float32", seed=1))
    )

    assert sum(v * v for v in values) / len(values) == pytest.approx(1 / 64, rel=0.1)


def test_module_without_an_engine_is_named() -> None:
    with pytest.raises(EngineError, match=r"json has neither make_engine\(\) nor ENGINE"):
        make_engine("json")


def test_without_frameworks_auto_is_plain_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    assert make_engine("auto").name == "python"
