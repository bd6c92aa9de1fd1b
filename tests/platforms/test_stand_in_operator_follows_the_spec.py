"""What the stand-in operator refuses, makes and reports of a RayCluster."""

from typing import Any

from e2e.platforms.ray_cluster import ray_cluster
from e2e.platforms.standins.control import Settings
from e2e.platforms.standins.operator import refusal, review, status, wanted_pods


def cluster(*groups: str) -> dict[str, Any]:
    found = ray_cluster("trial", "image", namespace="here", groups=groups)
    found["metadata"] |= {"uid": "u", "generation": 3}
    return found


def ready(name: str) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True"}]
    return {"metadata": {"name": name}, "status": {"conditions": conditions}}


def test_two_groups_of_one_name_are_refused_and_two_names_are_not() -> None:
    assert "unique: a" in refusal(cluster("a", "a"))
    assert refusal(cluster("a", "b")) == ""


def test_webhook_denies_unless_it_accepts_anything() -> None:
    request = {"uid": "1", "object": cluster("a", "a")}

    assert review(Settings(mutants=[]), request)["allowed"] is False
    assert review(Settings(mutants=["accepts-anything"]), request)["allowed"] is True


def test_every_pod_is_owned_by_its_cluster() -> None:
    pods = wanted_pods(cluster("a", "b"))

    assert sorted(pods) == ["trial-a-0", "trial-b-0", "trial-head"]
    assert {pod["metadata"]["ownerReferences"][0]["uid"] for pod in pods.values()} == {"u"}


def test_cluster_is_ready_only_with_head_and_all_workers() -> None:
    some = status(cluster("a"), [ready("trial-head")])
    every = status(cluster("a"), [ready("trial-head"), ready("trial-a-0")])

    assert some["state"] == ""
    assert every["state"] == "ready"
    assert every["observedGeneration"] == 3
    assert {c["type"]: c["status"] for c in some["conditions"]} == {
        "HeadPodReady": "True",
        "RayClusterProvisioned": "False",
    }
