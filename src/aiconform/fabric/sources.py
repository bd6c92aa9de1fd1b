"""Where topology is read from: a table of the site, labels of nodes, or attributes of devices."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiconform.fabric.topology import Topology, is_leaf_like
from aiconform.fabric.torus import Torus
from aiconform.fabric.torus_table import is_torus_table, read_torus_table
from aiconform.model.errors import ConfigError
from aiconform.model.fabric import PlannedTopology

COLUMNS = ("node", "rail", "leaf", "pod")
EVERY_RAIL = "*"
MAX_RAILS = 64
HINT = "give lines `node,rail,leaf[,pod]` or a JSON list of such objects; rail may be *"

Row = tuple[str, str, str]  # node, rail, leaf with its pod


def read_table(text: str, *, source: str = "the site's table") -> Topology:
    """
    Read the site's own table, CSV or JSON.

    Args:
        text: CSV with columns node, rail, leaf and maybe pod (a first line with these names is
            skipped), or a JSON list of objects with these keys. A first line that names axes,
            such as `node,x/4,y/4,z/8`, begins a table of places in a torus.

    Raises:
        ConfigError: A line is malformed, or a node's rails do not add up. Names the line or node.
    """
    is_json = text.lstrip().startswith(("[", "{"))
    lines = [] if is_json else list(_csv_lines(text))
    if lines and is_torus_table(lines[0][1]):
        return read_torus_table(lines, source=source)
    rows = _json_rows(text) if is_json else _csv_rows(lines)
    by_node: dict[str, dict[str, str]] = defaultdict(dict)
    for node, rail, leaf in rows:
        if rail in by_node[node]:
            raise ConfigError(f"topology: {node} has rail {rail} twice", hint=HINT)
        by_node[node][rail] = leaf
    rails = {int(rail) for own in by_node.values() for rail in own if rail != EVERY_RAIL}
    count = max(rails, default=0) + 1
    return Topology(
        {node: _by_rail(node, own, count) for node, own in sorted(by_node.items())}, source
    )


def topology_of(planned: PlannedTopology | None) -> Topology | None:
    """What a plan says of the switches; None when it says nothing."""
    if planned is None:
        return None
    torus = Torus(planned.places, planned.rings) if planned.places else None
    return Topology(planned.leaves, planned.source, torus)


def from_labels(labels: Mapping[str, Mapping[str, str]], keys: Sequence[str]) -> Topology | None:
    """
    The first label, nearest to the node first, whose groups can be leaf switches.

    Args:
        labels: Node → its labels, of all nodes that take part.
        keys: Label keys in the order in which they are believed.

    Returns:
        None when no label will do.
    """
    for key in keys:
        groups = {node: own[key] for node, own in labels.items() if own.get(key)}
        if is_leaf_like(groups, node_count=len(labels)):
            return Topology({n: (leaf,) for n, leaf in sorted(groups.items())}, f"label {key}")
    return None


def leaves_in_slices(
    slices: Iterable[Mapping[str, Any]], *, attribute: str
) -> dict[str, tuple[str, ...]]:
    """
    An attribute that a DRA driver tells of its devices, such as the switch of a network port.

    Args:
        slices: ResourceSlices as the API server has them.
        attribute: Name of the attribute, with or without its domain.

    Returns:
        Node → its leaf; of a node whose devices differ, the leaf of each in the order of their
        names, which are its rails.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for each in slices:
        spec = each.get("spec") or {}
        for device in spec.get("devices") or ():
            value = _attribute(device, attribute)
            if value and spec.get("nodeName"):
                found[spec["nodeName"]][device["name"]] = value
    return {node: _alike(own) for node, own in sorted(found.items())}


def _alike(own: Mapping[str, str]) -> tuple[str, ...]:
    values = tuple(own[name] for name in sorted(own))
    return values[:1] if len(set(values)) == 1 else values


def _attribute(device: Mapping[str, Any], attribute: str) -> str:
    # v1 has attributes beside the name, v1beta1 below `basic`.
    told = device.get("attributes") or (device.get("basic") or {}).get("attributes") or {}
    short = attribute.rpartition("/")[2]
    value = told.get(attribute) or told.get(short) or {}
    return str(next(iter(value.values()), ""))


def _by_rail(node: str, own: Mapping[str, str], count: int) -> tuple[str, ...]:
    if EVERY_RAIL in own:
        return tuple(own.get(str(rail), own[EVERY_RAIL]) for rail in range(count))
    missing = [str(rail) for rail in range(count) if str(rail) not in own]
    if missing:
        said = f"topology: {node} has no leaf for rail {', '.join(missing)}"
        raise ConfigError(said, hint="name every rail of every node, or use * for all rails")
    return tuple(own[str(rail)] for rail in range(count))


def _csv_lines(text: str) -> Iterable[tuple[int, list[str]]]:
    """Numbers and cells of the lines that say something."""
    for number, line in enumerate(csv.reader(io.StringIO(text), skipinitialspace=True), 1):
        cells = [cell.strip() for cell in line]
        if any(cells) and not cells[0].startswith("#"):
            yield number, cells


def _csv_rows(lines: Iterable[tuple[int, list[str]]]) -> Iterable[Row]:
    for number, cells in lines:
        if cells[:3] == list(COLUMNS[:3]):
            continue
        if len(cells) not in {3, 4}:
            raise ConfigError(f"topology: line {number} has {len(cells)} columns", hint=HINT)
        yield _row(dict(zip(COLUMNS, cells, strict=False)), f"line {number}")


def _json_rows(text: str) -> Iterable[Row]:
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as exc:
        raise ConfigError(f"topology: not JSON: {exc}", hint=HINT) from exc
    if not isinstance(rows, list):
        raise ConfigError("topology: the JSON is no list", hint=HINT)
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or not set(row) <= set(COLUMNS):
            raise ConfigError(f"topology: entry {number} is not understood", hint=HINT)
        yield _row({key: str(value) for key, value in row.items()}, f"entry {number}")


def _row(cells: Mapping[str, str], where: str) -> Row:
    node, rail, leaf = (cells.get(column, "") for column in COLUMNS[:3])
    rail = rail or EVERY_RAIL
    if not node or not leaf:
        raise ConfigError(f"topology: {where} lacks its node or its leaf", hint=HINT)
    if rail != EVERY_RAIL and not (rail.isdecimal() and int(rail) < MAX_RAILS):
        raise ConfigError(f"topology: {where}: rail {rail!r} is no number below 64", hint=HINT)
    pod = cells.get("pod", "")
    return node, str(int(rail)) if rail != EVERY_RAIL else rail, f"{pod}/{leaf}" if pod else leaf
