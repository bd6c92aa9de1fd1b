"""The survey reads leaves from ResourceSlices when it is asked to, and says so when it may not."""

from typing import Any

import pytest

from aiconform.campaign.survey import survey
from aiconform.cluster.fake import FakeCluster
from aiconform.cluster.resources import RESOURCE_SLICE
from aiconform.model.fabric import FabricSettings, TopologySettings
from aiconform.model.plan import RunConfig
from aiconform.model.records import Surveyed

ATTRIBUTE = "example.com/switch"
RIGHT = "list resourceslices.resource.k8s.io"


def node(name: str) -> dict[str, Any]:
    ready = {"type": "Ready", "status": "True"}
    return {"metadata": {"name": name}, "status": {"conditions": [ready]}}


async def look(cluster: FakeCluster, *, attribute: str = ATTRIBUTE) -> Surveyed:
    settings = FabricSettings(topology=TopologySettings(attribute=attribute))
    return await survey(cluster, RunConfig(name="r", fabric=settings), job="aiconform")


def leaves(surveyed: Surveyed) -> dict[str, tuple[str, ...]]:
    return {node.name: node.leaves for node in surveyed.nodes}


@pytest.fixture
async def cluster() -> FakeCluster:
    fake = FakeCluster(nodes=[node("n1"), node("n2")])
    attributes = {"switch": {"string": "leaf7"}}
    manifest = {
        "metadata": {"name": "n1-nics"},
        "spec": {"nodeName": "n1", "devices": [{"name": "nic0", "attributes": attributes}]},
    }
    await fake.objects.create(RESOURCE_SLICE, manifest, namespace="", dry_run=False)
    return fake


async def test_devices_that_tell_are_believed(cluster: FakeCluster) -> None:
    assert leaves(await look(cluster)) == {"n1": ("leaf7",), "n2": ()}


async def test_nobody_is_asked_without_need(cluster: FakeCluster) -> None:
    found = await look(cluster, attribute="")

    assert leaves(found) == {"n1": (), "n2": ()}
    assert not any("resourceslices" in call and "list" in call for call in cluster.objects.calls)


async def test_what_may_not_be_read_is_named(cluster: FakeCluster) -> None:
    cluster.objects.forbidden.add(RIGHT)

    found = await look(cluster)

    assert leaves(found) == {"n1": (), "n2": ()}
    assert any(said.startswith(RIGHT) for said in found.not_permitted)


async def test_cluster_without_such_devices_tells_nothing(cluster: FakeCluster) -> None:
    cluster.objects.served = {
        key: found for key, found in cluster.objects.served.items() if found != RESOURCE_SLICE
    }

    found = await look(cluster)

    assert leaves(found) == {"n1": (), "n2": ()}
    assert not any("resourceslices" in said for said in found.not_permitted)
