"""
Where exporters may answer, from what the API server shows (pure).

In this order: the site's word, annotations, monitors of the Prometheus Operator, known labels, and
known ports. Only pods and addresses of nodes with accelerators are looked at.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiconform.checks.accelerator_metrics.names import EXPORTERS
from aiconform.checks.accelerator_metrics.selecting import reaches, selects
from aiconform.checks.framework import Resource
from aiconform.cluster.trouble import mapping, mappings

Json = Mapping[str, Any]

POD_MONITOR = Resource("monitoring.coreos.com", "v1", "podmonitors", "PodMonitor")
SERVICE_MONITOR = Resource("monitoring.coreos.com", "v1", "servicemonitors", "ServiceMonitor")
SERVICE_OF = "kubernetes.io/service-name"
_APPS = ("app", "app.kubernetes.io/name", "k8s-app", "app.kubernetes.io/component")
_PORTS = frozenset(port for exporter in EXPORTERS for port in exporter.ports)


@dataclass(frozen=True)
class Candidate:
    """
    Attributes:
        url: Empty: a pod that should answer and does not run; `trouble` says how it is.
        known: It claims to be an exporter of accelerators, by the site's word or by its labels.
    """

    url: str
    node: str
    found_by: str  # settings, annotation, monitor, label, port, node-port
    known: bool = False
    trouble: str = ""


@dataclass(frozen=True)
class Cluster:
    """What was listed. `nodes`: those with accelerators, with their addresses."""

    nodes: Mapping[str, Sequence[str]]
    pods: Sequence[Json] = ()
    services: Sequence[Json] = ()
    slices: Sequence[Json] = ()
    pod_monitors: Sequence[Json] = ()
    service_monitors: Sequence[Json] = ()
    settings: Json = field(default_factory=dict)


def candidates(cluster: Cluster) -> tuple[Candidate, ...]:
    """Each URL once, as it was found first; known when any way of finding it says so."""
    found: dict[tuple[str, str], Candidate] = {}
    for each in _all(cluster):
        key = (each.node, each.url or each.trouble)
        before = found.get(key)
        if before is None:
            found[key] = each
        elif each.known and not before.known:
            found[key] = Candidate(before.url, before.node, before.found_by, known=True)
    return tuple(found.values())


def node_ports(nodes: Mapping[str, Sequence[str]], without: Collection[str]) -> list[Candidate]:
    """Exporters that run on the node itself: known ports of nodes where nothing was found."""
    return [
        Candidate(url(address, port), node, "node-port")
        for node in sorted(without)
        for address in nodes.get(node, ())[:1]
        for port in sorted(_PORTS)
    ]


def url(address: str, port: int, path: str = "/metrics", scheme: str = "http") -> str:
    host = f"[{address}]" if ":" in address else address
    return f"{scheme}://{host}:{port}/{path.lstrip('/')}"


def _all(cluster: Cluster) -> Iterator[Candidate]:
    yield from _named(cluster)
    pods = [pod for pod in cluster.pods if _node(pod) in cluster.nodes]
    running = [pod for pod in pods if _runs(pod)]
    for pod in running:
        yield from _annotated(pod)
    yield from _by_pod_monitors(cluster.pod_monitors, running)
    yield from _by_service_monitors(cluster, running)
    known = [pod for pod in pods if _is_exporter(_labels(pod)) or _served(pod, cluster.services)]
    for pod in known:
        yield from _labelled(pod)
    for pod in running:
        for port in _container_ports(pod):
            if port in _PORTS:
                yield Candidate(url(_ip(pod), port), _node(pod), "port")


def _named(cluster: Cluster) -> Iterator[Candidate]:
    for row in cluster.settings.get("exporters") or ():
        yield Candidate(str(row["url"]), str(row["node"]), "settings", known=True)


def _annotated(pod: Json) -> Iterator[Candidate]:
    notes = mapping(mapping(pod.get("metadata")).get("annotations"))
    if notes.get("prometheus.io/scrape") != "true":
        return
    told = str(notes.get("prometheus.io/port") or "")
    ports = [int(told)] if told.isdecimal() else _container_ports(pod)
    path = str(notes.get("prometheus.io/path") or "/metrics")
    scheme = str(notes.get("prometheus.io/scheme") or "http")
    for port in ports:
        yield Candidate(url(_ip(pod), port, path, scheme), _node(pod), "annotation")


def _by_pod_monitors(monitors: Sequence[Json], pods: Sequence[Json]) -> Iterator[Candidate]:
    for monitor in monitors:
        spec = mapping(monitor.get("spec"))
        for pod in pods:
            if not reaches(monitor, _namespace(pod)) or not selects(spec, _labels(pod)):
                continue
            for endpoint in mappings(spec.get("podMetricsEndpoints")):
                port = endpoint.get("portNumber") or endpoint.get("port")
                port = port or endpoint.get("targetPort")
                if (number := _number(pod, port)) is not None:
                    yield _endpoint(endpoint, _ip(pod), number, _node(pod))


def _by_service_monitors(cluster: Cluster, pods: Sequence[Json]) -> Iterator[Candidate]:
    """By the addresses in the Services' EndpointSlices, which need not be pods'."""
    where = {_ip(pod): _node(pod) for pod in pods if not _host_network(pod)}
    where |= {address: node for node, all_of in cluster.nodes.items() for address in all_of}
    for monitor in cluster.service_monitors:
        spec = mapping(monitor.get("spec"))
        names = {
            (_namespace(service), _name(service))
            for service in cluster.services
            if reaches(monitor, _namespace(service)) and selects(spec, _labels(service))
        }
        for part in cluster.slices:
            if (_namespace(part), _labels(part).get(SERVICE_OF)) not in names:
                continue
            for endpoint in mappings(spec.get("endpoints")):
                yield from _endpoints(endpoint, part, where, pods)


def _endpoints(
    endpoint: Json, part: Json, where: Mapping[str, str], pods: Sequence[Json]
) -> Iterator[Candidate]:
    by_ip = {_ip(pod): pod for pod in pods}
    for each in mappings(part.get("endpoints")):
        for address in each.get("addresses") or ():
            node = str(each.get("nodeName") or where.get(address, ""))
            if node not in where.values():
                continue
            if endpoint.get("port"):
                told = (p for p in mappings(part.get("ports")) if p.get("name") == endpoint["port"])
                number = next((p.get("port") for p in told), None)
            else:
                number = _number(by_ip.get(address), endpoint.get("targetPort"))
            if isinstance(number, int):
                yield _endpoint(endpoint, str(address), number, node)


def _endpoint(endpoint: Json, address: str, number: int, node: str) -> Candidate:
    path, scheme = str(endpoint.get("path") or "/metrics"), str(endpoint.get("scheme") or "http")
    return Candidate(url(address, number, path, scheme.lower()), node, "monitor")


def _labelled(pod: Json) -> Iterator[Candidate]:
    if not _runs(pod):
        phase = mapping(pod.get("status")).get("phase")
        trouble = f"pod {_name(pod)} is {phase} and not ready"
        yield Candidate("", _node(pod), "label", known=True, trouble=trouble)
        return
    words = " ".join(_apps(_labels(pod)))
    usual = [p for e in EXPORTERS for p in e.ports if any(app in words for app in e.apps)]
    notes = mapping(mapping(pod.get("metadata")).get("annotations"))
    told = str(notes.get("prometheus.io/port") or "")
    # What it says itself comes first; of ports that it does not declare only the usual ones.
    ports = [int(told)] if told.isdecimal() else (_container_ports(pod) or usual)
    path = str(notes.get("prometheus.io/path") or "/metrics")
    scheme = str(notes.get("prometheus.io/scheme") or "http")
    for port in ports:
        yield Candidate(url(_ip(pod), port, path, scheme), _node(pod), "label", known=True)


def _served(pod: Json, services: Sequence[Json]) -> bool:
    """Is it behind a Service that is labelled as an exporter's?"""
    for service in services:
        selector = mapping(mapping(service.get("spec")).get("selector"))
        if selector and _namespace(service) == _namespace(pod) and _is_exporter(_labels(service)):
            labels = _labels(pod)
            if all(labels.get(key) == value for key, value in selector.items()):
                return True
    return False


def _is_exporter(labels: Json) -> bool:
    words = _apps(labels)
    return any(app in word for word in words for e in EXPORTERS for app in e.apps)


def _apps(labels: Json) -> list[str]:
    return [str(labels[key]) for key in _APPS if labels.get(key)]


def _number(pod: Json | None, port: Any) -> int | None:
    """A container port's number by its name, or the number itself."""
    if isinstance(port, int):
        return port
    for container in mappings(mapping((pod or {}).get("spec")).get("containers")):
        for each in mappings(container.get("ports")):
            if port and each.get("name") == port:
                return int(each["containerPort"])
    return None


def _container_ports(pod: Json) -> list[int]:
    return [
        int(port["containerPort"])
        for container in mappings(mapping(pod.get("spec")).get("containers"))
        for port in mappings(container.get("ports"))
        if port.get("protocol", "TCP") == "TCP"
    ]


def _runs(pod: Json) -> bool:
    status = mapping(pod.get("status"))
    return status.get("phase") == "Running" and bool(status.get("podIP"))


def _host_network(pod: Json) -> bool:
    return bool(mapping(pod.get("spec")).get("hostNetwork"))


def _ip(pod: Json) -> str:
    return str(mapping(pod.get("status")).get("podIP") or "")


def _node(pod: Json) -> str:
    return str(mapping(pod.get("spec")).get("nodeName") or "")


def _labels(found: Json) -> Json:
    return mapping(mapping(found.get("metadata")).get("labels"))


def _name(found: Json) -> str:
    return str(mapping(found.get("metadata")).get("name") or "")


def _namespace(found: Json) -> str:
    return str(mapping(found.get("metadata")).get("namespace") or "")
