"""
What became of the pods, in the watch's order (pure).

A pod counts as placed from the moment that it has a node, whatever its phase: a slow image would
else look like a gang that waits. Order comes from the watch alone; times only measure windows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aiconform.checks.framework import Change
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]
GANG_LABEL = "aiconform/gang"
_OVER = frozenset({"succeeded", "failed", "deleted"})
COLUMNS = ("ms", "gang", "pod", "what", "detail", "version")


def timeline(changes: Iterable[Change], *, began: float) -> list[Json]:
    """
    One entry for each new thing that happened to a pod, in the order in which the watch told it.

    Returns:
        {"ms" since `began`, "gang", "pod", "uid", "what", "detail", "version"}; `what` is one of
        created, gated, unschedulable, bound, running, succeeded, failed, deleted.
    """
    told: set[tuple[str, str]] = set()
    entries: list[Json] = []
    for change in changes:
        metadata = mapping(change.object.get("metadata"))
        uid = str(metadata.get("uid", ""))
        for what, detail in _marks(change):
            if (uid, what) in told:
                continue
            told.add((uid, what))
            entries.append(
                {
                    "ms": round((change.at - began) * 1000),
                    "gang": str(mapping(metadata.get("labels")).get(GANG_LABEL, "")),
                    "pod": str(metadata.get("name", "")),
                    "uid": uid,
                    "what": what,
                    "detail": detail[:200],
                    "version": str(metadata.get("resourceVersion", "")),
                }
            )
    return entries


def _marks(change: Change) -> Iterator[tuple[str, str]]:
    pod = change.object
    spec, status = mapping(pod.get("spec")), mapping(pod.get("status"))
    yield "created", ""
    for condition in mappings(status.get("conditions")):
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            reason = str(condition.get("reason", ""))
            if reason == "Unschedulable":
                yield "unschedulable", str(condition.get("message", ""))
    if spec.get("schedulingGates"):
        yield "gated", ",".join(str(g.get("name")) for g in mappings(spec["schedulingGates"]))
    if spec.get("nodeName"):
        yield "bound", str(spec["nodeName"])
    phase = status.get("phase")
    if phase in {"Running", "Succeeded", "Failed"}:
        yield str(phase).lower(), str(status.get("reason") or "")
    if change.kind == "DELETED":
        yield "deleted", ""


def as_csv(entries: Sequence[Mapping[str, Any]], *, step: str) -> str:
    """Rows of `timeline.csv`, without its heading."""
    rows = [",".join([step, *(_cell(entry[column]) for column in COLUMNS)]) for entry in entries]
    return "".join(f"{row}\n" for row in rows)


HEADING = ",".join(["step", *COLUMNS]) + "\n"


def of(entries: Iterable[Mapping[str, Any]], gang: str) -> list[Mapping[str, Any]]:
    """A gang's own entries."""
    return [entry for entry in entries if entry["gang"] == gang]


def first(entries: Iterable[Mapping[str, Any]], what: str) -> dict[str, int]:
    """Pod (by UID) → milliseconds at which this first happened to it."""
    found: dict[str, int] = {}
    for entry in entries:
        if entry["what"] == what:
            found.setdefault(str(entry["uid"]), int(entry["ms"]))
    return found


def before(entries: Iterable[Mapping[str, Any]], mark: int) -> list[Mapping[str, Any]]:
    """The entries at places before this one in the watch's order."""
    return list(entries)[:mark]


def placed_at_each(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, set[str]]]:
    """After every entry: gang → UIDs of its pods that have a node and are not over."""
    state: dict[str, set[str]] = {}
    found = []
    for entry in entries:
        gang, uid, what = str(entry["gang"]), str(entry["uid"]), entry["what"]
        if what == "bound":
            state.setdefault(gang, set()).add(uid)
        elif what in _OVER:
            state.get(gang, set()).discard(uid)
        found.append({name: set(uids) for name, uids in state.items() if uids})
    return found


def _cell(value: object) -> str:
    text = str(value).replace("\n", " ")
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"') else text
