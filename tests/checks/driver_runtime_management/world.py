"""A platform in memory whose accelerators have a driver: what it says, what is so, its faults."""

import json
from collections.abc import Sequence
from typing import Any, Literal

from aiconform.checks.framework.fake import FakePlatform
from aiconform.cluster.resources import (
    DEVICE_CLASS,
    NODE,
    POD,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
    Resource,
)

Json = dict[str, Any]
GPU, DRIVER = "nvidia.com/gpu", "gpu.nvidia.com"
FULL = "nvidia.com/cuda.driver-version.full"
PROC = "/proc/driver/nvidia/version"


class DriverPlatform(FakePlatform):
    """
    Attributes:
        true: Node → version of its driver; None: no file tells it.
        injects, devices: What a granted container gets.
        only_granted: The driver's file is in granted containers alone.
        silent: Pods print nothing.
        heeds: Impossible versions are not scheduled.
        starts: Granted pods start.
    """

    def __init__(
        self,
        mode: Literal["plugin", "dra"] = "plugin",
        *,
        nodes: Sequence[str] = ("node1", "node2"),
        kind: str = "version",
        count: int = 1,
        **platform: Any,
    ) -> None:
        allocatable = {GPU: str(count)} if mode == "plugin" else {}
        super().__init__(nodes=nodes, allocatable=allocatable, **platform)
        self.mode, self.kind, self.count = mode, kind, count
        self.true: dict[str, str | None] = dict.fromkeys(nodes, "580.95.05")
        self.injects = self.heeds = self.starts = True
        self.only_granted = self.silent = False
        self.devices = 1
        self.fit, self.schedule = self.schedule, self._schedule
        self.objects.reactions.append(self._on_pod)
        for node in self.objects.all(NODE):
            node["status"]["nodeInfo"] = {"containerRuntimeVersion": "containerd://2.2.0"}
        for name in nodes:
            self.say(name, "580.95.5" if mode == "dra" else "580.95.05")
        if mode == "dra":
            self.objects.put(
                DEVICE_CLASS,
                {"metadata": {"name": DRIVER}, "spec": {"selectors": [
                    {"cel": {"expression": f'device.driver == "{DRIVER}"'}}]}},
            )  # fmt: skip

    def say(self, node: str, version: str | None, *, label: str = FULL) -> None:
        """Advertise it; None: advertise nothing."""
        if self.mode == "plugin":
            labels = next(n for n in self.objects.all(NODE) if n["metadata"]["name"] == node)
            labels["metadata"]["labels"].pop(label, None)
            if version is not None:
                labels["metadata"]["labels"][label] = version
            return
        attributes = {} if version is None else {"driverVersion": {self.kind: version}}
        pool = {"name": node, "generation": 1, "resourceSliceCount": 1}
        devices = [{"name": f"gpu-{n}", "attributes": attributes} for n in range(self.count)]
        spec = {"driver": DRIVER, "nodeName": node, "pool": pool, "devices": devices}
        self.objects.put(RESOURCE_SLICE, {"metadata": {"name": f"slice-{node}"}, "spec": spec})

    def _schedule(self, pod: Json) -> str | None:
        selector = pod["spec"].get("nodeSelector") or {}
        if self.heeds and any(key not in {"kubernetes.io/os"} for key in selector):
            return None
        node = self.fit(pod)
        for claim in self._claims(pod):
            exactly = claim["spec"]["devices"]["requests"][0]["exactly"]
            if node is None or (exactly.get("selectors") and self.heeds):
                return None
            result = {"request": "device", "driver": DRIVER, "pool": node, "device": "gpu-0"}
            status = {"allocation": {"devices": {"results": [result]}}}
            self.objects.change(RESOURCE_CLAIM, claim, status=status)
        return node

    def _claims(self, pod: Json) -> list[Json]:
        names = {c["resourceClaimName"] for c in pod["spec"].get("resourceClaims") or ()}
        return [c for c in self.objects.all(RESOURCE_CLAIM) if c["metadata"]["name"] in names]

    def _on_pod(self, verb: str, resource: Resource, pod: Json) -> None:
        if resource != POD or verb != "update":
            return
        if pod.get("status", {}).get("phase") != "Running":
            return
        granted = "holder" in pod["metadata"]["name"]
        if granted and not self.starts:
            waiting = {"waiting": {"reason": "CreateContainerError", "message": "no such device"}}
            status = {"phase": "Pending", "containerStatuses": [
                {"name": "workload", "image": "x", "state": waiting}]}  # fmt: skip
            self.objects.change(POD, pod, status=status)
            return
        if not self.silent:
            self.log(pod["metadata"]["name"], json.dumps(self._line(pod, granted)))
        if "--sleep" not in pod["spec"]["containers"][0]["command"]:
            self.after(0.2, lambda: self._end(pod))

    def _end(self, pod: Json) -> None:
        """As the claim controller does it: what an ended pod had is free again."""
        self.end_pod(pod)
        for claim in self._claims(pod):
            self.objects.change(RESOURCE_CLAIM, claim, status={})

    def _line(self, pod: Json, granted: bool) -> Json:
        words = pod["spec"]["containers"][0]["command"]
        asked = [words[n + 1] for n, word in enumerate(words) if word == "--read"]
        version = self.true[pod["spec"]["nodeName"]]
        there = version is not None and (granted or not self.only_granted)
        text = f"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {version}  Release"
        devices = ["/dev/null"]
        if granted:
            devices += [f"/dev/nvidia{n}" for n in range(self.devices)] + ["/dev/nvidiactl"]
        return {
            "event": "devices.seen",
            "nonce": "n0nce",
            "pod_uid": pod["metadata"]["uid"],
            "devices": [{"path": path, "kind": "char"} for path in devices],
            "texts": [
                {
                    "path": path,
                    "text": text if there else None,
                    "error": None if there else "ENOENT",
                }
                for path in asked
            ],
            "vendor_files": ["/usr/lib/libcuda.so.580.95.05"] if granted and self.injects else [],
            "executed": [],
        }
