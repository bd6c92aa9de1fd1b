"""
Which nodes an agent's pod may run on (pure).

A node is named by its field metadata.name, not by its label kubernetes.io/hostname: the label need
not equal the name. The API takes one value for each expression on a field (k8s.io/kubernetes,
pkg/apis/core/validation, ValidateNodeFieldSelectorRequirement), so each node is a
term of its own; terms are alternatives. The DaemonSet controller looks at every term for every
node, so beyond a few hundred nodes a single expression on the label is used instead, with the
label's values as the survey found them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

LARGE_GROUP = 200
_HOSTNAME = "kubernetes.io/hostname"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"

Json = dict[str, Any]


def node_affinity(
    nodes: Sequence[str], *, site: Mapping[str, Any], hostnames: Mapping[str, str]
) -> Json:
    """
    A pod's affinity: one of the nodes, and whatever the site asks besides.

    Args:
        site: The affinity of the chart's values, left as it is but for the required node terms.
        hostnames: Node → value of its hostname label, where it has one.
    """
    ours = _terms(nodes, hostnames)
    node = dict(site.get("nodeAffinity") or {})
    theirs = (node.get(_REQUIRED) or {}).get("nodeSelectorTerms") or [{}]
    # Terms are alternatives, so "theirs and ours" is every pair of terms.
    both = [_joined(their, our) for their in theirs for our in ours]
    return {**site, "nodeAffinity": {**node, _REQUIRED: {"nodeSelectorTerms": both}}}


def merged_tolerations(*lists: Iterable[Mapping[str, Any]]) -> list[Json]:
    """All tolerations in their order, each once."""
    merged: list[Json] = []
    for toleration in (dict(t) for tolerations in lists for t in tolerations):
        if toleration not in merged:
            merged.append(toleration)
    return merged


def _terms(nodes: Sequence[str], hostnames: Mapping[str, str]) -> list[Json]:
    labelled = [node for node in nodes if node in hostnames] if len(nodes) > LARGE_GROUP else []
    by_name = [node for node in nodes if node not in set(labelled)]
    terms = [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
        for node in by_name
    ]
    if labelled:
        values = sorted({hostnames[node] for node in labelled})
        expression = {"key": _HOSTNAME, "operator": "In", "values": values}
        terms.append({"matchExpressions": [expression]})
    return terms


def _joined(first: Mapping[str, Any], second: Mapping[str, Any]) -> Json:
    """Both terms at once: what is in one term must hold together."""
    return {
        key: [*first.get(key, ()), *second.get(key, ())]
        for key in ("matchExpressions", "matchFields")
        if first.get(key) or second.get(key)
    }
