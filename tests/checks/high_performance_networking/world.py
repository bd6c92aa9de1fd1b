"""A platform in memory with network devices beside the pods' own, and its faults."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from aiconform.checks.framework import HttpAnswer
from aiconform.checks.framework.fake import FakePlatform
from aiconform.checks.high_performance_networking.networks import ATTACHMENT, NETWORKS
from aiconform.cluster.resources import (
    DEVICE_CLASS,
    POD,
    RESOURCE_CLAIM,
    RESOURCE_SLICE,
    Resource,
)

Json = dict[str, Any]
DRIVER = "dra.net"
FULL: Json = {
    "dra.net/ifName": {"string": "eth1"},
    "dra.net/type": {"string": "device"},
    "dra.net/rdma": {"bool": True},
    "dra.net/mtu": {"int": 9000},
    "dra.net/pciAddress": {"string": "0000:00:01.0"},
}


class NetworkPlatform(FakePlatform):
    """
    Attributes:
        way: Which interface the traffic takes: the named address's own, the primary, both, or none.
        lost: So many bytes do not arrive.
        error: Of the sender.
        gives: A pod that asked has its interface.
        leaks: A pod that asked for none has it as well.
        addressed: The further interface has an address.
        rdma: A pod that asked has an RDMA device.
        heeds: Impossible claims wait; `exclusive`: held devices are not given again.
        strays: Selectors are not looked at when a node is chosen.
    """

    def __init__(
        self,
        kind: Literal["claim", "resource", "attachment", "none"] = "claim",
        *,
        nodes: tuple[str, ...] = ("node1", "node2"),
        attributes: Json | None = None,
        count: int = 1,
        **platform: Any,
    ) -> None:
        allocatable = {"rdma/hca": str(count)} if kind == "resource" else {}
        super().__init__(nodes=nodes, allocatable=allocatable, **platform)
        self.kind, self.count = kind, count
        self.way: Literal["own", "primary", "both", "none"] = "own"
        self.lost = 0
        self.error: str | None = None
        self.gives = self.addressed = self.heeds = self.exclusive = self.starts = True
        self.leaks = self.rdma = self.stranger = self.strays = self.homeless = False
        self.counters: dict[tuple[str, str, str], int] = {}
        self.receivers: dict[str, Json] = {}
        self.fit, self.schedule = self.schedule, self._schedule
        self.objects.reactions.append(self._on_pod)
        self.objects.serve(ATTACHMENT)
        if kind == "claim":
            selector = {"cel": {"expression": f'device.driver == "{DRIVER}"'}}
            self.objects.put(
                DEVICE_CLASS, {"metadata": {"name": "nic"}, "spec": {"selectors": [selector]}}
            )
            for node in nodes:
                self.publish(node, FULL if attributes is None else attributes)

    def publish(self, node: str, attributes: Json) -> None:
        pool = {"name": node, "generation": 1, "resourceSliceCount": 1}
        devices = [{"name": f"nic-{n}", "attributes": attributes} for n in range(self.count)]
        spec = {"driver": DRIVER, "nodeName": node, "pool": pool, "devices": devices}
        self.objects.put(RESOURCE_SLICE, {"metadata": {"name": f"s-{node}"}, "spec": spec})

    # --- scheduler -----------------------------------------------------------------------------

    def _schedule(self, pod: Json) -> str | None:
        node = self.fit(pod)
        for claim in self._claims(pod):
            exactly = claim["spec"]["devices"]["requests"][0]["exactly"]
            text = json.dumps(exactly.get("selectors", ""))
            if "aiconform.invalid" in text:
                return None if self.heeds else "node1"
            free = self._free()
            wanted = None if self.strays or "rdma ==" not in text else "true"
            fitting = [
                name
                for name in sorted(free)
                if len(free[name]) >= exactly["count"]
                and (node is None or name == node or not _pinned(pod))
                and (wanted is None or self._has_rdma(name))
            ]
            if not fitting:
                return None if self.exclusive else node
            node = fitting[0]
            devices = free[node][: exactly["count"]]
            results = [{"driver": DRIVER, "pool": node, "device": d} for d in devices]
            status = {"allocation": {"devices": {"results": results}}}
            self.objects.change(RESOURCE_CLAIM, claim, status=status)
        return node

    def _has_rdma(self, node: str) -> bool:
        for each in self.objects.all(RESOURCE_SLICE):
            if each["spec"]["nodeName"] == node:
                attributes = each["spec"]["devices"][0]["attributes"]
                return bool((attributes.get("dra.net/rdma") or {}).get("bool"))
        return False

    def _free(self) -> dict[str, list[str]]:
        taken = {
            (r["pool"], r["device"])
            for claim in self.objects.all(RESOURCE_CLAIM)
            for r in claim.get("status", {}).get("allocation", {})
            .get("devices", {}).get("results", ())
        }  # fmt: skip
        return {
            each["spec"]["nodeName"]: [
                d["name"] for d in each["spec"]["devices"]
                if (each["spec"]["nodeName"], d["name"]) not in taken
            ]
            for each in self.objects.all(RESOURCE_SLICE)
        }  # fmt: skip

    def _claims(self, pod: Json) -> list[Json]:
        names = {c["resourceClaimName"] for c in pod["spec"].get("resourceClaims") or ()}
        return [c for c in self.objects.all(RESOURCE_CLAIM) if c["metadata"]["name"] in names]

    # --- pods ----------------------------------------------------------------------------------

    def _start(self, metadata: Json) -> None:
        if self.starts or not metadata["name"].endswith("-first"):
            super()._start(metadata)

    def _on_pod(self, verb: str, resource: Resource, pod: Json) -> None:
        if resource == POD and verb == "update" and pod["status"].get("phase") == "Running":
            self.http[f"{pod['status']['podIP']}:8080"] = self._handler(pod)

    def _handler(self, pod: Json) -> Any:
        uid = pod["metadata"]["uid"]

        def answer(_: str, path: str, __: Mapping[str, str], body: str | None) -> HttpAnswer:
            asked = json.loads(body or "{}")
            acts: dict[str, Callable[[Json, Json], Json]] = {
                "/look": self._look, "/receive": self._receive, "/send": self._send,
                "/received": lambda _pod, _asked: self.receivers[uid],
            }  # fmt: skip
            facts = acts[path](pod, asked)
            who = {"nonce": "n0nce", "pod_uid": "another" if self.stranger else uid}
            return HttpAnswer(200, {}, json.dumps({**who, **facts}))

        return answer

    def _look(self, pod: Json, _: Json) -> Json:
        uid, ip = pod["metadata"]["uid"], pod["status"]["podIP"]
        primary = "192.0.2.1" if self.homeless else ip
        found = [self._interface(uid, "lo", "127.0.0.1", "lo"),
                 self._interface(uid, "eth0", primary, f"02:{ip}")]  # fmt: skip
        asked = _asks(pod)
        if (asked and self.gives) or (self.leaks and not asked):
            mac = "06:shared" if self.leaks else f"06:{ip}"
            found.append(self._interface(uid, "net1", _second(ip) if self.addressed else "", mac))
        rdma = [{"name": "mlx5_0", "ports": []}] if asked and self.rdma else []
        return {"interfaces": found, "rdma": rdma}

    def _interface(self, uid: str, name: str, address: str, mac: str) -> Json:
        return {
            "name": name, "mac": mac, "addresses": [address] if address else [], "mtu": 1500,
            "rx_bytes": self.counters.get((uid, name, "rx"), 0),
            "tx_bytes": self.counters.get((uid, name, "tx"), 0),
        }  # fmt: skip

    def _receive(self, pod: Json, asked: Json) -> Json:
        uid = pod["metadata"]["uid"]
        self.receivers[uid] = {"port": 40001, "bytes": 0, "peer": None, "seconds": None,
                               "done": False, "address": asked["address"]}  # fmt: skip
        return self.receivers[uid]

    def _send(self, pod: Json, asked: Json) -> Json:
        count = asked["bytes"]
        if self.error:
            return {"bytes": 0, "seconds": 1.0, "error": self.error}
        (to,) = (uid for uid, r in self.receivers.items() if r["address"] == asked["to"])
        for uid, direction in ((pod["metadata"]["uid"], "tx"), (to, "rx")):
            names = {"own": ["net1"], "primary": ["eth0"], "both": ["net1", "eth0"], "none": []}
            for name in names[self.way]:
                key = (uid, name, direction)
                self.counters[key] = self.counters.get(key, 0) + count
        self.receivers[to].update(
            bytes=count - self.lost, peer=asked["source"], seconds=2.0, done=True
        )
        return {"bytes": count, "seconds": 2.0, "error": None}


def _second(ip: str) -> str:
    return ip.replace("10.0.", "10.9.")


def _asks(pod: Json) -> bool:
    limits = pod["spec"]["containers"][0].get("resources", {}).get("limits", {})
    return bool(
        pod["spec"].get("resourceClaims")
        or "rdma/hca" in limits
        or NETWORKS in (pod["metadata"].get("annotations") or {})
    )


def _pinned(pod: Json) -> bool:
    """To one node, and not to all that are there."""
    text = json.dumps(pod["spec"].get("affinity") or {})
    return text.count('"kubernetes.io/hostname"') > 1
