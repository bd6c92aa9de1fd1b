"""Accelerators are usable where they were granted and nowhere else, on real character devices."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from e2e import product, requirements
from e2e.lab.accelerators import DRIVER, RESOURCE, Accelerators
from e2e.lab.lab import Lab

pytestmark = [pytest.mark.lab, pytest.mark.long, pytest.mark.usefixtures("tidy")]

CHECK = "secure_accelerator_access"
LEAKY, SHARED, EMPTY = "example.com/leaky", "example.com/shared", "example.com/empty"


def check(
    lab: Lab, images: product.ProductImages, results: Path, *what: str
) -> tuple[product.Run, dict[str, Any]]:
    """Run this check alone, of these resources or drivers: the run and the check's verdict."""
    files = {name: {"devices": ["/dev/accel-fixture*"]} for name in what}
    values = {
        "run": {
            "accelerators": {"extraResources": [name for name in what if "/" in name]},
            "checks": {"settings": {CHECK: {"files": files}}},
        }
    }
    run = requirements.check(lab, images, results, CHECK, values=values)
    told = sorted(results.glob(f"*/checks/{CHECK}/verdict.json"))
    assert told, run.output
    return run, json.loads(told[-1].read_text())


def steps(verdict: Mapping[str, Any]) -> dict[str, str]:
    return {step["name"]: step["outcome"] for step in verdict["steps"]}


def test_a_sound_device_plugin_passes(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).device_plugin("node1", "node2"):
        run, verdict = check(lab, images, results, RESOURCE)

    assert (verdict["outcome"], verdict["reason"]) == ("PASS", "Ok"), verdict["sentence"]
    assert set(steps(verdict).values()) == {"PASS"}, verdict["steps"]
    assert "other-nodes" in steps(verdict)
    listings = sorted(run.results.glob(f"*/checks/{CHECK}/visibility/*.json"))
    assert any(device["opening"] for device in json.loads(listings[0].read_text())["devices"])


def test_mutant_plugins_that_leak_share_or_give_nothing_fail_each_for_its_reason(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    """Three broken plugins at once, each on a node and with a resource of its own."""
    broken = {LEAKY: ("node1", "leak"), SHARED: ("node2", "shared"), EMPTY: ("node3", "no-device")}
    with plugins(lab, broken):
        _, verdict = check(lab, images, results, *broken)

    assert verdict["outcome"] == "FAIL", verdict["sentence"]
    sentences = {step["name"]: step["sentence"] for step in verdict["steps"]}
    # In the order of the resources' names: empty, leaky, shared.
    assert steps(verdict)["own-device"] == "FAIL"
    assert "has no device file" in sentences["own-device"]
    assert steps(verdict)["own-device-2"] == "FAIL"
    assert "granted one example.com/leaky has 2" in sentences["own-device-2"]
    assert steps(verdict)["own-device-3"] == "PASS"
    assert steps(verdict)["two-tenants-3"] == "FAIL"
    assert "were granted the same example.com/shared" in sentences["two-tenants-3"]


def test_sound_claims_pass(lab: Lab, images: product.ProductImages, results: Path) -> None:
    with Accelerators(lab).dra_driver("node1"):
        _, verdict = check(lab, images, results, DRIVER)

    assert (verdict["outcome"], verdict["reason"]) == ("PASS", "Ok"), verdict["sentence"]
    assert {"admin-access", "foreign-claim"} <= steps(verdict).keys()


def test_a_mutant_driver_that_prepares_one_device_for_two_claims_fails(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    with Accelerators(lab).dra_driver("node1", mutants=["shared"]):
        _, verdict = check(lab, images, results, DRIVER)

    assert (verdict["outcome"], verdict["reason"]) == ("FAIL", "SharedDevice"), verdict["sentence"]


@contextmanager
def plugins(lab: Lab, broken: Mapping[str, Sequence[str]]) -> Iterator[None]:
    """Resource → (node, mutant)."""
    with ExitStack() as stack:
        for resource, (node, mutant) in broken.items():
            plugin = Accelerators(lab).device_plugin(node, resource=resource, mutants=[mutant])
            stack.enter_context(plugin)
        yield
