"""Where queries are answered, and how a Prometheus object selects, read from what is there."""

from typing import Any

import pytest

from aiconform.checks.ai_service_metrics.monitors import query_places, selection
from aiconform.checks.ai_service_metrics.queries import digest, parse


def _service(port: int, *, ip: str = "10.0.0.9", **labels: str) -> dict[str, Any]:
    told = {name.replace("_", "-"): value for name, value in labels.items()}
    return {
        "metadata": {"name": "s", "namespace": "m", "labels": told},
        "spec": {"clusterIP": ip, "ports": [{"port": port}]},
    }


@pytest.mark.parametrize(
    ("service", "place"),
    [
        (_service(9090, operated_prometheus="true", ip="None"), "http://s.m.svc:9090"),
        (_service(8481, app="vmselect"), "http://10.0.0.9:8481/select/0/prometheus"),
        (_service(10902, app="thanos-query"), "http://10.0.0.9:10902"),
        (_service(9090, app="prometheus", ip="fd00::9"), "http://[fd00::9]:9090"),
        (_service(9090, app="prometheus-node-exporter"), None),
        (_service(9093, app="prometheus"), None),
    ],
)
def test_query_apis_are_found_by_label_and_port(service: dict[str, Any], place: str | None) -> None:
    assert query_places([service]) == ((place,) if place else ())


@pytest.mark.parametrize(
    ("places", "reached"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"kubernetes.io/metadata.name": "work"}}, True),
        ({"matchLabels": {"team": "x"}}, False),
        ({"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}, True),
    ],
)
def test_namespace_selectors_are_read_as_the_operator_reads_them(
    places: Any, reached: bool
) -> None:
    spec = {"podMonitorSelector": {}, "podMonitorNamespaceSelector": places}

    found = selection({"metadata": {"name": "k", "namespace": "m"}, "spec": spec}, namespace="work")

    assert found["reaches_us"] is reached


@pytest.mark.parametrize(
    "text",
    [
        "vector(1) success",
        '"vector"',
        "[]",
        '{"status": "success", "data": {"resultType": "matrix", "result": []}}',
        '{"status": "error", "data": {"resultType": "vector", "result": []}}',
        '{"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}}]}}',
        '{"status": "success", "data": {"resultType": "vector", "result":'
        ' [{"metric": {}, "value": [1, "NaN"]}]}}',
    ],
)
def test_what_is_no_vector_is_none(text: str) -> None:
    assert parse(text) is None


def test_of_two_copies_the_greater_counts() -> None:
    text = (
        '{"status": "success", "data": {"resultType": "vector", "result": ['
        '{"metric": {"__name__": "x", "replica": "a"}, "value": [1, "9"]},'
        '{"metric": {"__name__": "x", "replica": "b"}, "value": [1, "10"]}]}}'
    )
    assert digest(parse(text) or ())["values"] == {"x": 10.0}
