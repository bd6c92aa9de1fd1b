"""
Gauges of pods, read every second and handed to the custom metrics API's server beside it.

It does what the rules of a Prometheus adapter do: the gauge `x` of a pod with scrape annotations
becomes the metric `x` of that pod, and of the Services that select it the mean over their pods.
"""

import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from . import control, kube

LOCAL = "http://127.0.0.1:8080/write-metrics"
SAMPLE = re.compile(r"^([a-zA-Z_]\w*)(?:\{.*\})? ([0-9.eE+-]+)$", re.MULTILINE)
NAMES = re.compile(r"^# TYPE ([a-zA-Z_]\w*) gauge$", re.MULTILINE)
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Bridge:
    """Hands values on; the first one for ever under the mutant "constant"."""

    def __init__(self, settings: control.Settings) -> None:
        self._settings = settings
        self._first: dict[str, float] = {}

    def round(self) -> None:
        """Once over all annotated pods."""
        totals: dict[str, list[float]] = {}
        services: dict[str, list[dict[str, Any]]] = {}
        for pod in kube.items("/api/v1/pods?fieldSelector=status.phase=Running"):
            place = pod["metadata"]["namespace"]
            for name, value in gauges(pod).items():
                self._write(place, "pods", pod["metadata"]["name"], name, value)
                if place not in services:
                    services[place] = kube.items(f"/api/v1/namespaces/{place}/services")
                for service in services[place]:
                    if not selects(service, pod):
                        continue
                    key = f"{place} {service['metadata']['name']} {name}"
                    totals.setdefault(key, []).append(value)
        for key, values in totals.items():
            place, service_name, name = key.split()
            self._write(place, "services", service_name, name, sum(values) / len(values))

    def _write(self, place: str, kind: str, of: str, name: str, value: float) -> None:
        path = f"{LOCAL}/namespaces/{place}/{kind}/{of}/{name}"
        first = self._first.setdefault(f"{place} {kind} {name}", value)
        if self._settings.misbehaves("constant"):
            value = first
        quantity = json.dumps(f"{round(value * 1000)}m").encode()
        request = urllib.request.Request(
            path, data=quantity, headers={"Content-Type": "application/json"}, method="POST"
        )
        DIRECT.open(request, timeout=5).close()


def gauges(pod: Mapping[str, Any]) -> dict[str, float]:
    """Name → value of a pod's gauges; none when it asks for no scrape or does not answer."""
    notes = pod["metadata"].get("annotations", {})
    address = pod["status"].get("podIP")
    if notes.get("prometheus.io/scrape") != "true" or not address:
        return {}
    port, path = notes.get("prometheus.io/port", "80"), notes.get("prometheus.io/path", "/metrics")
    try:
        with DIRECT.open(f"http://{address}:{port}{path}", timeout=2) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    wanted = set(NAMES.findall(text))
    return {name: float(value) for name, value in SAMPLE.findall(text) if name in wanted}


def selects(service: Mapping[str, Any], pod: Mapping[str, Any]) -> bool:
    """Does the Service's selector match the pod's labels?"""
    selector = service["spec"].get("selector") or {}
    labels = pod["metadata"].get("labels", {})
    return bool(selector) and selector.items() <= labels.items()


def main() -> None:
    settings = control.Settings(mutants=[])
    control.serve(settings, {}, port=8081)
    bridge = Bridge(settings)
    while True:
        try:
            bridge.round()
        except OSError as exc:
            print(f"bridge: {exc}", flush=True)
        threading.Event().wait(1.0)


if __name__ == "__main__":
    print(f"bridge started at {time.time():.0f}", flush=True)
    main()
