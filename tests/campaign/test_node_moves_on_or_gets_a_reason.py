"""What becomes of a node follows from what is seen of it, and each end has its reason."""

from typing import Any

import pytest

from aiconform.campaign.roster import Sighting, next_change
from aiconform.cluster.facts import PodFacts
from aiconform.cluster.trouble import PodTrouble
from aiconform.model.plan import Limits, NodeFacts
from aiconform.model.records import NodeChanged

LIMITS = Limits(start_s=100, silent_s=20)
HEALTHY = NodeFacts(name="n1", ready=True)
DEAD = NodeFacts(name="n1", ready=False, ready_reason="NodeStatusUnknown")


def pod(**facts: Any) -> PodFacts:
    usual: dict[str, Any] = {
        "name": "agent-x",
        "uid": "u",
        "node": "n1",
        "group": "g",
        "ip": "10.0.0.1",
        "phase": "Running",
        "ready": True,
        "scheduled": True,
    }
    return PodFacts(**(usual | facts))


def change(**seen: Any) -> NodeChanged | None:
    usual: dict[str, Any] = {
        "node": "n1",
        "state": "reporting",
        "pod": pod(),
        "facts": HEALTHY,
        "said_hello": True,
        "waited_s": 5.0,
        "silent_s": 1.0,
    }
    return next_change(Sighting(**(usual | seen)), LIMITS)


def unplaced(*, final: bool = False) -> PodFacts:
    trouble = PodTrouble("Unschedulable", "no room: Insufficient cpu", final)
    return pod(phase="Pending", ready=False, scheduled=False, trouble=trouble)


def test_working_node_that_is_heard_stays_as_it_is() -> None:
    assert change() is None


def test_first_word_makes_a_node_reporting() -> None:
    moved = change(state="starting")

    assert moved is not None
    assert moved.state == "reporting"


def test_curable_trouble_is_given_time() -> None:
    assert change(state="waiting", said_hello=False, pod=unplaced()) is None


def test_trouble_beyond_the_limit_is_the_reason() -> None:
    moved = change(state="waiting", said_hello=False, pod=unplaced(), waited_s=101.0)

    assert moved is not None
    assert (moved.state, moved.reason) == ("failed", "Unschedulable")
    assert "Insufficient cpu" in moved.sentence


def test_final_trouble_is_not_waited_for() -> None:
    moved = change(state="waiting", said_hello=False, pod=unplaced(final=True), waited_s=1.0)

    assert moved is not None
    assert moved.state == "failed"


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ({"pod": None}, "NoPod"),
        ({"facts": DEAD}, "NotReady"),
        ({"facts": None}, "NodeGone"),
        ({"pod": pod()}, "NoContact"),
        ({"pod": pod(phase="Pending", ready=False)}, "Deadline"),
    ],
)
def test_node_that_never_starts_says_why(seen: dict[str, Any], reason: str) -> None:
    moved = change(state="waiting", said_hello=False, waited_s=101.0, **seen)

    assert moved is not None
    assert (moved.state, moved.reason) == ("failed", reason)


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ({}, "AgentSilent"),
        ({"facts": DEAD}, "NodeLost"),
        ({"pod": None}, "PodGone"),
        ({"pod": pod(trouble=PodTrouble("OOMKilled", "out of memory", False))}, "OOMKilled"),
    ],
)
def test_silent_node_is_lost_with_its_reason(seen: dict[str, Any], reason: str) -> None:
    moved = change(silent_s=21.0, **seen)

    assert moved is not None
    assert (moved.state, moved.reason) == ("lost", reason)
    assert "21 s" in moved.sentence


def test_evicted_pod_is_lost_at_once() -> None:
    moved = change(pod=pod(trouble=PodTrouble("Evicted", "was evicted", True)))

    assert moved is not None
    assert (moved.state, moved.reason) == ("lost", "Evicted")


@pytest.mark.parametrize("state", ["finished", "failed", "lost"])
def test_settled_node_changes_no_more(state: str) -> None:
    assert change(state=state, silent_s=1000.0, facts=DEAD) is None
