"""All checks where there is nothing to find, or no right to try: reasons, and no PASS."""

from pathlib import Path

import pytest

from aiconform.checks.framework.registry import all_checks
from e2e import product, requirements
from e2e.lab.accelerators import Accelerators
from e2e.lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long]

# Gangs are scheduled by the lab's Kubernetes itself, which cannot be uninstalled.
BUILT_IN = {"gang_scheduling"}


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("version", ["1.33", "1.37"])
def test_where_nothing_is_installed_nothing_passes(
    lab: Lab, images: product.ProductImages, results: Path, version: str
) -> None:
    run = requirements.check(lab, images, results, "all", "--name", "bare", version=version)

    told = {check: requirements.told(run, check) for check in all_checks()}
    assert {check for check, (outcome, _) in told.items() if outcome == "PASS"} <= BUILT_IN, told
    assert not [check for check, (_, reason) in told.items() if not reason], told
    assert not [check for check, (outcome, _) in told.items() if outcome == "ERROR"], told


@pytest.mark.usefixtures("tidy")
def test_with_rights_to_look_only_nothing_passes_and_the_verbs_are_named(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).dra_driver("node1"):
        run = requirements.check(
            lab, images, results, "all", "--name", "look", "--set", "rbac.tier=probe",
            version="1.35",
        )  # fmt: skip

    verdicts = {check: requirements.verdict(run, check) for check in all_checks()}
    outcomes = {check: found["outcome"] for check, found in verdicts.items()}
    assert "PASS" not in outcomes.values(), outcomes
    for check in ("dra_support", "gang_scheduling"):
        assert outcomes[check] == "UNKNOWN", verdicts[check]
        assert "create" in verdicts[check]["sentence"], verdicts[check]
