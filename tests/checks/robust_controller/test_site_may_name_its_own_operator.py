"""What the table does not have can be described, with the rights that it needs and no others."""

from typing import Any

import pytest

from aiconform.checks.robust_controller import CHECK
from aiconform.checks.robust_controller.operators.custom import custom_operator, custom_rights
from tests.checks.interrupted import ours
from tests.checks.robust_controller.operated import OperatedPlatform, judged

KIND = {"group": "models.test", "version": "v1", "plural": "models", "kind": "Model"}
POD = {"containers": [{"name": "c"}]}
CUSTOM: dict[str, Any] = {
    "kind": KIND,
    "valid": {"spec": {"size": 1, "template": {"spec": POD}}},
    "invalid": {"spec": {"size": -1, "template": {"spec": POD}}},
    "defect": "a negative size",
    "ready": ["Ready"],
    "change": {"spec": {"size": 2}},
}


class CustomPlatform(OperatedPlatform):
    """The operator of `CUSTOM`, which refuses negative sizes and makes so many pods."""

    def __init__(self) -> None:
        operator = custom_operator({"custom": CUSTOM})
        assert operator is not None
        super().__init__(operator)
        self.refuses = lambda made: "negative" if made["spec"]["size"] < 0 else ""
        self.pods = lambda made: int(made["spec"]["size"])


async def test_sound_operator_of_the_site_passes() -> None:
    platform = CustomPlatform()

    verdict = await judged(platform, custom=CUSTOM)

    assert (verdict.outcome, verdict.reason) == ("PASS", "Ok"), verdict.sentence
    assert ours(platform) == []


async def test_mutant_operator_of_the_site_fails() -> None:
    platform = CustomPlatform()
    platform.follows = False

    verdict = await judged(platform, custom=CUSTOM)

    assert (verdict.outcome, verdict.reason) == ("FAIL", "ChangeIgnored"), verdict.sentence


@pytest.mark.parametrize("missing", ["kind", "valid", "invalid", "ready", "change"])
async def test_what_is_not_whole_is_unknown(missing: str) -> None:
    custom = {key: value for key, value in CUSTOM.items() if key != missing}

    verdict = await judged(CustomPlatform(), custom=custom)

    assert (verdict.outcome, verdict.reason) == ("UNKNOWN", "CustomIncomplete")


def test_rights_are_for_that_kind_alone() -> None:
    rights = CHECK.at_site({"custom": CUSTOM}).rights[len(CHECK.rights) :]

    assert {right.qualified for right in rights} == {
        "models.models.test",
        "customresourcedefinitions.apiextensions.k8s.io",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"group": ""},
        {"group": "apps"},
        {"group": "rbac.authorization.k8s.io"},
        {"plural": "pods/exec"},
        {"plural": "*"},
        {"version": "one"},
    ],
)
def test_kinds_of_kubernetes_are_never_granted(change: dict[str, str]) -> None:
    assert custom_rights({"custom": {"kind": {**KIND, **change}}}) == ()
