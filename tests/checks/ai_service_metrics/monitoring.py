"""A monitoring system in memory that scrapes the check's stubs, or not quite."""

import json
import re
import urllib.parse
from collections.abc import Callable
from typing import Any

from aiconform.checks.ai_service_metrics.monitors import POD_MONITOR, PROMETHEUS
from aiconform.checks.framework import HttpAnswer, HttpError, Resource
from aiconform.checks.framework.fake import FakePlatform
from aiconform.cluster.resources import POD, SERVICE
from aiconform.workload.metrics.names import count_request, declare_names
from aiconform.workload.metrics.registry import Registry

Json = dict[str, Any]
ADDRESS = "10.1.1.1:9090"
_LINE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class MonitoredPlatform(FakePlatform):
    """
    Attributes:
        scrapes: Which pods are scraped: by annotation; mutants replace it.
        page: What a scrape of a pod gives; mutants replace it.
        labels: What is added to a pod's series.
        query: How the API answers an expression; mutants replace it.
    """

    def __init__(self, *, installed: bool = True, **how: Any) -> None:
        super().__init__(**how)
        self.registries: dict[str, Registry] = {}
        self.scrapes: Callable[[Json], bool] = annotated
        self.page: Callable[[Json], str] = self.fresh
        self.labels: Callable[[Json], dict[str, str]] = where_from
        self.query: Callable[[str], HttpAnswer] = self.answered
        self.copies = 1
        if installed:
            service = {
                "metadata": {"name": "p", "labels": {"app.kubernetes.io/name": "prometheus"}},
                "spec": {"clusterIP": "10.1.1.1", "ports": [{"port": 9090}]},
            }
            self.objects.put(SERVICE, service, namespace="monitoring")
            self.http[ADDRESS] = lambda _method, path, *_: self.query(_expression(path))
        self.objects.reactions.append(self._react)

    def operate(self, selector: Json | None, places: Json | None) -> None:
        """A Prometheus object, and its kinds."""
        for kind in (PROMETHEUS, POD_MONITOR):
            self.objects.serve(kind)
        spec = {"podMonitorSelector": selector, "podMonitorNamespaceSelector": places}
        self.objects.put(PROMETHEUS, {"metadata": {"name": "k8s"}, "spec": spec}, namespace="m")

    def fresh(self, pod: Json) -> str:
        return self.registries[pod["metadata"]["uid"]].text()

    def answered(self, expression: str) -> HttpAnswer:
        """As Prometheus would."""
        if expression == "vector(1)":
            return vector([({}, "1")])
        word = expression.partition('run="')[2].rstrip('"}')
        found = [
            ({**labels, "copy": str(copy)}, value)
            for labels, value in self._series()
            if labels.get("run") == word
            for copy in range(self.copies)
        ]
        return vector(found)

    def _series(self) -> list[tuple[dict[str, str], str]]:
        found = []
        for pod in self.objects.all(POD):
            if pod["metadata"]["uid"] not in self.registries or not self.scrapes(pod):
                continue
            for line in self.page(pod).splitlines():
                if told := _LINE.fullmatch(line):
                    labels = {**dict(_LABEL.findall(told[2] or "")), **self.labels(pod)}
                    found.append(({"__name__": told[1], **labels}, told[3]))
        return found

    def _react(self, verb: str, resource: Resource, pod: Json) -> None:
        started = resource == POD and verb == "update" and pod["status"].get("phase") == "Running"
        uid = pod["metadata"].get("uid")
        if not started or uid in self.registries:
            return
        command = pod["spec"]["containers"][0]["command"]
        registry = Registry(common={"run": command[command.index("--nonce") + 1]})
        declare_names(registry)
        self.registries[uid] = registry
        self.http[f"{pod['status']['podIP']}:8080"] = lambda *asked: _stub(registry, *asked)


def _stub(registry: Registry, _method: str, path: str, _headers: Any, body: Any) -> HttpAnswer:
    if path == "/work":
        count_request(registry, duration_s=0.01)
    elif path == "/set":
        asked = json.loads(body)
        registry.set(asked["name"], float(asked["value"]), kind="gauge", labels={})
    return HttpAnswer(200, {}, registry.text())


def annotated(pod: Json) -> bool:
    notes = pod["metadata"].get("annotations") or {}
    return bool(notes.get("prometheus.io/scrape") == "true")


def where_from(pod: Json) -> dict[str, str]:
    return {"namespace": pod["metadata"]["namespace"], "pod": pod["metadata"]["name"]}


def vector(found: list[tuple[dict[str, str], str]]) -> HttpAnswer:
    result = [{"metric": labels, "value": [1.0, value]} for labels, value in found]
    told = {"status": "success", "data": {"resultType": "vector", "result": result}}
    return HttpAnswer(200, {}, json.dumps(told))


def down(_expression: str) -> HttpAnswer:
    raise HttpError("connection refused")


def _expression(path: str) -> str:
    return urllib.parse.parse_qs(path.partition("?")[2])["query"][0]
