"""Who hangs on whose switch is read from the site's table, labels or devices, or stays unknown."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.fabric.sources import from_labels, leaves_in_slices, read_table, topology_of
from aiconform.fabric.topology import Topology, is_leaf_like
from aiconform.fabric.torus import Torus
from aiconform.model.errors import ConfigError
from aiconform.model.fabric import PlannedTopology
from tests.support.journals import names

KEYS = ("near", "far")


def test_table_of_lines_tells_leaves_by_rail() -> None:
    text = "node,rail,leaf\na,0,l0\na,1,l1\n# comment\n\nb, *, l0\nb,1,l1\n"

    topology = read_table(text)

    assert topology.leaves == {"a": ("l0", "l1"), "b": ("l0", "l1")}
    assert topology.units == {"l0+l1": ("a", "b")}
    assert topology.rails == 2
    assert topology.is_inside("a", "b")
    assert topology.leaf("l0+l1", 1) == "l1"
    assert topology.leaf("l0+l1", None) == "l0+l1"
    assert topology.leaf("l0+l1", 7) == "l0"


def test_table_of_places_tells_a_torus() -> None:
    topology = read_table("# ours\nnode,x/4,y\na,0,0\nb,3,0\nc,0,1\n d, 2, 0\n")

    assert topology.torus == Torus(
        {"a": (0, 0), "b": (3, 0), "c": (0, 1), "d": (2, 0)}, rings=(4, 0)
    )
    assert topology.torus.axis_of("b", "a") == "x"
    assert topology.torus.axis_of("a", "c") == "y"
    assert not topology.is_inside("a", "d")
    assert [*topology.units.values()] == [("a", "b", "c", "d")]
    planned = PlannedTopology(
        source=topology.source,
        leaves=dict(topology.leaves),
        places=dict(topology.torus.places),
        rings=topology.torus.rings,
        unit_count=1,
    )
    assert topology_of(planned) == topology


def test_table_may_be_json_and_name_pods() -> None:
    text = '[{"node": "a", "rail": "*", "leaf": "l1", "pod": "p1"}, {"node": "b", "leaf": "l1"}]'

    topology = read_table(text)

    assert topology.leaves == {"a": ("p1/l1",), "b": ("l1",)}
    assert not topology.is_inside("a", "b")
    assert not topology.is_inside("unknown", "unknown")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,0", "line 1 has 2 columns"),
        ("a,x,l", "rail 'x'"),
        ("a,64,l", "below 64"),
        ("a,0,l\na,0,m", "a has rail 0 twice"),
        ("a,0,l\nb,1,l", "a has no leaf for rail 1"),
        ("a,0,", "lacks its node or its leaf"),
        ("[1]", "entry 0"),
        ('[{"node": "a", "colour": "red"}]', "entry 0"),
        ("[", "not JSON"),
        ("{}", "no list"),
        ("node,x,z\na,0,0", "axes x, z"),
        ("node,x/0\na,0", "axes x/0"),
        ("node,x,y\na,0", "line 2 lacks"),
        ("node,x/4\n\na,4", "line 3: '4' is no place"),
        ("node,x\na,-1", "'-1' is no place"),
        ("node,x\na,1\na,2", "line 3 has a again"),
        ("node,x\na,1\nb,1", "line 3 puts b where a is"),
    ],
)
def test_malformed_table_says_where(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_table(text)

    assert said in caught.value.problem
    assert caught.value.hint


def test_nearest_label_that_can_be_a_leaf_is_used() -> None:
    hosts = {n: {"near": n, "far": f"l{i // 4}"} for i, n in enumerate(names(8))}

    topology = from_labels(hosts, KEYS)

    assert topology is not None
    assert topology.source == "label far"
    assert len(topology.units) == 2


@pytest.mark.parametrize(
    ("sizes", "node_count", "is_leaf"),
    [
        ([1, 1, 1, 1], 4, False),
        ([256, 2], 258, True),
        ([257], 257, False),
        ([2], 4, True),
        ([2], 5, False),
        ([2, 1, 1], 4, True),
        ([], 0, False),
    ],
)
def test_groups_are_leaves_when_their_sizes_can_be(
    sizes: list[int], node_count: int, is_leaf: bool
) -> None:
    groups = {f"n{g}-{i}": f"g{g}" for g, size in enumerate(sizes) for i in range(size)}

    assert is_leaf_like(groups, node_count=node_count) is is_leaf


def test_no_label_means_unknown() -> None:
    assert from_labels({n: {} for n in names(4)}, KEYS) is None


def slice_of(node: str | None, attribute: str, *values: str, old: bool = False) -> dict[str, Any]:
    devices = []
    for number, value in enumerate(values):
        told = {"attributes": {attribute: {"string": value}}}
        devices.append({"name": f"nic{number}", **({"basic": told} if old else told)})
    return {"spec": {"nodeName": node, "devices": devices}}


def test_devices_tell_leaves_by_rail_or_for_all() -> None:
    slices = [
        slice_of("a", "switch", "l0", "l1"),
        slice_of("b", "switch", "l2", "l2", old=True),
        slice_of("c", "other", "x"),
        slice_of(None, "switch", "l0"),
        {},
    ]

    assert leaves_in_slices(slices, attribute="example.com/switch") == {
        "a": ("l0", "l1"),
        "b": ("l2",),
    }


@given(st.dictionaries(st.sampled_from(names(9)), st.sampled_from("xyz")))
def test_each_node_is_in_the_unit_that_it_says(groups: dict[str, str]) -> None:
    topology = Topology({node: (leaf,) for node, leaf in groups.items()})

    assert {n for nodes in topology.units.values() for n in nodes} == set(groups)
    assert all(topology.unit_of[n] == u for u, nodes in topology.units.items() for n in nodes)
    assert topology.of(["node1"]).leaves.keys() <= {"node1"}
