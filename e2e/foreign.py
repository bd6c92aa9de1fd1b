"""Workloads of somebody else, who must not notice that the platform is being checked."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from e2e.lab.accelerators import DRIVER
from e2e.lab.lab import Lab
from e2e.lab.shell import wait_for

NAMESPACE = "foreign"


@contextmanager
def holder(
    lab: Lab,
    image: str,
    *,
    node: str,
    resources: Mapping[str, str] | None = None,
    device_class: str = DRIVER,
) -> Iterator["Holder"]:
    """
    A running pod that holds an accelerator until the end of the block.

    Args:
        image: Of the fixture, `Accelerators.load_image()`.
        resources: Extended resources; None: one device by a claim of the class instead.
    """
    lab.kubectl("create", "namespace", NAMESPACE)
    try:
        for manifest in _manifests(
            image, node=node, resources=resources, device_class=device_class
        ):
            lab.kubectl("-n", NAMESPACE, "create", "-f", "-", input=json.dumps(manifest))
        found = Holder(lab)
        wait_for("the foreign pod", lambda: found.phase == "Running", limit_s=60)
        yield found
    finally:
        lab.kubectl("delete", "namespace", NAMESPACE, "--wait=true")


class Holder:
    """The foreign pod, as the API server shows it now."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    @property
    def phase(self) -> str:
        return str(self._pod().get("status", {}).get("phase"))

    @property
    def state(self) -> Mapping[str, Any]:
        """
        What nobody but its owner may change: equal before and after, or it was touched.

        Its kubelet may write its status at any time, and with it the resourceVersion: a device's
        health, for one. Every other write shows in who wrote last, and when.
        """
        pod = self._pod(managed=True)
        metadata, statuses = pod["metadata"], pod["status"].get("containerStatuses", ())
        wrote = [each for each in metadata["managedFields"] if each["manager"] != "kubelet"]
        own = ("uid", "generation", "labels", "annotations", "deletionTimestamp", "finalizers")
        return {
            **{key: metadata.get(key) for key in own},
            "spec": pod["spec"],
            "restarts": [status["restartCount"] for status in statuses],
            "wrote": [(each["manager"], each["operation"], each["time"]) for each in wrote],
        }

    def _pod(self, *, managed: bool = False) -> dict[str, Any]:
        shown = (f"--show-managed-fields={str(managed).lower()}", "-o", "json")
        return dict(json.loads(self._lab.kubectl("-n", NAMESPACE, "get", "pod", "holder", *shown)))


def _manifests(
    image: str, *, node: str, resources: Mapping[str, str] | None, device_class: str
) -> list[dict[str, Any]]:
    container: dict[str, Any] = {
        "name": "holder",
        "image": image,
        "imagePullPolicy": "Never",
        "args": ["look", "--stay"],
    }
    spec: dict[str, Any] = {
        "nodeSelector": {"kubernetes.io/hostname": node},
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "holder"}, "spec": spec}
    if resources is not None:
        container["resources"] = {"limits": dict(resources)}
        return [pod]
    container["resources"] = {"claims": [{"name": "accel"}]}
    spec["resourceClaims"] = [{"name": "accel", "resourceClaimName": "held"}]
    request = {"name": "accel", "exactly": {"deviceClassName": device_class}}
    claim = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "held"},
        "spec": {"devices": {"requests": [request]}},
    }
    return [claim, pod]
