"""The fixture accelerators are honest when told to be, and misbehave in plain sight when not."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from e2e.lab.accelerators import DRIVER, RESOURCE, Accelerators
from e2e.lab.lab import Lab
from e2e.lab.shell import wait_for

pytestmark = [pytest.mark.lab, pytest.mark.usefixtures("tidy")]

NAMESPACE = "accelerator-fixtures"


@pytest.fixture(scope="module")
def accelerators(lab: Lab) -> Accelerators:
    return Accelerators(lab)


@pytest.fixture(scope="module")
def image(accelerators: Accelerators) -> str:
    return accelerators.load_image()


@contextmanager
def namespace(lab: Lab) -> Iterator[None]:
    """Inside a fixture's block: its pods end before the fixture does."""
    lab.kubectl("create", "namespace", NAMESPACE)
    try:
        yield
    finally:
        lab.kubectl("delete", "namespace", NAMESPACE)


def start(
    lab: Lab,
    name: str,
    image: str,
    *look: str,
    node: str,
    limits: Mapping[str, str] | None = None,
    claim: str | None = None,
) -> None:
    """A pod that says what it sees and stays."""
    resources: dict[str, Any] = {"limits": dict(limits or {})}
    pod: dict[str, Any] = {
        "nodeSelector": {"kubernetes.io/hostname": node},
        "terminationGracePeriodSeconds": 1,
        "containers": [
            {
                "name": "look",
                "image": image,
                "imagePullPolicy": "Never",
                "args": ["look", "--stay", *look],
                "resources": resources,
            }
        ],
    }
    if claim:
        pod["resourceClaims"] = [{"name": "accel", "resourceClaimTemplateName": claim}]
        resources["claims"] = [{"name": "accel"}]
    create(lab, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": pod})


def create(lab: Lab, manifest: Mapping[str, Any]) -> None:
    lab.kubectl("-n", NAMESPACE, "create", "-f", "-", input=json.dumps(manifest))


def pod(lab: Lab, name: str) -> dict[str, Any]:
    return dict(json.loads(lab.kubectl("-n", NAMESPACE, "get", "pod", name, "-o", "json")))


def sight(lab: Lab, name: str) -> dict[str, Any]:
    """What the pod said it sees."""
    lab.kubectl(
        "-n", NAMESPACE, "wait", f"pod/{name}", "--for=condition=Ready", "--timeout=60s"
    )  # fmt: skip
    logs: list[str] = []

    def said() -> bool:
        logs[:] = lab.kubectl("-n", NAMESPACE, "logs", name).splitlines()
        return bool(logs)

    wait_for(f"{name} to look", said, limit_s=40)
    return dict(json.loads(logs[0]))


def opened(found: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Path → what `open` answered."""
    return {attempt["path"]: attempt["open"] for attempt in found}


def device_health(lab: Lab, name: str) -> dict[str, str]:
    """Device id → health, as the pod's status has it."""
    statuses = pod(lab, name)["status"].get("containerStatuses", [])
    resources = [r for s in statuses for r in s.get("allocatedResourcesStatus", ())]
    return {r["resourceID"]: r["health"] for entry in resources for r in entry["resources"]}


def test_device_plugin_gives_one_device_to_its_owner_alone(
    lab: Lab, accelerators: Accelerators, image: str
) -> None:
    with accelerators.device_plugin("node1", count=3) as fixtures, namespace(lab):
        fixture = fixtures["node1"]
        start(lab, "owner", image, node="node1", limits={RESOURCE: "1"})
        owner = sight(lab, "owner")
        (device,) = owner["found"]
        start(lab, "bystander", image, "--number", device["number"], node="node1")
        bystander = sight(lab, "bystander")

        index = int(device["path"].removeprefix("/dev/accel-fixture"))
        assert device["open"] == "ENXIO"
        assert owner["environment"]["ACCEL_FIXTURE_DEVICES"] == f"accel-{index}"
        assert owner["version"] == "1.4.2"
        assert bystander["found"] == []
        assert [attempt["open"] for attempt in bystander["made"]] == ["EPERM"]
        assert bystander["environment"] == {}
        assert device_health(lab, "owner") == {f"accel-{index}": "Healthy"}

        fixture.set_health(index, "Unhealthy")
        wait_for("allocatable", lambda: accelerators.allocatable("node1") == 2, limit_s=40)
        wait_for(
            "the pod's status",
            lambda: device_health(lab, "owner") == {f"accel-{index}": "Unhealthy"},
            limit_s=40,
        )

        fixture.mutate("leak")
        start(lab, "greedy", image, node="node1", limits={RESOURCE: "1"})
        greedy = opened(sight(lab, "greedy")["found"])
        assert greedy == {f"/dev/accel-fixture{i}": "ENXIO" for i in range(3)}

    assert RESOURCE not in lab.kubectl("get", "node", "node1", "-o", "yaml")


def test_device_plugin_registers_with_a_new_kubelet(lab: Lab, accelerators: Accelerators) -> None:
    with accelerators.device_plugin("node1", count=1) as fixtures:
        assert fixtures["node1"].state()["registrations"] == 1

        lab.kill_kubelet("node1")
        lab.heal()

        wait_for(
            "the second registration",
            lambda: fixtures["node1"].state()["registrations"] == 2,
            limit_s=40,
        )
        wait_for("allocatable", lambda: accelerators.allocatable("node1") == 1, limit_s=40)


def test_dra_driver_publishes_and_prepares(
    lab: Lab, accelerators: Accelerators, image: str
) -> None:
    with (
        accelerators.dra_driver("node1", "node2", count=2, numa=(0, 1)) as fixtures,
        namespace(lab),
    ):
        first, second = accelerators.published("node2")
        assert first["name"] == "accel-0"
        assert second["attributes"]["driverVersion"] == {"version": "1.4.2"}
        assert second["attributes"]["resource.kubernetes.io/numaNode"] == {"int": 1}
        assert second["attributes"]["resource.kubernetes.io/pcieRoot"] == {"string": "pci0000:10"}
        assert second["attributes"]["productName"] == {"string": "Accelerator Fixture A1"}
        assert first["attributes"]["uuid"] != second["attributes"]["uuid"]
        assert second["capacity"]["memory"] == {"value": "16Gi"}

        create(lab, claim_template("one-accelerator"))
        start(lab, "owner", image, node="node2", claim="one-accelerator")
        owner = sight(lab, "owner")
        (device,) = owner["found"]
        index = int(device["path"].removeprefix("/dev/accel-fixture"))
        assert device["open"] == "ENXIO"
        uuid = (first, second)[index]["attributes"]["uuid"]["string"]
        assert owner["environment"] == {f"ACCEL_FIXTURE_DEVICE_{index}": uuid}

        fixtures["node2"].mutate("no-device")
        fixtures["node2"].mutate("lie-version", "2.0.0")
        start(lab, "robbed", image, node="node2", claim="one-accelerator")
        robbed = sight(lab, "robbed")
        assert robbed["found"] == []
        assert list(robbed["environment"]) == [f"ACCEL_FIXTURE_DEVICE_{1 - index}"]
        assert robbed["version"] == "1.4.2"
        lie = {"version": "2.0.0"}
        wait_for(
            "the lie",
            lambda: accelerators.published("node2")[0]["attributes"]["driverVersion"] == lie,
            limit_s=40,
        )

        fixtures["node2"].set_health(index, "Unhealthy", "row remap")
        fixtures["node2"].taint(index, "example.com/sick:NoSchedule")
        wait_for(
            "the pod's status",
            lambda: list(device_health(lab, "owner").values()) == ["Unhealthy"],
            limit_s=40,
        )
        wait_for(
            "the taint",
            lambda: "taints" in accelerators.published("node2")[index],
            limit_s=40,
        )

    assert accelerators.published("node1") == []
    assert accelerators.published("node2") == []


def claim_template(name: str) -> dict[str, Any]:
    request = {"name": "accel", "exactly": {"deviceClassName": DRIVER}}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": name},
        "spec": {"spec": {"devices": {"requests": [request]}}},
    }
