"""Each row of the table goes through everything on a platform that has it, and leaves nothing."""

import pytest

from aiconform.checks.robust_controller import CHECK
from aiconform.checks.robust_controller.operators import OPERATORS
from aiconform.model.outcome import Outcome
from tests.checks.interrupted import ours
from tests.checks.rights_used import unused
from tests.checks.robust_controller.operated import OperatedPlatform

KEYS = [operator.key for operator in OPERATORS]
COMPLEX = {operator.key for operator in OPERATORS if operator.complex}
WHOLE = {operator.key for operator in OPERATORS if operator.reconciles}


@pytest.mark.parametrize("key", KEYS)
async def test_sound_operator(key: str) -> None:
    platform = OperatedPlatform(key)

    verdict = platform.verdict(CHECK, await platform.run(CHECK))

    outcome, reason = ("PASS", "Ok") if key in COMPLEX else ("WARN", "GenericOperator")
    if key not in WHOLE:
        reason = "ReconcileNotTried"
    assert (verdict.outcome, verdict.reason) == (outcome, reason), verdict.sentence
    assert ours(platform) == []


@pytest.mark.parametrize("key", sorted(WHOLE - COMPLEX))
async def test_generic_operator_counts_when_the_site_names_it(key: str) -> None:
    platform = OperatedPlatform(key)

    settings = {"operators": [key]}
    verdict = platform.verdict(CHECK, await platform.run(CHECK, settings=settings))

    assert verdict.outcome is Outcome.PASS, verdict.sentence


@pytest.mark.parametrize("key", KEYS)
async def test_mutant_that_takes_anything_fails(key: str) -> None:
    platform = OperatedPlatform(key)
    platform.refuses = lambda _: ""

    verdict = platform.verdict(CHECK, await platform.run(CHECK))

    assert (verdict.outcome, verdict.reason) == ("FAIL", "AcceptsInvalid"), verdict.sentence


async def test_all_together_use_every_right() -> None:
    calls: list[str] = []
    for key in KEYS:
        platform = OperatedPlatform(key)
        await platform.run(CHECK)
        calls += platform.objects.calls
    bare = OperatedPlatform("kuberay", webhook=False)  # reads events
    await bare.run(CHECK)
    real = OperatedPlatform("kueue")  # makes, for a moment, what is else a dry run
    real.no_dry_run = True
    await real.run(CHECK)

    assert unused(CHECK, [*calls, *bare.objects.calls, *real.objects.calls]) == []
