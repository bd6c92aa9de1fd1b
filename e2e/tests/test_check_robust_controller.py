"""robust_controller on the lab: a sound operator passes, those that only look like one fail."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from e2e import product, requirements
from e2e.lab.lab import Lab
from e2e.platforms.operator import Operator, operator

pytestmark = [pytest.mark.lab, pytest.mark.long]

ID = "robust_controller"
Mutant = Callable[[Operator], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def at_work(lab: Lab) -> Iterator[Operator]:
    """Put up by the first test that asks for it."""
    with operator(lab) as found:
        yield found


@pytest.mark.usefixtures("tidy")
def test_nothing_installed_is_unknown(
    lab: Lab, images: product.ProductImages, results: Path
) -> None:
    run = requirements.check(lab, images, results, ID, "--name", "no-operator")

    assert requirements.told(run, ID) == ("UNKNOWN", "NothingInstalled")


def test_sound_operator_passes(
    lab: Lab, images: product.ProductImages, results: Path, at_work: Operator
) -> None:
    run = requirements.check(lab, images, results, ID, "--name", "operator")

    assert requirements.told(run, ID) == ("PASS", "Ok"), requirements.verdict(run, ID)
    assert set(requirements.steps(run, ID).values()) == {"PASS"}
    refusal = requirements.seen(run, ID)["kuberay-refusal"]["facts"]["tries"][-1]
    assert (refusal["kind"], refusal["by"]) == ("denied", at_work.webhook)
    directory = requirements.directory(run, ID)
    for name in ("verdict.json", "steps.jsonl", "deny-kuberay.json", "webhooks-kuberay.json"):
        assert (directory / name).stat().st_size, name
    assert "--- PASS: TestRobustCRDControllerOperation" in (directory / "e2e.log").read_text()


MUTANTS: tuple[tuple[str, Mutant, str], ...] = (
    ("accepts-anything", lambda found: found.mutant("accepts-anything"), "AcceptsInvalid"),
    ("never-reconciles", lambda found: found.mutant("never-reconciles"), "NotReconciled"),
    ("dead-webhook", lambda found: found.dead_webhook(), "WebhookDead"),
    ("ignored-webhook", lambda found: found.dead_webhook(policy="Ignore"), "WebhookIgnored"),
    ("elsewhere", lambda found: found.elsewhere(), "WebhookElsewhere"),
    ("untrusted", lambda found: found.untrusted(), "WebhookUntrusted"),
)


@pytest.mark.parametrize(
    ("name", "mutant", "reason"), MUTANTS, ids=[name for name, _, _ in MUTANTS]
)
def test_mutant_operator_fails(
    lab: Lab,
    images: product.ProductImages,
    results: Path,
    at_work: Operator,
    name: str,
    mutant: Mutant,
    reason: str,
) -> None:
    with mutant(at_work):
        run = requirements.check(lab, images, results, ID, "--name", f"mutant-{name}")

    assert requirements.told(run, ID) == ("FAIL", reason), requirements.verdict(run, ID)
    assert run.exit_code == 1


def test_missing_right_is_unknown_and_named(
    lab: Lab, images: product.ProductImages, results: Path, at_work: Operator
) -> None:
    less = ("--set", "rbac.countForeignPods=false")
    run = requirements.check(lab, images, results, ID, "--name", "operator-unseen", *less)

    assert requirements.told(run, ID) == ("UNKNOWN", "NotPermitted"), requirements.verdict(run, ID)
    assert "list pods" in requirements.verdict(run, ID)["sentence"]
