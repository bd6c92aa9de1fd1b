"""Each way in which a pod can fail has its reason, and a sentence that names what to mend."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.cluster.facts import pod_facts
from tests.cluster.pods import condition, container, pod, recorded

DISRUPTED = ("DisruptionTarget", "True")


@pytest.mark.parametrize(
    ("name", "reason", "words", "final"),
    [
        ("never", "ErrImageNeverPull", "image example.com/none:1 is not on the node", True),
        ("pull", "ErrImagePull", "image registry.invalid/none:1 cannot be pulled", False),
        ("badname", "InvalidImageName", "'Bad Name' is not the name of an image", True),
        ("nocm", "CreateContainerConfigError", 'configmap "absent" not found', False),
        ("crash", "RunContainerError", "stat /nothing: no such file", True),
        ("does-not-fit", "Unschedulable", "Insufficient cpu, Insufficient nvidia.com/gpu", False),
    ],
)
def test_recorded_troubles(name: str, reason: str, words: str, final: bool) -> None:
    trouble = pod_facts(recorded(name)).trouble

    assert trouble is not None
    assert (trouble.reason, trouble.final) == (reason, final)
    assert words in trouble.sentence


def test_pod_that_does_not_fit_is_told_of_its_own_node_alone() -> None:
    facts = pod_facts(recorded("does-not-fit"))

    assert (facts.node, facts.scheduled, facts.group) == ("node1", False, "g")
    assert facts.trouble is not None
    assert "NodeAffinity" not in facts.trouble.sentence
    assert "reemption" not in facts.trouble.sentence


@pytest.mark.parametrize(
    ("status", "reason", "words", "final"),
    [
        (
            container(state={"waiting": {"reason": "ImagePullBackOff", "message": "Back-off: x"}}),
            "ImagePullBackOff", "image site/engine:1 cannot be pulled: Back-off: x", False,
        ),
        (
            container(state={"waiting": {"reason": "ImagePullBackOff", "message":
                'Back-off pulling image "x": ErrImagePull: rpc error: code = NotFound'}}),
            "ImagePullBackOff", "site/engine:1", True,
        ),
        (
            {"initContainerStatuses": [{"name": "agent", "state": {"waiting": {
                "reason": "ErrImagePull", "message": "pull access denied"}}}]},
            "ErrImagePull", "site/agent:1", True,
        ),
        (
            container(restartCount=2, state={"waiting": {"reason": "CrashLoopBackOff"}},
                      lastState={"terminated": {"reason": "Error", "exitCode": 1}}),
            "CrashLoopBackOff", "2 restarts; exit code 1", False,
        ),
        (
            container(restartCount=0, state={"waiting": {"reason": "RunContainerError",
                "message": 'exec: "python3": executable file not found in $PATH'}}),
            "RunContainerError", '"python3": executable file not found', True,
        ),
        (
            container(restartCount=5, state={"waiting": {"reason": "CrashLoopBackOff"}},
                      lastState={"terminated": {"reason": "OOMKilled", "exitCode": 137}}),
            "OOMKilled", "out of memory, exit code 137", True,
        ),
        (
            container(state={"terminated": {"reason": "OOMKilled", "exitCode": 137}}),
            "OOMKilled", "out of memory", False,
        ),
        (
            container(state={"terminated": {"reason": "Error", "exitCode": 3, "message": "boo"}}),
            "ContainerFailed", "exit code 3: boo", False,
        ),
        (
            {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."},
            "Evicted", "low on memory", True,
        ),
        (
            {"phase": "Failed", "reason": "Evicted", "message": "low on memory",
             **condition(*DISRUPTED, reason="TerminationByKubelet")},
            "Evicted", "evicted by its kubelet: low on memory", True,
        ),
        (
            {"phase": "Failed", "reason": "Preempting",
             **condition(*DISRUPTED, reason="TerminationByKubelet")},
            "Preempted", "critical pod", True,
        ),
        (
            {"phase": "Failed", "reason": "Terminated", "message": "imminent node shutdown"},
            "NodeShutdown", "imminent node shutdown", True,
        ),
        (
            condition(*DISRUPTED, reason="TerminationByKubelet"),
            "NodeShutdown", "ended by its kubelet", True,
        ),
        (condition(*DISRUPTED, reason="PreemptionByScheduler"), "Preempted", "priority", True),
        (condition(*DISRUPTED, reason="DeletionByPodGC"), "NodeLost", "node is gone", True),
        (condition(*DISRUPTED, reason="DeletionByTaintManager"), "Evicted", "taint", True),
        (condition(*DISRUPTED, reason="EvictionByEvictionAPI"), "Evicted", "drain", True),
        (condition(*DISRUPTED, reason="SomethingNew"), "Disrupted", "SomethingNew", True),
        ({"phase": "Running", "reason": "NodeLost"}, "NodeLost", "NodeLost", True),
        (
            {"phase": "Failed", "reason": "OutOfnvidia.com/gpu"},
            "OutOfResource", "too little nvidia.com/gpu", True,
        ),
        (
            {"phase": "Failed", "reason": "UnexpectedAdmissionError", "message": "no devices"},
            "UnexpectedAdmissionError", "no devices", True,
        ),
        ({"phase": "Failed"}, "PodFailed", "failed", True),
        ({"phase": "Failed", "reason": "strange reason!"}, "PodFailed", "strange reason!", True),
        (
            {"phase": "Pending", **condition("PodScheduled", "False", reason="SchedulingGated")},
            "SchedulingGated", "gate", False,
        ),
    ],
)  # fmt: skip
def test_troubles_that_are_hard_to_record(
    status: dict[str, Any], reason: str, words: str, final: bool
) -> None:
    trouble = pod_facts(pod(status)).trouble

    assert trouble is not None
    assert (trouble.reason, trouble.final) == (reason, final)
    assert words in trouble.sentence


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"phase": "Pending"},
        {"phase": "Succeeded", "reason": "Evicted"},
        container(state={"running": {}}),
        container(state={"waiting": {"reason": "ContainerCreating"}}),
        container(state={"waiting": {"reason": "PodInitializing"}}),
        container(state={"terminated": {"exitCode": 0, "reason": "Completed"}}),
        condition("DisruptionTarget", "False", reason="PreemptionByScheduler"),
    ],
)
def test_pod_on_its_way_has_no_trouble(status: dict[str, Any]) -> None:
    assert pod_facts(pod(status)).trouble is None


def test_restarted_pod_works_and_says_how_it_ended_before() -> None:
    status = container(
        restartCount=1,
        state={"running": {}},
        lastState={"terminated": {"reason": "OOMKilled", "exitCode": 137}},
    )

    facts = pod_facts(pod({**status, **condition("Ready", "True"), "podIP": "10.0.0.9"}))

    assert facts.trouble is None
    assert (facts.ready, facts.ip, facts.group) == (True, "10.0.0.9", "g1")
    assert (facts.restarts, facts.last_end) == (1, "OOMKilled, exit code 137")


def test_deleted_and_terminating_are_told_apart() -> None:
    going = pod({})
    going["metadata"]["deletionTimestamp"] = "2026-11-24T12:00:00Z"

    assert (pod_facts(going).terminating, pod_facts(going).deleted) == (True, False)
    assert pod_facts(going, deleted=True).deleted


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["conditions", "containers", "containerStatuses", "state", "waiting", "reason",
                 "type", "status", "terminated", "affinity", "nodeAffinity", "restartCount"]
            ), inner)
    ),
)  # fmt: skip


@given(st.fixed_dictionaries({"metadata": json_values, "spec": json_values, "status": json_values}))
def test_strange_objects_never_raise(found: dict[str, Any]) -> None:
    pod_facts(found)
