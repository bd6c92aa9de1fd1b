"""A platform with Dynamic Resource Allocation in memory: devices, an allocator, and its mutants."""

import json
from collections.abc import Mapping
from typing import Any

from aiconform.checks.framework.fake import WORK, FakePlatform
from aiconform.cluster.fake_objects import refusal
from aiconform.cluster.objects import Reply
from aiconform.cluster.resources import (
    DEVICE_CLASS,
    POD,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
    Resource,
)

Json = dict[str, Any]
DRIVER = "accel.example.com"


class DraPlatform(FakePlatform):
    """
    Attributes:
        allocates, prepares, frees, reserves: Whether the platform does so.
        twice: The first device for every claim.
        same_file: Every pod gets the first device's file, whatever it was allocated.
        heeds: A pod with an impossible claim waits.
        admin_open: Administrative access is accepted anywhere.
        files: The driver gives device files.
    """

    def __init__(self, *, count: int = 2, **platform: Any) -> None:
        super().__init__(**platform)
        self.allocates = self.prepares = self.frees = self.reserves = self.heeds = True
        self.twice = self.same_file = self.admin_open = False
        self.files = True
        self.bare = self.schedule
        self.schedule = self._schedule
        self.objects.reactions.append(self._on_pod)
        self.objects.admission.append(self._admit)
        if count:
            self.offer(count)

    def offer(self, count: int, *, node: str = "node1", complete: bool = True) -> None:
        self.objects.put(
            DEVICE_CLASS,
            {
                "metadata": {"name": "accel"},
                "spec": {"selectors": [{"cel": {"expression": f'device.driver == "{DRIVER}"'}}]},
            },
        )
        pool = {"name": node, "generation": 1, "resourceSliceCount": 1 if complete else 2}
        devices = [{"name": f"accel-{number}"} for number in range(count)]
        spec = {"driver": DRIVER, "nodeName": node, "pool": pool, "devices": devices}
        self.objects.put(RESOURCE_SLICE, {"metadata": {"name": f"slice-{node}"}, "spec": spec})

    def hold(self, number: int) -> None:
        """Somebody else's claim has this device."""
        claim = {"metadata": {"name": f"foreign-{number}"}}
        made = self.objects.put(RESOURCE_CLAIM, claim, namespace="other")
        self.objects.change(RESOURCE_CLAIM, made, status=_allocation(f"accel-{number}", "someone"))

    # --- the platform --------------------------------------------------------------------------

    def _schedule(self, pod: Json) -> str | None:
        node = self.bare(pod)
        for claim in self._claims(pod):
            if node is None or not self._allocate(claim, pod):
                return None
        return node

    def _allocate(self, claim: Json, pod: Json) -> bool:
        request = claim["spec"]["devices"]["requests"][0]["exactly"]
        if any(s["cel"]["expression"] == "false" for s in request.get("selectors", ())):
            return not self.heeds
        if not self.allocates:
            return False
        taken = {
            result["device"]
            for other in self.objects.all(RESOURCE_CLAIM)
            for result in other.get("status", {}).get("allocation", {})
            .get("devices", {}).get("results", ())
        }  # fmt: skip
        devices = [
            device["name"]
            for each in self.objects.all(RESOURCE_SLICE)
            if each["spec"]["pool"]["generation"] == 1
            for device in each["spec"]["devices"]
        ]
        free = devices if self.twice else [name for name in devices if name not in taken]
        if not free:
            return False
        user = pod["metadata"]["uid"] if self.reserves else "nobody"
        self.objects.change(RESOURCE_CLAIM, claim, status=_allocation(free[0], user))
        return True

    def _on_pod(self, verb: str, resource: Resource, pod: Json) -> None:
        if resource != POD:
            return
        if verb == "delete" and self.frees:
            for claim in self._claims(pod):
                self.after(0.5, lambda claim=claim: self._free(claim))  # type: ignore[misc]
        if verb == "update" and pod.get("status", {}).get("phase") == "Running":
            self._say_devices(pod)

    def _free(self, claim: Json) -> None:
        self.objects.change(RESOURCE_CLAIM, claim, status={})

    def _start(self, metadata: Json) -> None:
        pod = self.objects.objects.get((POD.qualified, metadata["namespace"], metadata["name"]))
        if pod is not None and self._claims(pod) and not self.prepares:
            waiting = {"state": {"waiting": {"reason": "ContainerCreating"}}}
            self.objects.change(
                POD, pod, status={"phase": "Pending", "containerStatuses": [waiting]}
            )
            return
        super()._start(metadata)

    def _say_devices(self, pod: Json) -> None:
        devices = [_device(1, 3)]
        for claim in self._claims(pod):
            results = claim.get("status", {}).get("allocation", {}).get("devices", {})
            for result in results.get("results", ()):
                number = 0 if self.same_file else int(result["device"].partition("-")[2])
                devices += [_device(240, number)] if self.files else []
        line = {"event": "devices.seen", "nonce": "n0nce", "devices": devices}
        self.log(pod["metadata"]["name"], json.dumps(line))

    def _claims(self, pod: Json) -> list[Json]:
        names = [c["resourceClaimName"] for c in pod["spec"].get("resourceClaims") or ()]
        found = (self.objects.objects.get((RESOURCE_CLAIM.qualified, WORK, n)) for n in names)
        return [claim for claim in found if claim is not None]

    def _admit(self, resource: Resource, made: Json, _dry_run: bool) -> Reply | None:
        if resource.kind != "ResourceClaim" or self.admin_open:
            return None
        first: Mapping[str, Any] = made["spec"]["devices"]["requests"][0]
        request = first.get("exactly", first)
        if not request.get("adminAccess"):
            return None
        field = "spec.devices.requests[0].adminAccess"
        answer = refusal(422, "Invalid", f"{field}: Forbidden: admin access requires a label")
        cause = {"reason": "FieldValueForbidden", "field": field}
        return Reply(422, {**answer.body, "details": {"causes": [cause]}})


def _allocation(device: str, user: str) -> Json:
    result = {"request": "device", "driver": DRIVER, "pool": "node1", "device": device}
    return {
        "allocation": {"devices": {"results": [result]}},
        "reservedFor": [{"resource": "pods", "name": "pod", "uid": user}],
    }


def _device(major: int, minor: int) -> Json:
    return {"path": f"/dev/x{major}-{minor}", "kind": "char", "major": major, "minor": minor}
