"""What has fooled such checks: leftovers, taints, images, strangers' answers, user namespaces."""

from typing import Any

import pytest

from aiconform.cluster.resources import NODE, POD
from aiconform.model.outcome import Outcome
from tests.checks.secure_accelerator_access.test_verdicts import judged
from tests.checks.secure_accelerator_access.world import GPU, World


def test_a_tenant_that_never_goes_has_not_given_its_device_back() -> None:
    world = World(mode="dra")
    world.platform.objects.stuck.add("secure-accelerator-access-a-1")
    verdict = judged(world)

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "NotReleased"), verdict.sentence
    assert any("left behind" in note for note in verdict.notes)


def test_nodes_that_keep_others_off_their_accelerators_are_tried_by_tolerations() -> None:
    world = World()
    taint = {"key": GPU, "value": "present", "effect": "NoExecute"}
    for node in world.platform.objects.all(NODE):
        node["spec"]["taints"] = [taint]
    tolerated = []

    def note(verb: str, resource: object, found: dict[str, Any]) -> None:
        if verb == "create" and resource == POD:
            keys = {t.get("key") for t in found["spec"]["tolerations"]}
            tolerated.append(GPU in keys and "nodeName" not in found["spec"])

    world.platform.objects.reactions.append(note)
    verdict = judged(world)

    assert verdict.outcome is Outcome.PASS, verdict.sentence
    assert len(tolerated) > 6
    assert all(tolerated)


def test_an_image_that_cannot_be_had_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()

    def no_image(pod: dict[str, Any]) -> None:
        waiting = {"reason": "ErrImageNeverPull", "message": "image x is not present"}
        status = {"phase": "Pending", "containerStatuses": [{"state": {"waiting": waiting}}]}
        world.platform.objects.change(POD, pod, status=status)

    monkeypatch.setattr(world, "_begin", no_image)
    verdict = judged(world)

    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, "ImagePull"), verdict.sentence


def test_another_pods_answer_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    serve = world._serve

    def stranger(pod: dict[str, Any], container: dict[str, Any], address: str) -> None:
        other = {**pod, "metadata": {**pod["metadata"], "uid": "another"}}
        serve(other, container, address)

    monkeypatch.setattr(world, "_serve", stranger)
    verdict = judged(world)

    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, "NoAnswer"), verdict.sentence


def test_a_user_namespace_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("no-capability")
    line = world._line

    def mapped(*given: Any) -> dict[str, Any]:
        return {**line(*given), "uid_map": "0 100000 65536"}

    monkeypatch.setattr(world, "_line", mapped)
    verdict = judged(world)

    assert verdict.outcome is Outcome.PASS, verdict.sentence
    assert any("user namespace" in note for note in verdict.notes)
