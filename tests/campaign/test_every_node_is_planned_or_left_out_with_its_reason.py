"""The plan accounts for every node of the survey: in exactly one group, or excluded by name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.campaign.planner import plan_run
from aiconform.model.plan import NodeFacts, Plan, RunConfig, Taint
from aiconform.model.records import Surveyed

GPU = "nvidia.com/gpu"


def node(name: str = "n1", **facts: Any) -> NodeFacts:
    return NodeFacts(**({"name": name, "ready": True, "architecture": "amd64"} | facts))


def plan(*nodes: NodeFacts, **config: Any) -> Plan:
    return plan_run(
        RunConfig(**({"name": "r"} | config)), Surveyed(server_version="v1.37.2", nodes=nodes)
    )


@pytest.mark.parametrize(
    ("facts", "reason", "said"),
    [
        ({"ready": False, "ready_reason": "KubeletStopped"}, "NotReady", "KubeletStopped"),
        ({"unschedulable": True}, "Cordoned", "cordoned"),
        (
            {"taints": (Taint(key="team", value="vision", effect="NoSchedule"),)},
            "Tainted",
            "team=vision:NoSchedule",
        ),
        (
            {"labels": {"node-role.kubernetes.io/control-plane": ""}},
            "ControlPlane",
            "control plane",
        ),
        (
            {"taints": (Taint(key="node-role.kubernetes.io/control-plane", effect="NoSchedule"),)},
            "ControlPlane",
            "control plane",
        ),
        ({"accelerators": {GPU: 8}, "accelerators_free": {GPU: 0}}, "Busy", GPU),
    ],
)
def test_node_is_left_out_with_its_reason(facts: dict[str, Any], reason: str, said: str) -> None:
    made = plan(node(**facts), node("n2"))

    assert [(e.node, e.reason) for e in made.excluded] == [("n1", reason)]
    assert said in made.excluded[0].sentence
    assert made.nodes == ("n2",)


def test_node_without_the_selected_label_is_not_selected() -> None:
    made = plan(node(labels={"pool": "gpu"}), node("n2"), pods={"nodeSelector": {"pool": "gpu"}})

    assert made.nodes == ("n1",)
    assert made.excluded[0].reason == "NotSelected"
    assert "pool=gpu" in made.excluded[0].sentence


def test_only_nodes_that_are_named_take_part() -> None:
    made = plan(node(), node("n2"), node("n3"), nodes=("n3", "n1"))

    assert made.nodes == ("n1", "n3")
    assert [(e.node, e.reason) for e in made.excluded] == [("n2", "NotSelected")]
    assert "run.nodes" in made.excluded[0].sentence


def test_named_node_that_is_gone_is_told_and_left_open() -> None:
    """Asked for and not there is no reason to pass without it."""
    made = plan(node(), nodes=("n1", "n9", "n9"))

    assert [(e.node, e.reason) for e in made.excluded] == [("n9", "NodeGone")]


def test_accelerator_taint_is_tolerated_from_the_survey() -> None:
    gpu = node(
        taints=(Taint(key=GPU, value="present", effect="NoSchedule"),),
        accelerators={GPU: 8},
        accelerators_free={GPU: 8},
    )

    made = plan(gpu)

    assert made.groups[0].tolerations == (
        {"key": GPU, "operator": "Exists", "effect": "NoSchedule"},
    )


def test_taint_that_the_site_tolerates_does_not_hinder() -> None:
    tainted = node(taints=(Taint(key="team", value="vision", effect="NoSchedule"),))

    made = plan(tainted, pods={"tolerations": [{"key": "team", "operator": "Exists"}]})

    assert made.nodes == ("n1",)


def test_toleration_of_another_value_does_not_cover_the_taint() -> None:
    tainted = node(taints=(Taint(key="team", value="vision", effect="NoSchedule"),))

    made = plan(tainted, pods={"tolerations": [{"key": "team", "value": "speech"}]})

    assert [e.reason for e in made.excluded] == ["Tainted"]


def test_agents_ask_for_the_free_accelerators_only() -> None:
    made = plan(node(accelerators={GPU: 8}, accelerators_free={GPU: 3}))

    assert made.groups[0].resources == {GPU: 3}


def test_unlike_nodes_get_groups_of_their_own() -> None:
    made = plan(
        node("a"),
        node("b", architecture="arm64"),
        node("c", accelerators={GPU: 8}, accelerators_free={GPU: 8}),
        node("d"),
    )

    assert sorted(group.nodes for group in made.groups) == [("a", "d"), ("b",), ("c",)]
    assert len({group.name for group in made.groups}) == 3


def test_no_probe_means_no_agent() -> None:
    made = plan(node(), probes={"compute": False, "memory": False, "tcp": False})

    assert made.groups == ()
    assert made.cost.seconds == 0


def test_one_node_has_no_pair() -> None:
    assert not plan(node()).pair_probe
    assert plan(node(), node("n2")).pair_probe


names = st.text("abcdefgh", min_size=1, max_size=4)
surveys = st.lists(
    st.builds(
        NodeFacts,
        name=names,
        ready=st.booleans(),
        unschedulable=st.booleans(),
        architecture=st.sampled_from(["amd64", "arm64"]),
        accelerators=st.sampled_from([{}, {GPU: 8}]),
        accelerators_free=st.sampled_from([None, {GPU: 0}, {GPU: 2}]),
        taints=st.sampled_from(
            [(), (Taint(key="x", effect="NoSchedule"),), (Taint(key="x", effect="None"),)]
        ),
        labels=st.just({}),
        allocatable=st.just({}),
    ),
    max_size=12,
    unique_by=lambda n: n.name,
)


@given(surveys)
def test_every_node_is_in_exactly_one_place(nodes: list[NodeFacts]) -> None:
    made = plan(*nodes)

    placed = [*made.nodes, *(e.node for e in made.excluded)]
    assert sorted(placed) == sorted(n.name for n in nodes)
