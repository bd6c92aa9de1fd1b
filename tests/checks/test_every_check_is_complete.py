"""Folders, catalogue, chart and docs know the same checks; the chart grants what they declare."""

from pathlib import Path

import pytest
import yaml

from aiconform.catalogue.requirements import requirements
from aiconform.checks.framework.check import Check
from aiconform.checks.framework.registry import all_checks
from aiconform.judge.sightings import Sightings
from aiconform.model.outcome import Outcome
from tools.check_rights import TARGET, describe, render

ROOT = Path(__file__).resolve().parent.parent.parent
IDS = list(all_checks())


def test_checks_are_found_in_the_order_of_the_catalogue() -> None:
    order = [check for check in requirements() if check in IDS]

    assert order == IDS
    assert "dra_support" in IDS


def test_chart_has_the_rights_of_these_checks_and_no_others() -> None:
    assert sorted(file.stem for file in TARGET.glob("*.yaml")) == sorted(IDS)


@pytest.mark.parametrize("check", IDS)
def test_chart_grants_exactly_what_is_declared(check: str) -> None:
    """`make check-rights` writes the file."""
    assert (TARGET / f"{check}.yaml").read_text() == render(all_checks()[check])
    rules = yaml.safe_load((TARGET / f"{check}.yaml").read_text())
    assert granted(rules) == declared(all_checks()[check])


def declared(check: Check) -> set[tuple[str, ...]]:
    return {
        (right.namespace if right.namespaced else "cluster", right.verb, right.group,
         right.resource, *right.names)
        for right in check.rights
    }  # fmt: skip


def granted(rules: dict[str, list[dict[str, list[str]]]]) -> set[tuple[str, ...]]:
    return {
        (place, verb, group, resource, *rule.get("resourceNames", ()))
        for place in ("work", "probe", "cluster")
        for rule in rules[place]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize("check", IDS)
def test_each_check_has_its_page(check: str) -> None:
    page = ROOT / "docs" / "checks" / f"{check}.md"

    assert page.exists(), f"write {page.relative_to(ROOT)}"


@pytest.mark.parametrize("check", IDS)
def test_declaration_can_be_acted_on(check: str) -> None:
    found = all_checks()[check]

    assert 0 < found.time_box_s <= 4000
    assert found.cost
    assert describe(found)["needsProbe"] is found.probe
    for right in found.rights:
        assert right.why
        assert right.lost_without


@pytest.mark.parametrize("check", IDS)
def test_nothing_seen_proves_nothing(check: str) -> None:
    """Whatever the check is: an empty journal is never a claim."""
    found = all_checks()[check].evaluate(Sightings(check=check, steps={}, version="1.37"))

    assert found.outcome in {Outcome.UNKNOWN, Outcome.ERROR}
