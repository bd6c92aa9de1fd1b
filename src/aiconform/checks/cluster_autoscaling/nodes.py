"""The pool's nodes as a watch or a list tells them, and what became of each (pure)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from aiconform.checks.cluster_autoscaling.pool import Pool
from aiconform.checks.framework import Change
from aiconform.cluster.accelerators import whole_quantity
from aiconform.cluster.facts import node_facts
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]
COLUMNS = ("step", "ms", "node", "uid", "created", "ready", "allocatable", "what")
HEADING = ",".join(COLUMNS) + "\n"
# Set by the node lifecycle, not by whoever made the pool: they come and go.
_PASSING = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/", "karpenter.sh/")


def brief(node: Mapping[str, Any], pool: Pool) -> Json:
    """One node: name, uid, created (Unix seconds), ready, how many devices it offers."""
    facts, metadata = node_facts(node), mapping(node.get("metadata"))
    return {
        "name": facts.name,
        "uid": str(metadata.get("uid", "")),
        "created": created(node),
        "ready": facts.ready,
        "unschedulable": facts.unschedulable,
        "allocatable": whole_quantity(facts.allocatable.get(pool.resource, 0)),
        "in_pool": all(facts.labels.get(key) == value for key, value in pool.selector.items()),
        "leaving": bool(metadata.get("deletionTimestamp")),
    }


def created(found: Mapping[str, Any]) -> float:
    """
    When the API server made it, Unix seconds, in whole ones.

    Raises:
        ValueError: It does not say.
    """
    told = str(mapping(found.get("metadata")).get("creationTimestamp") or "")
    return datetime.fromisoformat(told).timestamp()


def standing(changes: Iterable[Change], pool: Pool) -> dict[str, Json]:
    """By UID, the nodes that the watch shows now."""
    there: dict[str, Json] = {}
    for change in changes:
        told = brief(change.object, pool)
        if change.kind == "DELETED":
            there.pop(told["uid"], None)
        else:
            there[told["uid"]] = told
    return there


def came(changes: Iterable[Change], pool: Pool, known: Collection[str]) -> list[Json]:
    """Every node whose UID is not known, as it was last, in the order of coming."""
    found: dict[str, Json] = {}
    for change in changes:
        told = brief(change.object, pool)
        if told["uid"] not in known:
            found[told["uid"]] = told
    return list(found.values())


def ready_count(there: Mapping[str, Json]) -> int:
    return sum(node["ready"] for node in there.values())


def lasting_taints(found: Mapping[str, Any]) -> list[Json]:
    """Taints of a node, or of a NodePool's template, that are meant to stay."""
    spec = mapping(found.get("spec"))
    template = mapping(mapping(spec.get("template")).get("spec"))
    taints = mappings(spec.get("taints")) or mappings(template.get("taints"))
    return [dict(t) for t in taints if not str(t.get("key", "")).startswith(_PASSING)]


def rows(changes: Iterable[Change], pool: Pool, *, step: str, began: float) -> list[str]:
    """Lines of `nodes.csv`: one whenever a node comes, goes, or is ready or offers otherwise."""
    last: dict[str, tuple[Any, ...]] = {}
    found = []
    for change in changes:
        told = brief(change.object, pool)
        what = "gone" if change.kind == "DELETED" else "there"
        state = (told["ready"], told["allocatable"], what)
        if last.get(told["uid"]) == state:
            continue
        last[told["uid"]] = state
        cells = (step, round((change.at - began) * 1000), told["name"], told["uid"],
                 round(told["created"]), told["ready"], told["allocatable"], what)  # fmt: skip
        found.append(",".join(map(str, cells)) + "\n")
    return found


def idle(nodes: Sequence[Mapping[str, Any]], used: Mapping[str, int], pool: Pool) -> list[Json]:
    """Nodes of the pool that a pod for a whole node would fit on now."""
    found = []
    for node in nodes:
        told = brief(node, pool)
        free = told["allocatable"] - used.get(told["name"], 0)
        if told["ready"] and not told["unschedulable"] and free >= pool.devices_per_node:
            labels = node_facts(node).labels
            hostname = labels.get("kubernetes.io/hostname", told["name"])
            found.append({**told, "hostname": hostname})
    return found
