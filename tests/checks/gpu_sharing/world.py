"""A platform in memory whose devices can be shared, in each way, and its faults."""

import json
from collections.abc import Sequence
from typing import Any

from aiconform.checks.framework.fake import WORK, FakePlatform
from aiconform.cluster.resources import (
    DEVICE_CLASS,
    NODE,
    POD,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
    Resource,
)

Json = dict[str, Any]
DRIVER = "gpu.nvidia.com"
CELL = {"cel": {"expression": f'device.driver == "{DRIVER}"'}}


class SharingPlatform(FakePlatform):
    """
    `resource` "": devices are claimed: `devices`, as a ResourceSlice has them, on node1.

    Attributes:
        files: Of the n-th pod that got something: path → (major, minor); the last one repeats.
        admits: A pod that asks for too much is taken.
        starts: How many of the pods with parts start.
        serial: A second pod waits although units are free.
        ends: The second pod ends after ten seconds.
        silent: Pods print nothing.
        share_ids: Of claims on one device, in turn.
    """

    def __init__(
        self,
        resource: str = "",
        count: int = 2,
        *,
        labels: dict[str, str] | None = None,
        devices: Sequence[Json] = ({"name": "gpu-0"},),
        **platform: Any,
    ) -> None:
        allocatable = {resource: str(count)} if resource else {}
        super().__init__(nodes=("node1",), allocatable=allocatable, **platform)
        self.resource = resource
        self.files: list[dict[str, tuple[int, int]]] = [{"/dev/nvidia0": (195, 0)}]
        self.admits = self.serial = self.ends = self.silent = False
        self.starts = 2
        self.share_ids = ["s1", "s2", "s3"]
        self.give: list[str] = []  # devices for claims in turn; empty: the first free one
        self._got: list[str] = []
        self.fit, self.schedule = self.schedule, self._schedule
        self.objects.reactions.append(self._on_pod)
        for node in self.objects.all(NODE):
            node["metadata"]["labels"].update(labels or {})
        if not resource:
            self.objects.put(
                DEVICE_CLASS, {"metadata": {"name": DRIVER}, "spec": {"selectors": [CELL]}}
            )
            pool = {"name": "node1", "generation": 1, "resourceSliceCount": 1}
            spec = {"driver": DRIVER, "nodeName": "node1", "pool": pool, "devices": [*devices]}
            self.devices = list(devices)
            self.objects.put(RESOURCE_SLICE, {"metadata": {"name": "slice"}, "spec": spec})

    def _schedule(self, pod: Json) -> str | None:
        name = pod["metadata"]["name"]
        if self.admits and "surplus" in name:
            return "node1"
        if self.serial and "second" in name:
            return None
        node = self.fit(pod)
        claims = self._claims(pod)
        if node and all(self._allocate(claim) for claim in claims):
            return node
        return None

    def _claims(self, pod: Json) -> list[Json]:
        names = {c["resourceClaimName"] for c in pod["spec"].get("resourceClaims") or ()}
        return [c for c in self.objects.all(RESOURCE_CLAIM) if c["metadata"]["name"] in names]

    def _allocate(self, claim: Json) -> bool:
        if claim.get("status", {}).get("allocation"):
            return True
        exactly = claim["spec"]["devices"]["requests"][0]["exactly"]
        taken = {
            result["device"]
            for other in self.objects.all(RESOURCE_CLAIM)
            for result in other.get("status", {}).get("allocation", {})
            .get("devices", {}).get("results", ())
        }  # fmt: skip
        several = {d["name"] for d in self.devices if d.get("allowMultipleAllocations")}
        free = [d["name"] for d in self.devices if d["name"] not in taken or d["name"] in several]
        if "capacity" in exactly and taken:
            return False
        if len(free) < exactly["count"]:
            return False
        device = self.give.pop(0) if self.give else free[0]
        result = {"request": "part", "driver": DRIVER, "pool": "node1", "device": device}
        if device in several:
            result["shareID"] = self.share_ids.pop(0)
        status = {"allocation": {"devices": {"results": [result]}}}
        self.objects.change(RESOURCE_CLAIM, claim, status=status)
        return True

    def _start(self, metadata: Json) -> None:
        if self._has_part(metadata["name"]):
            if len(self._got) >= self.starts:
                return
            self._got.append(metadata["name"])
        super()._start(metadata)

    def _on_pod(self, verb: str, resource: Resource, pod: Json) -> None:
        if resource != POD or verb != "update":
            return
        if pod.get("status", {}).get("phase") != "Running":
            return
        name = pod["metadata"]["name"]
        if self.ends and "second" in name:
            self.after(10.0, lambda: self.end_pod(pod))
        files: dict[str, tuple[int, int]] = {"/dev/null": (1, 3)}
        if self._has_part(name):
            turn = min(self._got.index(name), len(self.files) - 1)
            files |= {**self.files[turn], "/dev/nvidiactl": (195, 255)}
            files = {k: v for k, v in files.items() if self.files[turn] or k == "/dev/null"}
        line = {
            "event": "devices.seen", "nonce": "n0nce", "pod_uid": pod["metadata"]["uid"],
            "devices": [
                {"path": path, "kind": "char", "major": major, "minor": minor}
                for path, (major, minor) in files.items()
            ],
        }  # fmt: skip
        if not self.silent:
            self.log(name, json.dumps(line), namespace=WORK)

    @staticmethod
    def _has_part(name: str) -> bool:
        return "first" in name or "second" in name
