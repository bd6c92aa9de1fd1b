"""ai_service_metrics on the lab: Prometheus passes, and misled ones fail for the right reason."""

from pathlib import Path
from typing import Any

import pytest

from e2e import product
from e2e.lab.lab import Lab
from e2e.platforms.prometheus import prometheus

CHECK = "ai_service_metrics"
ENABLED = ("--set", f"run.checks.enabled={{{CHECK}}}")
# The lab's Prometheus scrapes every 2 s: what has not come after a minute does not come.
HURRIED = ("--set", f"run.checks.settings.{CHECK}.waitS=60")

pytestmark = pytest.mark.long


def _requirement(run: product.Run) -> dict[str, Any]:
    found = [r for r in run.summary["requirements"] if r["id"] == CHECK]
    assert len(found) == 1, run.output[-2000:]
    return dict(found[0])


@pytest.mark.timeout(900)
def test_nothing_installed_is_unknown(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    found = _requirement(product.run(lab, images, results, *ENABLED))

    assert (found["outcome"], found["reason"]) == ("UNKNOWN", "NothingInstalled")


@pytest.mark.timeout(1200)
def test_prometheus_passes(lab: Lab, images: product.ProductImages, results: Path) -> None:
    with prometheus(lab):
        found = _requirement(product.run(lab, images, results, *ENABLED, *HURRIED))

    assert (found["outcome"], found["reason"]) == ("PASS", "Ok"), found


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("mutant", "reason"), [("no-discovery", "NotDiscovered"), ("stale", "WrongValue")]
)
def test_mutant_monitoring_fails(
    lab: Lab, images: product.ProductImages, results: Path, mutant: str, reason: str
) -> None:
    with prometheus(lab, mutant=mutant):
        found = _requirement(product.run(lab, images, results, *ENABLED, *HURRIED))

    assert (found["outcome"], found["reason"]) == ("FAIL", reason), found
