"""Label and namespace selectors of the Prometheus Operator's monitors (pure)."""

from collections.abc import Mapping
from typing import Any

from aiconform.checks.framework.nodeset import expression_fits
from aiconform.cluster.trouble import mapping, mappings

Json = Mapping[str, Any]


def reaches(monitor: Json, namespace: str) -> bool:
    """Does its namespace selector take this one? Without one: its own only."""
    selector = mapping(mapping(monitor.get("spec")).get("namespaceSelector"))
    if selector.get("any") is True:
        return True
    names = selector.get("matchNames")
    return namespace in (names or [mapping(monitor.get("metadata")).get("namespace")])


def selects(spec: Json, labels: Json) -> bool:
    """Does its `selector` take these labels? An empty one takes all."""
    selector = mapping(spec.get("selector"))
    exact = mapping(selector.get("matchLabels")).items()
    return all(labels.get(key) == value for key, value in exact) and all(
        expression_fits(term, labels) for term in mappings(selector.get("matchExpressions"))
    )
