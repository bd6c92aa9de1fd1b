"""By the audit log: no call of a check is denied, and no right that it is granted is idle."""

from pathlib import Path

import pytest

from aiconform.checks.framework.registry import all_checks
from aiconform.cluster.rights import Right
from e2e import audit, product, requirements
from e2e.lab.accelerators import Accelerators
from e2e.lab.lab import Lab
from e2e.requirements import RELEASE

pytestmark = [pytest.mark.lab, pytest.mark.long]


def test_dra_support_uses_each_right_and_asks_for_no_other(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    if not lab.audit.exists():
        pytest.skip("this lab was started before it kept an audit log: `make lab-down` and again")
    with (
        Accelerators(lab).dra_driver("node1"),
        audit.recorded(lab, release=RELEASE) as asked,
    ):
        run = requirements.check(lab, images, results, "dra_support", version="1.35")

    assert requirements.told(run, "dra_support") == ("PASS", "Ok")
    assert asked.denied == set()
    granted = {_place(right) for right in all_checks()["dra_support"].rights}
    assert granted - asked.used == set()


def _place(right: Right) -> tuple[str, str, str, str]:
    where = f"{RELEASE}-{right.namespace}" if right.namespaced else "cluster"
    return where, right.verb, right.group, right.resource
