"""How monitoring systems are told of a pod, and where they answer queries (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.framework import Resource
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]

PROMETHEUS = Resource("monitoring.coreos.com", "v1", "prometheuses", "Prometheus")
POD_MONITOR = Resource("monitoring.coreos.com", "v1", "podmonitors", "PodMonitor")
AZURE = Resource("azmonitoring.coreos.com", "v1", "podmonitors", "PodMonitor")
GOOGLE = Resource("monitoring.googleapis.com", "v1", "podmonitorings", "PodMonitoring")
VICTORIA = Resource("operator.victoriametrics.com", "v1beta1", "vmpodscrapes", "VMPodScrape")
MONITORS = (POD_MONITOR, AZURE, GOOGLE, VICTORIA)

STUB_LABEL = "aiconform/stub"
PORT = 8080
MOST_PLACES = 6
_INTERVAL = "15s"
_NAMES = frozenset(
    {"prometheus", "vmselect", "vmsingle", "thanos-query", "victoria-metrics-single"}
)
# Port → the path before /api/v1/query.
_PORTS = {9090: "", 8481: "/select/0/prometheus", 8428: "", 8429: "", 10902: "", 80: ""}


def monitor(resource: Resource, name: str, *, stub: str, labels: Mapping[str, str]) -> Json:
    """The object by which this kind of system is told to scrape the stub."""
    endpoint = {"port": "http", "path": "/metrics", "interval": _INTERVAL}
    key = "endpoints" if resource is GOOGLE else "podMetricsEndpoints"
    selector = {"matchLabels": {STUB_LABEL: stub}}
    return {
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {"selector": selector, key: [endpoint]},
    }


def query_places(services: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Base URLs of the Services that look like a query API, by label and port."""
    found: list[str] = []
    for service in services:
        spec, metadata = mapping(service.get("spec")), mapping(service.get("metadata"))
        if not _is_query(mapping(metadata.get("labels"))):
            continue
        address = str(spec.get("clusterIP") or "")
        if address in {"", "None"}:
            address = f"{metadata.get('name')}.{metadata.get('namespace')}.svc"
        host = f"[{address}]" if ":" in address else address
        for port in mappings(spec.get("ports")):
            if port.get("port") in _PORTS:
                found.append(f"http://{host}:{port['port']}{_PORTS[port['port']]}")
    return tuple(dict.fromkeys(found))[:MOST_PLACES]


def _is_query(labels: Mapping[str, Any]) -> bool:
    named = {labels.get("app.kubernetes.io/name"), labels.get("app"), labels.get("k8s-app")}
    return labels.get("operated-prometheus") == "true" or bool(named & _NAMES)


def selection(prometheus: Mapping[str, Any], *, namespace: str) -> Json:
    """
    Which PodMonitors a Prometheus takes: by their labels, and by their namespace's.

    A selector that is not there takes none, an empty one takes all; without a namespace selector
    only the object's own namespace counts.
    """
    spec, metadata = mapping(prometheus.get("spec")), mapping(prometheus.get("metadata"))
    pods, places = spec.get("podMonitorSelector"), spec.get("podMonitorNamespaceSelector")
    if places is None:
        reached = metadata.get("namespace") == namespace
    else:
        reached = _selects(places, {"kubernetes.io/metadata.name": namespace})
    return {
        "name": f"{metadata.get('namespace')}/{metadata.get('name')}",
        "podMonitorSelector": pods,
        "podMonitorNamespaceSelector": places,
        "takes_any": pods is not None,
        "reaches_us": reached,
        "labels": labels_for(pods),
    }


def labels_for(selector: Any) -> dict[str, str]:
    """Labels that the selector takes."""
    found = {str(k): str(v) for k, v in mapping(mapping(selector).get("matchLabels")).items()}
    for term in mappings(mapping(selector).get("matchExpressions")):
        if term.get("operator") == "In" and term.get("values"):
            found[str(term["key"])] = str(term["values"][0])
        elif term.get("operator") == "Exists":
            found[str(term["key"])] = "true"
    return found


def _selects(selector: Any, labels: Mapping[str, str]) -> bool:
    wanted = mapping(mapping(selector).get("matchLabels"))
    terms = mappings(mapping(selector).get("matchExpressions"))
    return all(labels.get(k) == v for k, v in wanted.items()) and all(
        _term_holds(term, labels) for term in terms
    )


def _term_holds(term: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value = labels.get(str(term.get("key")))
    match term.get("operator"):
        case "In":
            return value in (term.get("values") or ())
        case "NotIn":
            return value not in (term.get("values") or ())
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return False
