"""The plan takes the site's own word on its switches, else the usual labels, else none."""

from typing import Any

import pytest

from aiconform import catalogue
from aiconform.campaign.network import network_topology
from aiconform.fabric.sources import topology_of
from aiconform.model.errors import ConfigError
from aiconform.model.fabric import PlannedTopology
from aiconform.model.plan import NodeFacts, RunConfig

EKS = "topology.k8s.aws/network-node-layer-3"


def topology(nodes: list[NodeFacts], **asked: str) -> PlannedTopology | None:
    config = RunConfig.model_validate({"name": "r", "fabric": {"topology": asked}})
    return network_topology(config, nodes)


def fleet(**facts: Any) -> list[NodeFacts]:
    return [
        NodeFacts(
            name=f"n{i}",
            ready=True,
            labels={key: f"{value}{i // 2}" for key, value in facts.get("labels", {}).items()},
            leaves=tuple(f"{leaf}{i // 2}" for leaf in facts.get("leaves", ())),
        )
        for i in range(4)
    ]


def test_usual_labels_are_found() -> None:
    planned = topology(fleet(labels={EKS: "nn-"}))

    assert planned is not None
    assert planned.source == f"label {EKS}"
    assert planned.unit_count == 2
    known = topology_of(planned)
    assert known is not None
    assert known.units == {"nn-0": ("n0", "n1"), "nn-1": ("n2", "n3")}


def test_table_wins_over_labels() -> None:
    planned = topology(fleet(labels={EKS: "nn-"}), table="n0,*,a\nn1,*,a\nelsewhere,*,a\n")

    assert planned is not None
    assert planned.leaves == {"n0": ("a",), "n1": ("a",)}


def test_label_and_attribute_of_the_site_are_taken() -> None:
    by_label = topology(fleet(labels={"rack": "r"}), label="rack")
    by_attribute = topology(fleet(leaves=["x", "y"]), attribute="example.com/switch")

    assert by_label is not None
    assert by_attribute is not None
    assert by_label.unit_count == by_attribute.unit_count == 2
    assert by_attribute.leaves["n3"] == ("x1", "y1")


@pytest.mark.parametrize("asked", [{"label": "rack"}, {"attribute": "example.com/switch"}])
def test_what_is_asked_for_and_not_there_is_an_error(asked: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        topology(fleet(), **asked)

    assert "does not tell leaf switches" in caught.value.problem


def test_nothing_known_is_none() -> None:
    assert topology(fleet()) is None
    assert topology_of(None) is None
    assert network_topology(RunConfig(name="r"), []) is None
    assert topology(fleet(), table="elsewhere,*,a") is None


def test_each_label_has_its_source_and_none_is_a_zone() -> None:
    assert all(each.keys and each.source.where for each in catalogue.topology_labels())
    assert not any("zone" in key or "region" in key for key in catalogue.topology_label_keys())


def test_places_in_a_torus_are_planned_for_the_nodes_of_the_run() -> None:
    planned = topology(fleet(), table="node,x/4,y\nn0,0,0\nn1,1,0\nelsewhere,2,0\n")

    assert planned is not None
    assert planned.places == {"n0": (0, 0), "n1": (1, 0)}
    assert planned.rings == (4, 0)
    known = topology_of(planned)
    assert known is not None
    assert known.is_inside("n0", "n1")
