"""What a node says of itself, and how many of its accelerators are taken."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aiconform.cluster.accelerators import accelerators_in_use, effective_request, whole_quantity
from aiconform.cluster.facts import node_facts
from aiconform.cluster.lists import slim_node, slim_pod
from tests.cluster.pods import recorded_node

GPU = "nvidia.com/gpu"


def asking(count: int | str, **rest: str) -> dict[str, Any]:
    return {"resources": {"limits": {GPU: str(count)}}, **rest}


def test_recorded_node() -> None:
    facts = node_facts(recorded_node())

    assert (facts.name, facts.ready, facts.ready_reason) == ("node1", True, "KubeletReady")
    assert (facts.architecture, facts.kubelet) == ("amd64", "v1.37.2")
    assert facts.os_image == "Debian GNU/Linux 12 (bookworm)"
    assert facts.runtime.startswith("containerd://")
    assert facts.allocatable["cpu"] == "2"
    assert (facts.accelerators, facts.accelerators_free) == ({}, None)


def test_silent_tainted_and_cordoned_node() -> None:
    node = recorded_node()
    node["spec"] = {
        "unschedulable": True,
        "taints": [{"key": "team", "value": "vision", "effect": "NoSchedule"}],
    }
    node["status"]["conditions"] = [
        {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}
    ]

    facts = node_facts(node)

    assert (facts.ready, facts.ready_reason) == (False, "NodeStatusUnknown")
    assert facts.unschedulable
    assert str(facts.taints[0]) == "team=vision:NoSchedule"


def test_node_that_never_reported_is_not_ready_with_a_reason() -> None:
    facts = node_facts({"metadata": {"name": "new"}})

    assert (facts.ready, facts.ready_reason) == (False, "NoReadyCondition")


def test_accelerators_are_those_named_and_families() -> None:
    node = recorded_node()
    node["status"]["allocatable"] |= {
        GPU: "8", "nvidia.com/mig-1g.5gb": "2", "amd.com/gpu": "0", "example.com/other": "4"
    }  # fmt: skip

    facts = node_facts(node, accelerator_resources=[GPU, "nvidia.com/mig-*", "amd.com/gpu"])

    assert facts.accelerators == {GPU: 8, "nvidia.com/mig-1g.5gb": 2}


def test_pods_that_are_bound_and_have_not_ended_count() -> None:
    def pod(node: str | None, phase: str, count: int) -> dict[str, Any]:
        spec = {"nodeName": node, "containers": [asking(count)]}
        return {"spec": spec, "status": {"phase": phase}}

    pods = [
        pod("a", "Running", 2),
        pod("a", "Pending", 1),
        pod("a", "Succeeded", 4),
        pod("a", "Failed", 4),
        pod(None, "Pending", 4),
        pod("b", "Running", 8),
    ]

    assert accelerators_in_use(pods, accelerator_resources=["nvidia.com/*"]) == {
        "a": {GPU: 3}, "b": {GPU: 8}
    }  # fmt: skip
    assert accelerators_in_use(pods, accelerator_resources=["amd.com/gpu"]) == {}


def test_init_containers_count_one_after_another_and_sidecars_with_all() -> None:
    spec = {
        "initContainers": [asking(2), asking(1, restartPolicy="Always"), asking(5)],
        "containers": [asking(2), asking(1)],
    }

    assert effective_request(spec, GPU) == 6  # the last init container beside the sidecar
    assert effective_request({"containers": [asking(2), asking(1)]}, GPU) == 3
    assert effective_request({**spec, "initContainers": [asking(9)]}, GPU) == 9
    assert effective_request({"containers": [{}]}, GPU) == 0


def test_quantities_of_whole_things() -> None:
    quantities = ["8", "1k", "2Ki", "0", "500m", "-1", "", "x", "9" * 30]

    assert list(map(whole_quantity, quantities)) == [8, 1000, 2048, 0, 0, 0, 0, 0, 0]


def test_what_is_kept_of_a_list_is_enough_to_count() -> None:
    pod = {
        "metadata": {"name": "p", "namespace": "n", "managedFields": ["x"]},
        "spec": {
            "nodeName": "a",
            "initContainers": [asking(3, image="i")],
            "containers": [asking(1, image="i", env="secret")],
        },
        "status": {"phase": "Running", "conditions": ["x"]},
    }

    slim = slim_pod(pod)

    for found in (pod, slim):
        assert accelerators_in_use([found], accelerator_resources=[GPU]) == {"a": {GPU: 3}}
    assert "secret" not in str(slim)
    node = recorded_node()
    node["status"]["images"] = ["x"] * 50
    assert node_facts(slim_node(node)) == node_facts(node)
    assert "images" not in slim_node(node)["status"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=300),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["conditions", "taints", "key", "allocatable", "nodeInfo", "type",
                             "containers", "resources", "limits", "nodeName", "labels"]), inner)
    ),
)  # fmt: skip


@given(st.fixed_dictionaries({"metadata": json_values, "spec": json_values, "status": json_values}))
def test_strange_objects_never_raise(found: dict[str, Any]) -> None:
    node_facts(found, accelerator_resources=["*"])
    accelerators_in_use([slim_pod(found)], accelerator_resources=["*"])
    slim_node(found)
