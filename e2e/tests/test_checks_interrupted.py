"""A check that is interrupted at any moment leaves nothing, and the next attempt finds its way."""

import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e import product, requirements
from e2e.lab.accelerators import Accelerators
from e2e.lab.lab import Lab
from e2e.platforms.everything import everything
from e2e.requirements import RELEASE
from e2e.tests.leftovers import objects

pytestmark = [pytest.mark.lab, pytest.mark.long]

ID = "dra_support"
# Until the slowest check is about to be over.
LONGEST_S = 150.0


@contextmanager
def at_work(
    lab: Lab, images: product.ProductImages, results: Path, checks: str = ID, *extra: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """A run whose checks have begun to make objects."""
    where = ("--release", RELEASE, "-n", RELEASE)
    arguments = ("--checks", checks, "--set", "run.checks.version=1.35", *requirements.ONLY, *extra)
    results.parent.mkdir(parents=True, exist_ok=True)
    with results.with_suffix(".log").open("w") as log:
        process = subprocess.Popen(
            product.arguments(images, results, *product.QUICK, *arguments, *where),
            stdout=log, stderr=subprocess.STDOUT, env=lab.env(), cwd=product.ROOT,
        )  # fmt: skip
    try:
        product.wait_for("the check's first pod", lambda: bool(pods(lab)), limit_s=120)
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=200)


def pods(lab: Lab) -> list[str]:
    found = lab.kubectl(
        "-n", f"{RELEASE}-work", "get", "pods", "--ignore-not-found", "-o", "name",
        "--selector", "aiconform/check",
    )  # fmt: skip
    return found.split()


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("seed", range(2))
def test_interrupted_by_a_person_nothing_is_left(
    lab: Lab, images: product.ProductImages, results: Path, seed: int
) -> None:
    with Accelerators(lab).dra_driver("node1"), at_work(lab, images, results) as process:
        time.sleep(random.Random(seed).uniform(0, 20))
        process.send_signal(signal.SIGINT)
        process.wait(timeout=200)

    assert process.returncode in {3, 130}, results.with_suffix(".log").read_text()


@pytest.mark.usefixtures("tidy")
@pytest.mark.parametrize("seed", range(2))
def test_killed_coordinator_begins_the_check_again_and_cleans_up(
    lab: Lab, images: product.ProductImages, results: Path, seed: int
) -> None:
    """Killed while it cleans up, and its volume is gone: its successor sweeps, and then passes."""
    with Accelerators(lab).dra_driver("node1"), at_work(lab, images, results) as process:
        time.sleep(random.Random(seed).uniform(0, 20))
        lab.kubectl(
            "-n", RELEASE, "delete", "pods", "--selector", "aiconform/role=coordinator",
            "--grace-period=0", "--force",
        )  # fmt: skip
        process.wait(timeout=300)

    log = results.with_suffix(".log").read_text()
    assert process.returncode == 0, log
    assert f"PASS    {ID}" in log


@pytest.mark.timeout(3600, func_only=True)
def test_all_checks_interrupted_at_any_moment_leave_nothing(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    """Ten times, so that each is hit in its beginning, in its middle and while it cleans up."""
    with everything(lab) as values:
        given = requirements.values_file(results, values)
        before = _kept(lab)
        for seed in range(10):
            where = results.with_name(f"all-{seed}")
            with at_work(lab, images, where, "all", *given) as process:
                time.sleep(random.Random(seed).uniform(0, LONGEST_S))
                process.send_signal(signal.SIGINT)
                process.wait(timeout=200)

            assert process.returncode in {3, 130}, where.with_suffix(".log").read_text()
            product.wait_for("all of ours to be gone", lambda: not _kept(lab) - before)


def _kept(lab: Lab) -> frozenset[str]:
    """What is there, but for what the platform's own controllers make and remove at any time."""
    kinds = ("Pod", "Node", "NodeClaim", "CSINode", "EndpointSlice", "ReplicaSet", "PodMetrics")
    passing = tuple(f"{kind} " for kind in kinds)
    return frozenset(
        told for told in objects(lab) if RELEASE in told or not told.startswith(passing)
    )
