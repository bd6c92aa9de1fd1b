"""Placement: the group's nodes, whatever else the site asks for."""

from typing import Any

from aiconform.cluster.placement import LARGE_GROUP, node_affinity

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def terms(affinity: dict[str, Any]) -> list[dict[str, Any]]:
    return list(affinity["nodeAffinity"][REQUIRED]["nodeSelectorTerms"])


def by_name(node: str) -> dict[str, Any]:
    return {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}


def test_each_node_is_a_term_with_one_value() -> None:
    found = node_affinity(["a", "b"], site={}, hostnames={"a": "host-a"})

    assert terms(found) == [by_name("a"), by_name("b")]


def test_site_terms_hold_together_with_ours() -> None:
    zone, disk = ({"key": key, "operator": "Exists"} for key in ("zone", "disk"))
    preferred = [{"weight": 1, "preference": {}}]
    site = {
        "nodeAffinity": {
            REQUIRED: {
                "nodeSelectorTerms": [{"matchExpressions": [zone]}, {"matchExpressions": [disk]}]
            },
            "preferredDuringSchedulingIgnoredDuringExecution": preferred,
        },
        "podAntiAffinity": {"x": 1},
    }

    found = node_affinity(["a", "b"], site=site, hostnames={})

    assert terms(found) == [
        {"matchExpressions": [expression], **by_name(node)}
        for expression in (zone, disk)
        for node in ("a", "b")
    ]
    assert found["podAntiAffinity"] == {"x": 1}
    assert found["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"] == preferred


def test_large_group_is_one_expression_on_the_hostname_label() -> None:
    nodes = [f"n{i}" for i in range(LARGE_GROUP + 1)]
    hostnames = {node: f"host-{node}" for node in nodes[1:]}

    found = terms(node_affinity(nodes, site={}, hostnames=hostnames))

    assert found[0] == by_name("n0")  # it has no such label
    assert len(found) == 2
    expression = found[1]["matchExpressions"][0]
    assert expression["key"] == "kubernetes.io/hostname"
    assert set(expression["values"]) == set(hostnames.values())


def test_large_group_without_labels_is_still_exact() -> None:
    nodes = [f"n{i}" for i in range(LARGE_GROUP + 1)]

    assert terms(node_affinity(nodes, site={}, hostnames={})) == [by_name(n) for n in nodes]
