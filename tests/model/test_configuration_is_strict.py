"""Values reach the run as camelCase, and an unknown or absurd one is refused by name."""

import pytest
from pydantic import ValidationError

from aiconform.model.plan import Cost, Group, Plan, Probes, RunConfig, Taint


def test_camel_case_values_are_read() -> None:
    config = RunConfig.model_validate({"name": "run-1", "limits": {"startS": 40}, "dryRun": True})

    assert config.limits.start_s == 40
    assert config.dry_run


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"profil": "quick"}, "profil"),
        ({"limits": {"startS": 0}}, "startS"),
        ({"limits": {"startS": float("nan")}}, "startS"),
        ({"profile": "fast"}, "profile"),
        ({"collectorPort": 70000}, "collectorPort"),
    ],
)
def test_nonsense_is_refused_by_name(values: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        RunConfig.model_validate({"name": "run-1"} | values)


def test_all_probes_may_be_off() -> None:
    assert not Probes(compute=False, memory=False, tcp=False).any
    assert Probes(compute=False, memory=False).any


def test_taints_read_as_kubectl_writes_them() -> None:
    assert str(Taint(key="team", value="vision", effect="NoSchedule")) == "team=vision:NoSchedule"
    assert str(Taint(key="gpu", effect="NoExecute")) == "gpu:NoExecute"


def test_nodes_of_a_plan_are_those_of_its_groups() -> None:
    groups = tuple(
        Group(name=name, nodes=nodes, architecture="amd64")
        for name, nodes in (("b", ("n3", "n1")), ("a", ("n2",)))
    )

    assert Plan(groups=groups, cost=Cost(seconds=1, bytes=0)).nodes == ("n1", "n2", "n3")


def test_own_figures_are_read_when_the_run_is_configured() -> None:
    text = "- {metric: gemm, dtype: bf16, value: 700, unit: teraflops_per_second}"

    config = RunConfig.model_validate({"name": "r1", "references": text})

    assert [each.value for each in config.site_references] == [700.0]
    assert RunConfig(name="r1").site_references == ()


@pytest.mark.parametrize("text", ["- {metric: gemm}", "a: [", "- {metric: a, value: -1, unit: b}"])
def test_own_figures_that_cannot_be_read_stop_the_run_before_it_begins(text: str) -> None:
    with pytest.raises(ValidationError, match="references"):
        RunConfig(name="r1", references=text)
