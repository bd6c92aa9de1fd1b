"""A platform whose nodes have exporters that follow the load, or not quite."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from aiconform.checks.accelerator_metrics.finding import POD_MONITOR, SERVICE_MONITOR
from aiconform.checks.accelerator_metrics.manifests import IDLE_S
from aiconform.checks.framework import HttpAnswer, Resource
from aiconform.checks.framework.check import Check
from aiconform.checks.framework.fake import WORK, FakePlatform
from aiconform.cluster.resources import POD
from aiconform.model.plan import RunConfig
from e2e.platforms.standins.vendors import MIB, VENDORS, Reading, render

Json = dict[str, Any]
RESOURCES = {
    "nvidia": "nvidia.com/gpu",
    "amd": "amd.com/gpu",
    "intel": "gpu.intel.com/i915",
    "gaudi": "habana.ai/gaudi",
    "neuron": "aws.amazon.com/neuroncore",
    "tpu": "google.com/tpu",
    "otel": "gpu.intel.com/xe",
}
SITE = "example.com/accel"
LOADED: Mapping[str, Any] = {"images": {"load": "registry.example/torch:1"}}


class ExportedPlatform(FakePlatform):
    """
    Attributes:
        mutants: As `e2e.platforms.exporters.MUTANTS`.
        reading: Changes what is told of a device; (reading, is the load at work on it?).
        page: Changes the whole page of a node.
        framework: What the load says it works with; None: it found none.
        nodes_of: Nodes whose exporter runs.
    """

    def __init__(
        self,
        vendor: str = "nvidia",
        *,
        resource: str = "",
        count: int = 2,
        nodes: Collection[str] = ("node1", "node2"),
        exporting: Collection[str] | None = None,
        annotated: bool = True,
        labelled: bool = True,
        **how: Any,
    ) -> None:
        self.resource = resource or RESOURCES[vendor]
        super().__init__(nodes=tuple(nodes), allocatable={self.resource: str(count)}, **how)
        self.vendor, self.count = VENDORS[vendor], count
        self.mutants: set[str] = set()
        self.reading: Callable[[Reading, bool], Reading] = lambda told, _: told
        self.page: Callable[[str, str], HttpAnswer] = lambda _, text: HttpAnswer(200, {}, text)
        self.framework: str | None = "torch"
        self.products = 1000
        self.burning: set[str] = set()
        for kind in (POD_MONITOR, SERVICE_MONITOR):
            self.objects.serve(kind)
        self.objects.reactions.append(self._burn)
        for number, node in enumerate(nodes):
            if exporting is None or node in exporting:
                self._put_exporter(node, f"10.9.0.{number}", annotated, labelled)

    def address(self, node: str) -> str:
        (pod,) = (p for p in self.objects.all(POD) if p["metadata"]["name"] == f"exporter-{node}")
        return f"{pod['status']['podIP']}:{self.vendor.port}"

    def text(self, node: str) -> str:
        held = self._held(node)
        readings = []
        for index in range(self.count):
            if "missing-device" in self.mutants and index == self.count - 1:
                continue
            busy = index < len(held) and held[index]["pod"] in self.burning
            load = 0.05 if "constant" in self.mutants else 0.95 if busy else 0.0
            more = 1024 * MIB if busy and "constant" not in self.mutants else 0
            told = Reading(
                index=index, uuid=f"GPU-{node}-{index}", node=node, utilization=load,
                used_bytes=512 * MIB + more, total_bytes=16 * 1024 * MIB,
                celsius=35.0 + 40.0 * load, watts=60.0 + 300.0 * load,
                labels=held[index] if index < len(held) else {},
            )  # fmt: skip
            readings.append(self.reading(told, busy))
        text = render(self.vendor, readings, mutants=self.mutants)
        return _aged(text, self.now - 600.0) if "stale" in self.mutants else text

    def _held(self, node: str) -> list[Mapping[str, str]]:
        return [
            {"namespace": pod["metadata"]["namespace"], "pod": pod["metadata"]["name"]}
            for pod in self.objects.all(POD)
            if pod["spec"].get("nodeName") == node and pod["status"].get("phase") == "Running"
            for _ in range(_asked(pod, self.resource))
        ]

    def _put_exporter(self, node: str, address: str, annotated: bool, labelled: bool) -> None:
        port = self.vendor.port
        notes = {"prometheus.io/scrape": "true", "prometheus.io/port": str(port)}
        pod = {
            "metadata": {"name": f"exporter-{node}", "namespace": "monitoring",
                         "labels": {"app": self.vendor.app if labelled else "x"},
                         "annotations": notes if annotated else {}},
            "spec": {"nodeName": node, "containers": [
                {"name": "e", "ports": [{"name": "metrics", "containerPort": port}]}]},
            "status": {"phase": "Running", "podIP": address},
        }  # fmt: skip
        self.objects.put(POD, pod, namespace="monitoring")
        self.http[f"{address}:{port}"] = lambda _m, path, *_: (
            self.page(node, self.text(node)) if path == "/metrics" else HttpAnswer(404, {}, "")
        )

    def _burn(self, verb: str, resource: Resource, pod: Json) -> None:
        started = resource == POD and verb == "update" and pod["status"].get("phase") == "Running"
        command = pod["spec"]["containers"][0].get("command", ()) if started else ()
        if "burn" not in command:
            return
        nonce = command[command.index("--nonce") + 1]
        told = {"nonce": nonce, "framework": self.framework}
        done = {"products": self.products, "hashed_bytes": self.products}
        lines = [{"event": "burn.waits", "nonce": nonce}]
        self.log(pod["metadata"]["name"], lambda: "\n".join(map(json.dumps, lines)))

        def begin() -> None:
            self.burning.add(pod["metadata"]["name"])
            lines.append({"event": "burn.began", **told})
            lines.append({"event": "burn.going", "nonce": nonce, **done})

        self.after(float(IDLE_S), begin)

    def _config(self, check: Check, settings: Mapping[str, Any], accelerators: int) -> RunConfig:
        config = super()._config(check, settings, accelerators)
        extra = config.accelerators.model_copy(update={"extra_resources": (SITE,)})
        return config.model_copy(update={"accelerators": extra})


def holder(node: str, resource: str, *, name: str = "theirs") -> Json:
    """A pod of somebody else that has one device."""
    container = {"name": "c", "resources": {"limits": {resource: "1"}, "requests": {resource: "1"}}}
    return {
        "metadata": {"name": name},
        "spec": {"nodeName": node, "containers": [container]},
        "status": {"phase": "Running", "podIP": "10.7.0.1"},
    }


def busier(told: Reading, *, by: float) -> Reading:
    return replace(told, utilization=told.utilization + by)


def _asked(pod: Json, resource: str) -> int:
    return sum(
        int(((c.get("resources") or {}).get("limits") or {}).get(resource, "0"))
        for c in pod["spec"]["containers"]
    )


def _aged(text: str, at: float) -> str:
    lines = text.splitlines()
    return (
        "\n".join(li if li.startswith("#") else f"{li} {round(at * 1000)}" for li in lines) + "\n"
    )


__all__ = ["LOADED", "RESOURCES", "SITE", "WORK", "ExportedPlatform", "busier", "holder"]
