"""A platform in memory with two accelerators on its first node, sound or broken in one way."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from aiconform.checks.framework import HttpAnswer
from aiconform.checks.framework.fake import FakePlatform
from aiconform.checks.secure_accelerator_access import CHECK
from aiconform.cluster.fake_objects import refusal
from aiconform.cluster.objects import Reply
from aiconform.cluster.resources import (
    DEVICE_CLASS,
    NODE,
    POD,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
    Resource,
)
from aiconform.model.records import Entry
from aiconform.workload.devices.numbers import Number, parse_wanted

Json = dict[str, Any]
Fault = Literal[
    "leak", "shared", "no-device", "closed", "env", "volumes", "visible", "allow-all", "pod-wide",
    "neighbours", "overcommit", "no-release", "no-capability", "mknod-broken", "library",
    "admits-all", "admin", "foreign-claim", "same-claim", "hangs", "runtime-refuses", "disturbs",
    "no-device-b", "kubelet-refuses", "elsewhere", "late-refusal", "silent",
]  # fmt: skip
GPU, DRIVER = "nvidia.com/gpu", "gpu.nvidia.com"
FOREIGN = "somebody"  # a namespace of others
MAJOR, CONTROL = 195, Number(195, 255)


class World:
    """
    `mode`: how devices are asked for. `faults`: what is broken.

    Devices are `/dev/nvidia0` and `/dev/nvidia1`, with `/dev/nvidiactl` for every user of them.
    """

    def __init__(
        self,
        *faults: Fault,
        mode: Literal["plugin", "dra"] = "plugin",
        count: int = 2,
        labels: Mapping[str, str] | None = None,
        nodes: tuple[str, ...] = ("node1",),
        forbidden: tuple[str, ...] = (),
    ) -> None:
        self.faults, self.mode, self.count = set(faults), mode, count
        allocatable = {GPU: str(count)} if mode == "plugin" else {}
        self.platform = FakePlatform(nodes=nodes, allocatable=allocatable, forbidden=forbidden)
        self.held: dict[str, list[int]] = {}  # pod UID → devices
        self._begun: set[str] = set()
        objects = self.platform.objects
        for node in objects.all(NODE):
            node["metadata"]["labels"].update(labels or {})
        if mode == "dra":
            self._offer_by_claims()
        objects.reactions.append(self._react)
        objects.admission.append(self._admit)
        self.platform.schedule = self._schedule

    async def run(
        self, settings: Json | None = None, *, accelerators: int = 4
    ) -> tuple[Entry, ...]:
        return await self.platform.run(CHECK, settings=settings, accelerators=accelerators)

    # --- scheduler -----------------------------------------------------------------------------

    def _schedule(self, pod: Json) -> str | None:
        wants = [c["resourceClaimName"] for c in pod["spec"].get("resourceClaims") or ()]
        if wants and not all(self._claimed(pod, name) for name in wants):
            return None
        if "overcommit" in self.faults and "surplus" in pod["metadata"]["name"]:
            return "node1"
        if "late-refusal" in self.faults and "surplus" in pod["metadata"]["name"]:
            return "node1"
        if "no-release" in self.faults and pod["metadata"]["name"].endswith("-c-1"):
            return None
        return self.platform.fitting_node(pod)

    def _claimed(self, pod: Json, name: str) -> bool:
        """Allocate the claim when it is in the pod's namespace and enough devices are free."""
        objects = self.platform.objects
        claims = {c["metadata"]["name"]: c for c in objects.all(RESOURCE_CLAIM)}
        claim = claims.get(name)
        if claim is None or claim["metadata"]["namespace"] != pod["metadata"]["namespace"]:
            return "foreign-claim" in self.faults and claim is not None
        taken = {
            result["device"]
            for other in claims.values() if other is not claim
            for result in other.get("status", {}).get("allocation", {})
            .get("devices", {}).get("results", ())
        }  # fmt: skip
        free = [f"gpu-{n}" for n in range(self.count) if f"gpu-{n}" not in taken]
        if "same-claim" in self.faults:
            free = [f"gpu-{n}" for n in range(self.count)]
        asked = claim["spec"]["devices"]["requests"][0]["exactly"]["count"]
        if asked > len(free) and "overcommit" not in self.faults:
            return False
        results = [{"driver": DRIVER, "pool": "node1", "device": d} for d in free[:asked]]
        objects.change(
            RESOURCE_CLAIM, claim, status={"allocation": {"devices": {"results": results}}}
        )
        return True

    # --- kubelet -------------------------------------------------------------------------------

    def _react(self, verb: str, resource: Resource, pod: Json) -> None:
        if resource != POD or pod["metadata"]["namespace"] == FOREIGN:
            return
        uid, status = pod["metadata"]["uid"], pod.get("status", {})
        if verb == "delete":
            self.held.pop(uid, None)
        conditions = status.get("conditions") or ()
        if any(c.get("message") == "0/2 nodes are available" for c in conditions):
            short = "cannot allocate all claims" if self.mode == "dra" else f"Insufficient {GPU}"
            told = [{**c, "message": f"0/1 nodes are available: 1 {short}"} for c in conditions]
            self.platform.objects.change(POD, pod, status={**status, "conditions": told})
        elif status.get("phase") == "Running" and uid not in self._begun:
            self._begun.add(uid)
            self._begin(pod)

    def _begin(self, pod: Json) -> None:
        name, status = pod["metadata"]["name"], pod["status"]
        refused = "kubelet-refuses" in self.faults and name.endswith("-a-1")
        if refused or ("late-refusal" in self.faults and "surplus" in name):
            rejected = {"phase": "Failed", "reason": "UnexpectedAdmissionError", "message": "no"}
            self.platform.objects.change(POD, pod, status=rejected)
            return
        if "runtime-refuses" in self.faults and _environment(pod["spec"]["containers"][0]):
            waiting = {"reason": "RunContainerError", "message": "insufficient privileges"}
            refused_status = {**status, "conditions": [], "phase": "Pending",
                              "containerStatuses": [{"state": {"waiting": waiting}}]}  # fmt: skip
            self.platform.objects.change(POD, pod, status=refused_status)
            return
        self._grant(pod)
        if "silent" not in self.faults or not name.endswith("-a-1"):
            lines = [self._line(pod, container) for container in pod["spec"]["containers"]]
            namespace = pod["metadata"]["namespace"]
            self.platform.log(name, "\n".join(map(json.dumps, lines)), namespace=namespace)
        for container in pod["spec"]["containers"]:
            if port := _flag(container, "--port"):
                self._serve(pod, container, f"{status['podIP']}:{port[0]}")
            else:
                self.platform.after(0.2, lambda: self.platform.end_pod(pod))

    def _grant(self, pod: Json) -> None:
        count = sum(_asked(c) for c in pod["spec"]["containers"])
        taken = {n for held in self.held.values() for n in held}
        free = [n for n in range(self.count) if n not in taken]
        granted = free[:count]
        if count and "shared" in self.faults:
            granted = [0]
        self.held[pod["metadata"]["uid"]] = granted
        if count and self.mode == "plugin":
            told = [{"resourceID": f"gpu-{n}"} for n in free[:count]]
            statuses = [{"allocatedResourcesStatus": [{"name": GPU, "resources": told}]}]
            status = {**pod["status"], "containerStatuses": statuses}
            self.platform.objects.change(POD, pod, status=status)

    def _serve(self, pod: Json, container: Json, address: str) -> None:
        def answer(_: str, __: str, ___: Mapping[str, str], body: str | None) -> HttpAnswer:
            asked = json.loads(body or "{}")
            line = self._line(pod, container, asked["open"], asked["mknod"])
            return HttpAnswer(200, {}, json.dumps(line))

        self.platform.http[address] = answer

    # --- a container ---------------------------------------------------------------------------

    def _reach(self, pod: Json, container: Json) -> tuple[set[int], set[int]]:
        """(devices whose files are there, devices that the cgroup allows)."""
        held = set(self.held.get(pod["metadata"]["uid"], ()))
        everything = set(range(self.count))
        mine = held if _asked(container) or "pod-wide" in self.faults else set()
        name = pod["metadata"]["name"]
        if "leak" in self.faults and _asked(container):
            mine = everything
        environment = _environment(container)
        if "env" in self.faults and environment.get("NVIDIA_VISIBLE_DEVICES") == "all":
            mine = everything
        if "volumes" in self.faults and container.get("volumeMounts"):
            mine = everything
        if "elsewhere" in self.faults and "elsewhere" in name:
            mine = everything
        allowed = set(mine)
        if "neighbours" in self.faults and _asked(container):
            allowed = everything
        if "allow-all" in self.faults:
            allowed = everything
        no_file = "no-device" in self.faults or (
            "no-device-b" in self.faults and name.endswith("-b-1")
        )
        if no_file and _asked(container):
            mine = set()
        if "visible" in self.faults and not _asked(container):
            mine = everything
        if "closed" in self.faults:
            allowed = set()
        return mine, allowed

    def _line(
        self, pod: Json, container: Json, wanted: list[str] | None = None,
        numbers: list[str] | None = None,
    ) -> Json:  # fmt: skip
        there, allowed = self._reach(pod, container)
        opened = [parse_wanted(t) for t in wanted or _flag(container, "--open")]
        makes = numbers if numbers is not None else _flag(container, "--mknod")
        files = [(f"/dev/nvidia{n}", Number(MAJOR, n)) for n in sorted(there)]
        if there:
            files.append(("/dev/nvidiactl", CONTROL))
        own = _asked(container) and "mknod-broken" not in self.faults
        return {
            "event": "devices.seen",
            "nonce": _flag(container, "--nonce")[0],
            "pod_uid": pod["metadata"]["uid"],
            "uid": 0,
            "may_mknod": "no-capability" not in self.faults,
            "uid_map": "0 0 4294967295",
            "environment": _environment(container),
            "devices": [
                {"path": "/dev/null", "kind": "char", "major": 1, "minor": 3, "standard": True,
                 "opening": None},
                *(
                    {"path": path, "kind": "char", "major": n.major, "minor": n.minor,
                     "standard": False,
                     "opening": self._opening(n, allowed, control=bool(there))
                     if any(w.takes(path, n) for w in opened) else None}
                    for path, n in files
                ),
            ],
            "search": {"mounts_complete": True, "root_complete": True},
            "made": [self._making(text, allowed, own=bool(own)) for text in makes],
            "vendor_files": ["/usr/lib/libcuda.so.1"]
            if "library" in self.faults and not _asked(container) else [],
        }  # fmt: skip

    def _opening(self, number: Number, allowed: set[int], *, control: bool) -> Json:
        if "hangs" in self.faults:
            return {"opened": False, "error": "HANGS"}
        through = number.minor in allowed or (number == CONTROL and control and allowed)
        return {"opened": False, "error": "ENXIO" if through else "EPERM"}

    def _making(self, text: str, allowed: set[int], *, own: bool) -> Json:
        minor = int(text.partition(":")[2])
        made = {"directory": "/dev", "made": True, "nodev": False}
        attempt: Json
        if "no-capability" in self.faults:
            refused = {"directory": "/dev", "made": False, "error": "EPERM", "nodev": False}
            return {"major": MAJOR, "minor": minor, "attempts": [refused]}
        if minor in allowed and (own or "allow-all" in self.faults):
            attempt = {**made, "opening": {"opened": True, "error": None}}
        else:
            attempt = {**made, "opening": {"opened": False, "error": "EPERM"}}
        nodev = {"directory": "/dev/shm", "made": True, "nodev": True,
                 "opening": {"opened": False, "error": "EACCES"}}  # fmt: skip
        return {"major": MAJOR, "minor": minor, "attempts": [attempt, nodev]}

    # --- API server ----------------------------------------------------------------------------

    def _admit(self, resource: Resource, made: Json, dry_run: bool) -> Reply | None:
        if resource == POD and "hostPath" in json.dumps(made) and "admits-all" not in self.faults:
            return refusal(403, "Forbidden", "violates PodSecurity restricted")
        admin = resource == RESOURCE_CLAIM and "adminAccess" in json.dumps(made)
        if admin and "admin" not in self.faults:
            return refusal(422, "Invalid", "admin access requires a label")
        if "disturbs" in self.faults and resource == POD and "surplus" in made["metadata"]["name"]:
            for pod in self.platform.objects.all(POD):
                if pod["metadata"]["name"].endswith("-b-1"):
                    self.platform.end_pod(pod, phase="Failed")
        return None

    def _offer_by_claims(self) -> None:
        expression = {"cel": {"expression": f'device.driver == "{DRIVER}"'}}
        self.platform.objects.put(
            DEVICE_CLASS, {"metadata": {"name": DRIVER}, "spec": {"selectors": [expression]}}
        )
        pool = {"name": "node1", "generation": 1, "resourceSliceCount": 1}
        devices = [{"name": f"gpu-{n}"} for n in range(self.count)]
        spec = {"driver": DRIVER, "nodeName": "node1", "pool": pool, "devices": devices}
        self.platform.objects.put(RESOURCE_SLICE, {"metadata": {"name": "s"}, "spec": spec})


def _asked(container: Json) -> int:
    resources = container.get("resources") or {}
    if resources.get("claims"):
        return 1
    return int((resources.get("limits") or {}).get(GPU, 0))


def _flag(container: Json, name: str) -> list[str]:
    words = container["command"]
    return [words[n + 1] for n, word in enumerate(words) if word == name]


def _environment(container: Json) -> dict[str, str]:
    return {e["name"]: e["value"] for e in container.get("env") or () if "value" in e}
