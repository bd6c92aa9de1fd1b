"""Rules and selectors are read as the API server reads them; a CA by its dates."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from aiconform.checks.framework.fake import START
from aiconform.checks.robust_controller.matching import selects, trust_problem, webhooks_for
from aiconform.checks.robust_controller.operators.ray import RAY_CLUSTER
from tests.checks.robust_controller.operated import authority

NOW = datetime.fromtimestamp(START, UTC)
RULE = {
    "apiGroups": ["ray.io"],
    "apiVersions": ["v1"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["rayclusters"],
}


def matched(hook: dict[str, Any]) -> list[dict[str, Any]]:
    configuration = {"metadata": {"name": "c"}, "webhooks": [{"name": "w", **hook}]}
    return webhooks_for(
        [configuration],
        resource=RAY_CLUSTER,
        served=("v1", "v1alpha1"),
        namespace={"team": "a"},
        labels={"app": "x"},
        now=NOW,
    )


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({}, True),
        ({"resources": ["*"]}, True),
        ({"resources": ["rayclusters/*"]}, True),
        ({"resources": ["rayclusters/status"]}, False),
        ({"resources": ["rayjobs"]}, False),
        ({"operations": ["UPDATE"]}, False),
        ({"operations": ["*"]}, True),
        ({"apiVersions": ["v1alpha1"]}, True),  # converted, since the kind is served in it as well
        ({"apiVersions": ["v2"]}, False),
        ({"apiGroups": ["*"]}, False),
        ({"scope": "Cluster"}, False),
        ({"scope": "Namespaced"}, True),
    ],
)
def test_rule_names_the_kind(changes: dict[str, Any], seen: bool) -> None:
    assert bool(matched({"rules": [{**RULE, **changes}]})) is seen


def test_exact_policy_does_not_convert() -> None:
    rule = {**RULE, "apiVersions": ["v1alpha1"]}

    assert matched({"rules": [rule], "matchPolicy": "Exact"}) == []


def test_selectors_that_keep_us_out_are_named() -> None:
    (found,) = matched({"rules": [RULE], "namespaceSelector": {"matchLabels": {"team": "b"}}})

    assert found["reaches"] is False
    assert list(found["kept_out_by"]) == ["namespaceSelector"]


@pytest.mark.parametrize(
    ("operator", "values", "taken"),
    [
        ("In", ["a"], True),
        ("In", ["b"], False),
        ("NotIn", ["a"], False),
        ("NotIn", ["b"], True),
        ("Exists", None, True),
        ("DoesNotExist", None, False),
        ("Unheard", None, False),
    ],
)
def test_selector_terms(operator: str, values: list[str] | None, taken: bool) -> None:
    term = {"key": "team", "operator": operator, "values": values}

    assert selects({"matchExpressions": [term]}, {"team": "a"}) is taken


def test_not_in_takes_what_has_no_such_label() -> None:
    term = {"key": "team", "operator": "NotIn", "values": ["a"]}

    assert selects({"matchExpressions": [term]}, {})


def test_certificates_are_read_by_their_dates() -> None:
    assert trust_problem(authority(), now=NOW) == ""
    assert trust_problem(None, now=NOW) == ""
    assert "valid from" in trust_problem(authority(days_left=-1), now=NOW)
    assert "cannot be read" in trust_problem(base64.b64encode(b"none").decode(), now=NOW)
