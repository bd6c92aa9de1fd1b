"""What Helm makes of the chart for checks: namespaces, and exactly the rights that they declare."""

from collections.abc import Iterable, Iterator

import pytest

from aiconform.checks.framework.registry import all_checks
from aiconform.cluster.rights import Right
from e2e.lab.errors import CommandError
from e2e.lab.lab import Lab
from e2e.tests.rendered_chart import Chart, render

pytestmark = pytest.mark.lab

ALL = tuple(all_checks())
Told = tuple[str, str, str, str]


def switched_on(lab: Lab, ids: Iterable[str], *sets: str) -> Chart:
    return render(lab, f"run.checks.enabled={{{','.join(ids)}}}", *sets)


def granted(chart: Chart) -> set[Told]:
    """(namespace or cluster, verb, group, resource) of what only checks are granted."""
    return set(_granted(chart))


def _granted(chart: Chart) -> Iterator[Told]:
    for role in (*chart.of("Role"), *chart.of("ClusterRole")):
        if not role["metadata"]["name"].endswith("-checks"):
            continue
        for rule in role["rules"]:
            assert not rule.keys() - {"apiGroups", "resources", "verbs", "resourceNames"}
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    for verb in rule["verbs"]:
                        where = role["metadata"].get("namespace", "cluster")
                        yield where, verb, group, resource


def declared(ids: Iterable[str], *, without: str = "") -> set[Told]:
    return {
        (_place(right), right.verb, right.group, right.resource)
        for check in ids
        for right in all_checks()[check].rights
        if not (without and right.switch == without)
    }


def _place(right: Right) -> str:
    return f"aiconform-{right.namespace}" if right.namespaced else "cluster"


@pytest.mark.parametrize("check", ALL)
def test_one_check_is_granted_what_it_declares(lab: Lab, check: str) -> None:
    chart = switched_on(lab, [check])

    assert granted(chart) == declared([check])
    assert chart.config.checks.enabled == (check,)
    made = {found["metadata"]["name"] for found in chart.of("Namespace")}
    probe = {"aiconform-probe"} if all_checks()[check].probe else set()
    assert made == {"aiconform-work"} | probe


def test_all_are_granted_what_they_declare_together(lab: Lab) -> None:
    chart = render(lab, "run.checks.enabled=all")

    assert granted(chart) == declared(ALL)
    assert set(chart.config.checks.enabled) == set(ALL)


def test_none_is_the_default_and_adds_nothing(lab: Lab) -> None:
    chart = render(lab)

    assert chart.config.checks.enabled == "none"
    assert not granted(chart)
    assert not chart.of("Namespace")


def test_right_that_a_switch_leaves_out_is_left_out(lab: Lab) -> None:
    chart = switched_on(lab, ["dra_support"], "rbac.countForeignPods=false")

    assert granted(chart) == declared(["dra_support"], without="rbac.countForeignPods")
    assert granted(chart) < declared(["dra_support"])


def test_without_rbac_nothing_is_granted(lab: Lab) -> None:
    assert not granted(switched_on(lab, ["dra_support"], "rbac.create=false"))


@pytest.mark.parametrize("tier", ["probe", "observe"])
def test_lower_tiers_let_checks_look_and_make_nothing(lab: Lab, tier: str) -> None:
    chart = render(lab, "run.checks.enabled=all", f"rbac.tier={tier}")

    looks = {told for told in declared(ALL) if told[1] in {"get", "list", "watch"}}
    assert granted(chart) == looks


def test_lowest_tier_makes_no_agents_and_may_not(lab: Lab) -> None:
    chart = render(lab, "rbac.tier=observe")

    assert not chart.config.probes.any
    own = (*chart.of("Role"), *chart.of("ClusterRole"))
    verbs = {verb for role in own for rule in role["rules"] for verb in rule["verbs"]}
    assert verbs == {"get", "list", "watch", "patch"}  # patch: the run's own status


def test_namespaces_can_be_somebody_elses(lab: Lab) -> None:
    chart = switched_on(lab, ["dra_support"], "namespace.create=false", "namespace.work=given-work")

    assert not chart.of("Namespace")
    assert chart.config.work_namespace == "given-work"
    assert {where for where, *_ in granted(chart)} == {"given-work", "cluster"}


def test_namespaces_of_checks_hold_to_pod_security(lab: Lab) -> None:
    chart = switched_on(lab, ["dra_support"])

    (work,) = chart.of("Namespace")
    assert work["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_pull_secrets_are_where_checks_make_pods(lab: Lab) -> None:
    registry = {"name": "site", "server": "r.example.com", "username": "u", "password": "p"}
    sets = [f"global.registries[0].{key}={value}" for key, value in registry.items()]

    chart = switched_on(lab, ["dra_support"], *sets)

    places = {secret["metadata"]["namespace"] for secret in chart.of("Secret")}
    assert places == {"default", "aiconform-work"}


def test_misspelt_check_is_refused_with_the_ones_there_are(lab: Lab) -> None:
    with pytest.raises(CommandError, match=r'no check "dra_suport", but .*dra_support'):
        switched_on(lab, ["dra_suport"])


@pytest.mark.parametrize(("group", "is_granted"), [("models.test", True), ("apps", False)])
def test_kind_that_a_site_names_is_granted_as_its_check_declares(
    lab: Lab, group: str, is_granted: bool
) -> None:
    check = all_checks()["robust_controller"]
    kind = {"group": group, "version": "v1", "plural": "models", "kind": "Model"}
    setting = f"run.checks.settings.{check.id}.custom.kind"
    chart = switched_on(lab, [check.id], *(f"{setting}.{key}={kind[key]}" for key in kind))

    rights = check.at_site({"custom": {"kind": kind}}).rights

    assert granted(chart) == {(_place(r), r.verb, r.group, r.resource) for r in rights}
    assert (len(rights) > len(check.rights)) is is_granted
