"""
A stand-in for the metrics exporters of accelerator vendors, for one node.

Devices and who holds them come from the API server: what the node offers, and what the kubelet says
in `status.containerStatuses[].allocatedResourcesStatus`. A held device is as busy as its pod: the
real CPU and memory of the pod, from the kubelet. `/control` can set a device's load instead.
"""

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import control, kube
from .vendors import VENDORS, Reading, render

TOTAL_BYTES = 16 * 2**30
RESERVED_BYTES = 512 * 2**20
# So much of a CPU counts as a wholly busy device: the machine is small, and others use it too.
FULL_CPU = 0.2
STALE_S = 600.0


@dataclass(frozen=True)
class Holder:
    """The pod that a device was given to."""

    namespace: str
    pod: str
    container: str


def holders(pods: list[dict[str, Any]], resource: str) -> dict[str, Holder]:
    """Device id → who holds it now, of one node's pods."""
    found = {}
    for pod in pods:
        if pod["status"].get("phase") not in ("Pending", "Running"):
            continue
        for status in pod["status"].get("containerStatuses", ()):
            for entry in status.get("allocatedResourcesStatus", ()):
                if entry["name"] == resource:
                    name = pod["metadata"]
                    holder = Holder(name["namespace"], name["name"], status["name"])
                    found.update({device["resourceID"]: holder for device in entry["resources"]})
    return found


def usage(summary: Mapping[str, Any]) -> dict[tuple[str, str], tuple[float, int]]:
    """(namespace, pod) → CPUs in use and bytes of memory, from the kubelet's summary."""
    found = {}
    for pod in summary.get("pods", ()):
        ref = pod["podRef"]
        cpus = pod.get("cpu", {}).get("usageNanoCores", 0) / 1e9
        found[ref["namespace"], ref["name"]] = (
            cpus,
            pod.get("memory", {}).get("workingSetBytes", 0),
        )
    return found


class Exporter:
    """Looks every second; gives the newest page."""

    def __init__(self, settings: control.Settings) -> None:
        self._settings = settings
        self._node, self._resource = os.environ["NODE"], os.environ["RESOURCE"]
        self._vendor = VENDORS[os.environ["VENDOR"]]
        self._page = ""
        self._looked = 0.0

    def look(self) -> None:
        """Read the cluster once."""
        mutants = self._settings.get("mutants", ())
        if "stale" in mutants and self._page:
            return
        pods = kube.items(f"/api/v1/pods?fieldSelector=spec.nodeName={self._node}")
        node = kube.call("GET", f"/api/v1/nodes/{self._node}")
        count = int(node["status"]["capacity"].get(self._resource, "0"))
        summary = kube.call("GET", f"/api/v1/nodes/{self._node}/proxy/stats/summary")
        held, used = holders(pods, self._resource), usage(summary)
        readings = [
            self._reading(index, held.get(f"accel-{index}"), used)
            for index in range(count)
            if not ("missing-device" in mutants and index == count - 1)
        ]
        self._page = render(self._vendor, readings, mutants=mutants)
        self._looked = time.time()

    def page(self) -> str:
        """The page; under the mutant "stale" it carries the time at which it was true."""
        if not self._settings.misbehaves("stale"):
            if time.time() - self._looked > 30:
                raise OSError("the cluster could not be read for 30 s")
            return self._page
        moment = round((self._looked - STALE_S) * 1000)
        lines = self._page.splitlines()
        return "\n".join(li if li.startswith("#") else f"{li} {moment}" for li in lines) + "\n"

    def _reading(
        self,
        index: int,
        holder: Holder | None,
        used: Mapping[tuple[str, str], tuple[float, int]],
    ) -> Reading:
        cpus, memory = used.get((holder.namespace, holder.pod), (0.0, 0)) if holder else (0.0, 0)
        load = min(1.0, cpus / FULL_CPU)
        chosen = self._settings.get("load", {}).get(str(index))
        if chosen is not None:
            load, memory = float(chosen["utilization"]), int(chosen["memory_bytes"])
        if self._settings.misbehaves("constant"):
            load, memory = 0.05, 0
        return Reading(
            index=index,
            uuid=f"ACCEL-{self._node}-{index}",
            node=self._node,
            utilization=load,
            used_bytes=min(TOTAL_BYTES, RESERVED_BYTES + memory),
            total_bytes=TOTAL_BYTES,
            celsius=35.0 + 40.0 * load,
            watts=60.0 + 340.0 * load,
            labels={} if holder is None else vars(holder),
        )


def main() -> None:
    settings = control.Settings(mutants=[m for m in os.environ.get("MUTANTS", "").split(",") if m])
    exporter = Exporter(settings)
    control.serve(settings, {"/metrics": exporter.page}, port=int(os.environ["PORT"]))
    while True:
        try:
            exporter.look()
        except OSError as exc:
            print(f"exporter: {exc}", flush=True)
        threading.Event().wait(1.0)


if __name__ == "__main__":
    main()
