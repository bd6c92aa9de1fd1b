"""A platform in memory with runtimes that are sandboxes, or say so."""

import copy
import json
from typing import Any

from aiconform.checks.framework.fake import PROBE, FakePlatform
from aiconform.cluster.fake_objects import refusal
from aiconform.cluster.objects import Reply
from aiconform.cluster.resources import EVENT, POD, RUNTIME_CLASS, Resource

Json = dict[str, Any]

HOST: Json = {
    "release": "6.8.0-45-generic",
    "version": "#45-Ubuntu SMP PREEMPT_DYNAMIC",
    "machine": "x86_64",
    "boot_id": "0f6b3a0e-6a0c-4a5e-9c4d-000000000001",
    "proc_version": "Linux version 6.8.0-45-generic",
    "cmdline": "BOOT_IMAGE=/vmlinuz root=/dev/vda1",
    "covered": [],
    "hypervisor": False,
    "memory_total_bytes": 64 * 2**30,
    "uid_map": "0 0 4294967295",
}
# As their documentation and issues show them, not recorded: no sandbox could be run for this.
GVISOR: Json = {
    **HOST,
    "release": "4.19.0-gvisor",
    "version": "#1 SMP Sun Jan 10 15:06:54 PST 2016",
    "boot_id": "0f6b3a0e-6a0c-4a5e-9c4d-0000000000aa",
    "proc_version": "Linux version 4.19.0-gvisor #1 SMP Sun Jan 10 15:06:54 PST 2016",
    "cmdline": "BOOT_IMAGE=/vmlinuz-4.19.0-gvisor quiet",
    "memory_total_bytes": 2 * 2**30,
}
KATA: Json = {
    **HOST,
    "release": "6.12.36",
    "version": "#1 SMP Thu Jul 10 2025",
    "boot_id": "0f6b3a0e-6a0c-4a5e-9c4d-0000000000bb",
    "proc_version": "Linux version 6.12.36",
    "cmdline": "tsc=reliable no_timer_check rcupdate.rcu_expedited=1 agent.log=debug",
    "hypervisor": True,
    "memory_total_bytes": 2 * 2**30 - 12345 * 1024,
}
RUNC = HOST


class SandboxPlatform(FakePlatform):
    """
    Attributes:
        kernels: RuntimeClass → the kernel that its pods meet.
        line: Changed parts of what sandboxed pods say, merged by key.
        neighbour: The same for the neighbours.
        broken: RuntimeClasses whose pods do not start; `on`: only there.
        silent: Sandboxed pods print nothing.
        drops: The class is taken off the pod.
        admits: Unknown classes are taken.
    """

    def __init__(self, *, nodes: tuple[str, ...] = ("node1", "node2"), **platform: Any) -> None:
        super().__init__(nodes=nodes, **platform)
        self.kernels: dict[str, Json] = {}
        self.line: Json = {}
        self.neighbour: Json = {}
        self.broken: dict[str, set[str]] = {}
        self.silent = self.drops = self.admits = False
        self.neighbour_dies = False
        self.objects.admission.append(self._admit)
        self.objects.reactions.append(self._on_pod)

    def offer(self, name: str, handler: str, kernel: Json, **scheduling: Any) -> None:
        manifest: Json = {"metadata": {"name": name}, "handler": handler}
        if scheduling:
            manifest["scheduling"] = scheduling
        self.objects.put(RUNTIME_CLASS, manifest)
        self.kernels[name] = kernel

    def _admit(self, resource: Resource, made: Json, _dry_run: bool) -> Reply | None:
        if resource != POD:
            return None
        name = made["spec"].get("runtimeClassName")
        if name and name not in self.kernels and not self.admits:
            return refusal(403, "Forbidden", f'pod rejected: RuntimeClass "{name}" not found')
        if self.drops:
            made["spec"].pop("runtimeClassName", None)
        return None

    def _start(self, metadata: Json) -> None:
        pod = self.objects.objects.get((POD.qualified, metadata["namespace"], metadata["name"]))
        name = (pod or {"spec": {}})["spec"].get("runtimeClassName")
        if pod is not None and name in self.broken:
            nodes = self.broken[name]
            if not nodes or pod["spec"]["nodeName"] in nodes:
                self._refuse(pod)
                return
        super()._start(metadata)

    def _refuse(self, pod: Json) -> None:
        for number in range(3):
            event = {
                "metadata": {"name": f"{pod['metadata']['name']}.{number}"},
                "involvedObject": {"uid": pod["metadata"]["uid"]},
                "type": "Warning",
                "reason": "FailedCreatePodSandBox",
                "message": 'no runtime for "kata" is configured',
            }
            self.objects.put(EVENT, event, namespace=PROBE)

    def _on_pod(self, verb: str, resource: Resource, pod: Json) -> None:
        if resource != POD or verb != "update":
            return
        if pod.get("status", {}).get("phase") != "Running":
            return
        name = pod["metadata"]["name"]
        words = pod["spec"]["containers"][0]["command"]
        word = words[words.index("--canary") + 1]
        runtime = pod["spec"].get("runtimeClassName")
        placed = "--place" in words
        line = said(self.kernels[runtime] if runtime else HOST, word=word if placed else "")
        change = self.line if "sandboxed" in name else self.neighbour if placed else {}
        line = merged(line, change)
        line["pod_uid"] = pod["metadata"]["uid"]
        if not (self.silent and "sandboxed" in name):
            self.log(name, json.dumps(line), namespace=PROBE)
        if not placed or self.neighbour_dies:
            self.after(0.2, lambda: self.end_pod(pod))


def said(kernel: Json, *, word: str = "") -> Json:
    """One line, as the workload server prints it; `word`: of the canaries that it finds."""
    return {
        "event": "sandbox.seen",
        "nonce": "n0nce",
        "placed": bool(word),
        "kernel": dict(kernel),
        "processes": {"count": 1 + bool(word), "canaries": [7] if word else [],
                      "first": "python3 -m aiconform.workload sandbox", "own_pid": 1},
        "memory": [{"path": "/dev/mem", "bytes": 0, "error": "ENOENT"},
                   {"path": "/proc/kcore", "bytes": 0, "error": None}],
        "writable": [{"path": "/proc/sys/vm/drop_caches", "error": "EROFS"}],
        "network": {"interfaces": ["eth0", "lo"], "neighbours": ["eth0"],
                    "host_ports": {"10248": "ECONNREFUSED", "10250": "ECONNREFUSED"},
                    "canary": bool(word)},
        "files": {"canaries": [f"/canary/{word}"] if word else [], "searched": True, "mounts": []},
        "block_devices": [],
    }  # fmt: skip


def merged(line: Json, change: Json) -> Json:
    made = copy.deepcopy(line)
    for key, value in change.items():
        made[key] = {**made[key], **value} if isinstance(value, dict) else value
    return made
