"""`aiconform plan`: the same planner as a run's, on what the person's own account sees."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aiconform.cli.main import aiconform
from aiconform.cli.site import Json
from aiconform.model.errors import ForbiddenError
from tests.cli.site import FakeSite


def node(name: str, **spec: object) -> Json:
    ready = {"type": "Ready", "status": "True"}
    info = {"architecture": "amd64"}
    return {
        "metadata": {"name": name},
        "spec": spec,
        "status": {"conditions": [ready], "nodeInfo": info},
    }


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSite:
    taint = {"key": "team", "value": "vision", "effect": "NoSchedule"}
    nodes = [node("node1"), node("node2"), node("node3", taints=[taint])]
    site = FakeSite(tmp_path, nodes_there=nodes)
    monkeypatch.setattr("aiconform.cli.kubectl_site.KubectlSite", lambda: site)
    return site


def call(*words: str) -> Result:
    return CliRunner().invoke(aiconform, ["plan", *words], standalone_mode=False)


@pytest.mark.usefixtures("site")
def test_lines_name_groups_left_out_nodes_and_cost() -> None:
    shown = call()

    assert shown.return_value == 0
    assert "2 nodes would be tested, 1 left out" in shown.output
    assert "node1, node2" in shown.output
    assert "left out node3  Tainted" in shown.output
    assert "team=vision:NoSchedule" in shown.output
    assert "Cost: about" in shown.output


@pytest.mark.usefixtures("site")
def test_json_is_the_plan() -> None:
    document = json.loads(call("-o", "json").output)

    assert [excluded["node"] for excluded in document["excluded"]] == ["node3"]
    assert document["cost"]["seconds"] > 0


def test_pods_that_may_not_be_listed_are_said_and_no_obstacle(site: FakeSite) -> None:
    site.refuse["pods_everywhere"] = ForbiddenError(verb="list", resource="pods")

    shown = call()

    assert shown.return_value == 0
    assert "not permitted: list pods" in shown.stderr


def test_nothing_is_made(site: FakeSite) -> None:
    call()

    assert set(site.calls) == {"render", "pods_everywhere", "server_version"}
