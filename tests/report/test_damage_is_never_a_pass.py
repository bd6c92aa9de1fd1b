"""A journal with a damaged line may have lost a FAIL: what is left cannot pass."""

import pytest

from aiconform.model.verdict import RunVerdict
from aiconform.report.again import with_damage
from tests.report.sample import judgement


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (RunVerdict.PASS, RunVerdict.INCOMPLETE),
        (RunVerdict.PASS_WITH_WARNINGS, RunVerdict.INCOMPLETE),
        (RunVerdict.FAIL, RunVerdict.FAIL),
        (RunVerdict.ERROR, RunVerdict.ERROR),
    ],
)
def test_damage_makes_it_incomplete_at_best(before: RunVerdict, after: RunVerdict) -> None:
    told = judgement().model_copy(update={"verdict": before})

    assert with_damage(told, ("line 3: torn",)).verdict is after
    assert with_damage(told, ()).verdict is before
