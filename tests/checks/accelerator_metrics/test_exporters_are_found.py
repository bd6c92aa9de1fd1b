"""Exporters are found as monitoring systems find them, and nobody else's page is taken for one."""

from typing import Any

import pytest

from aiconform.checks.accelerator_metrics import CHECK
from aiconform.checks.accelerator_metrics.finding import (
    POD_MONITOR,
    SERVICE_MONITOR,
    Cluster,
    candidates,
)
from aiconform.cluster.resources import ENDPOINT_SLICE, NODE, POD, SERVICE
from aiconform.model.outcome import Outcome
from aiconform.model.records import Sighted
from tests.checks.accelerator_metrics.exported import LOADED, ExportedPlatform

Json = dict[str, Any]
LABELS = {"app": "anything"}


async def _found_by(platform: ExportedPlatform, **settings: Any) -> tuple[Outcome, set[str]]:
    entries = await platform.run(CHECK, settings={**LOADED, **settings})
    records = [e.record for e in entries if isinstance(e.record, Sighted)]
    (listed,) = (record for record in records if record.step == "places")
    told = {row["found_by"] for row in listed.facts["rows"]}
    return platform.verdict(CHECK, entries).outcome, told


async def test_by_annotation() -> None:
    platform = ExportedPlatform(labelled=False)

    assert await _found_by(platform) == (Outcome.PASS, {"annotation"})


async def test_by_label_alone() -> None:
    platform = ExportedPlatform(annotated=False)

    assert await _found_by(platform) == (Outcome.PASS, {"label"})


async def test_by_known_port_alone() -> None:
    platform = ExportedPlatform(annotated=False, labelled=False)

    assert await _found_by(platform) == (Outcome.PASS, {"port"})


async def test_by_the_sites_word() -> None:
    platform = ExportedPlatform(annotated=False, labelled=False)
    named = [
        {"node": node, "url": f"http://{platform.address(node)}/metrics"}
        for node in ("node1", "node2")
    ]

    assert await _found_by(platform, exporters=named) == (Outcome.PASS, {"settings"})


async def test_by_pod_monitor() -> None:
    platform = _hidden()
    spec = {
        "selector": {"matchLabels": {"app": "x"}},
        "podMetricsEndpoints": [{"port": "metrics"}],
    }
    platform.objects.put(
        POD_MONITOR, {"metadata": {"name": "m"}, "spec": spec}, namespace="monitoring"
    )

    assert await _found_by(platform) == (Outcome.PASS, {"monitor"})


async def test_by_service_monitor_of_another_namespace() -> None:
    platform = _hidden()
    labels = {"team": "gpu"}
    platform.objects.put(
        SERVICE,
        {"metadata": {"name": "s", "labels": labels}, "spec": {"selector": {"app": "x"}}},
        namespace="monitoring",
    )
    endpoints = [
        {"addresses": [platform.address(node).partition(":")[0]], "nodeName": node}
        for node in ("node1", "node2")
    ]
    platform.objects.put(
        ENDPOINT_SLICE,
        {
            "metadata": {"name": "s-1", "labels": {"kubernetes.io/service-name": "s"}},
            "endpoints": endpoints,
            "ports": [{"name": "web", "port": platform.vendor.port}],
        },
        namespace="monitoring",
    )
    spec = {
        "selector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]},
        "namespaceSelector": {"any": True},
        "endpoints": [{"port": "web"}],
    }
    platform.objects.put(
        SERVICE_MONITOR, {"metadata": {"name": "m"}, "spec": spec}, namespace="operators"
    )

    assert await _found_by(platform) == (Outcome.PASS, {"monitor"})


async def test_on_the_node_itself() -> None:
    platform = ExportedPlatform(annotated=False, labelled=False)
    for number, node in enumerate(platform.objects.all(NODE)):
        address = f"192.0.2.{number}"
        node["status"]["addresses"] = [{"type": "InternalIP", "address": address}]
        name = node["metadata"]["name"]
        platform.http[f"{address}:9400"] = platform.http.pop(platform.address(name))
    for pod in list(platform.objects.all(POD)):
        platform.objects.remove(POD, pod)

    assert await _found_by(platform) == (Outcome.PASS, {"node-port"})


async def test_names_that_the_site_maps_itself() -> None:
    platform = ExportedPlatform()
    serve = platform.page

    def renamed(node: str, text: str) -> Any:
        text = text.replace("DCGM_FI_DEV_GPU_UTIL", "our_load")
        return serve(node, text.replace("DCGM_FI_DEV_FB_USED", "our_memory"))

    platform.page = renamed
    mapping = [
        {"name": "our_load", "quantity": "utilization", "factor": 0.01, "device": "UUID"},
        {"name": "our_memory", "quantity": "memory_used", "factor": 2**20, "device": "UUID"},
    ]

    verdict = platform.verdict(
        CHECK, await platform.run(CHECK, settings={**LOADED, "mapping": mapping})
    )

    assert (verdict.outcome, verdict.reason) == (Outcome.WARN, "NoMemoryTotal")


async def test_mapping_that_is_none_is_told() -> None:
    platform = ExportedPlatform()

    entries = await platform.run(CHECK, settings={"mapping": [{"name": "x", "quantity": "speed"}]})

    verdict = platform.verdict(CHECK, entries)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "BadSettings")


async def test_exporter_that_does_not_run_is_installed_and_fails() -> None:
    platform = ExportedPlatform()
    for pod in platform.objects.all(POD):
        pod["status"] = {"phase": "Pending"}

    verdict = platform.verdict(CHECK, await platform.run(CHECK, settings=LOADED))

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "NoExporter")
    assert "Pending" in verdict.sentence


@pytest.mark.parametrize(
    ("selector", "namespaces", "found"),
    [
        ({"matchLabels": LABELS}, None, False),
        ({"matchLabels": LABELS}, {"any": True}, True),
        ({"matchLabels": LABELS}, {"matchNames": ["there"]}, True),
        ({"matchLabels": {"app": "other"}}, {"any": True}, False),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["x"]}]},
         {"any": True}, True),
        ({}, {"any": True}, True),
    ],
)  # fmt: skip
def test_monitors_are_read_as_the_operator_reads_them(
    selector: Json, namespaces: Json | None, found: bool
) -> None:
    spec = {"selector": selector, "podMetricsEndpoints": [{"port": "m", "path": "/stats"}]}
    if namespaces is not None:
        spec["namespaceSelector"] = namespaces
    monitor = {"metadata": {"name": "m", "namespace": "here"}, "spec": spec}

    told = candidates(
        Cluster(nodes={"node1": ()}, pods=[_pod(ports={"m": 81})], pod_monitors=[monitor])
    )

    assert [each.url for each in told] == (["http://10.1.0.1:81/stats"] if found else [])


def test_pods_of_nodes_without_accelerators_are_left_alone() -> None:
    pod = _pod(notes={"prometheus.io/scrape": "true", "prometheus.io/port": "80"})

    assert candidates(Cluster(nodes={"node2": ()}, pods=[pod])) == ()


def test_a_pod_that_is_found_twice_is_scraped_once() -> None:
    pod = _pod(notes={"prometheus.io/scrape": "true", "prometheus.io/port": "9400"},
               labels={"app.kubernetes.io/name": "nvidia-dcgm-exporter"})  # fmt: skip

    (found,) = candidates(Cluster(nodes={"node1": ()}, pods=[pod]))

    assert (found.url, found.found_by, found.known) == (
        "http://10.1.0.1:9400/metrics", "annotation", True
    )  # fmt: skip


def test_a_pod_behind_an_exporters_service_is_an_exporter() -> None:
    service = {
        "metadata": {"name": "s", "namespace": "there", "labels": {"app": "dcgm-exporter"}},
        "spec": {"selector": LABELS},
    }

    told = candidates(
        Cluster(nodes={"node1": ()}, pods=[_pod(ports={"m": 9500})], services=[service])
    )

    assert [(each.url, each.known) for each in told] == [("http://10.1.0.1:9500/metrics", True)]


def _hidden() -> ExportedPlatform:
    """Neither annotated nor labelled, and at a port that nobody knows."""
    platform = ExportedPlatform(annotated=False, labelled=False)
    for pod in platform.objects.all(POD):
        ip = pod["status"]["podIP"]
        handler = platform.http.pop(f"{ip}:{platform.vendor.port}")
        platform.http[f"{ip}:7777"] = handler
        pod["spec"]["containers"][0]["ports"][0]["containerPort"] = 7777
        pod["metadata"]["labels"] = {"app": "x"}
    platform.vendor = type(platform.vendor)(
        platform.vendor.app, 7777, platform.vendor.identity, platform.vendor.series
    )
    return platform


def _pod(
    *, labels: Json | None = None, notes: Json | None = None, ports: dict[str, int] | None = None
) -> Json:
    declared = [{"name": name, "containerPort": port} for name, port in (ports or {}).items()]
    return {
        "metadata": {"name": "p", "namespace": "there", "labels": labels or LABELS,
                     "annotations": notes or {}},
        "spec": {"nodeName": "node1", "containers": [{"name": "c", "ports": declared}]},
        "status": {"phase": "Running", "podIP": "10.1.0.1"},
    }  # fmt: skip
