"""ai_inference on the lab: a real gateway passes, and misled ones fail for the right reason."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from e2e import product
from e2e.lab.lab import Lab
from e2e.platforms.gateway import Gateway, gateway

CHECK = "ai_inference"
ENABLED = ("--set", f"run.checks.enabled={{{CHECK}}}")

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def envoy(lab: Lab) -> Iterator[Gateway]:
    with gateway(lab) as found:
        yield found


def _requirement(run: product.Run) -> dict[str, Any]:
    found = [r for r in run.summary["requirements"] if r["id"] == CHECK]
    assert len(found) == 1, run.output[-2000:]
    return dict(found[0])


def _outcomes(requirement: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["outcome"] for step in requirement["steps"]}


@pytest.mark.timeout(900)
def test_nothing_installed_is_not_provided(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    found = _requirement(product.run(lab, images, results, *ENABLED))

    assert (found["outcome"], found["reason"]) == ("FAIL", "NotProvided")


@pytest.mark.timeout(1200)
def test_envoy_gateway_passes(
    lab: Lab, envoy: Gateway, images: product.ProductImages, results: Path
) -> None:
    found = _requirement(product.run(lab, images, results, *ENABLED))

    assert (found["outcome"], found["reason"]) == ("PASS", "Ok"), found
    assert "k1-split.csv" in found["evidence"]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("mutant", "step", "reason"),
    [
        (Gateway.ignoring_weights, "k1-w1", "WeightIgnored"),
        (Gateway.ignoring_headers, "k1-h1", "HeaderIgnored"),
    ],
)
def test_mutant_gateway_fails(
    lab: Lab, envoy: Gateway, images: product.ProductImages, results: Path,
    mutant: Any, step: str, reason: str,
) -> None:  # fmt: skip
    block: AbstractContextManager[None] = mutant(envoy)
    with block:
        found = _requirement(product.run(lab, images, results, *ENABLED))

    assert (found["outcome"], found["reason"]) == ("FAIL", reason), found
    assert _outcomes(found)[step] == "FAIL"
