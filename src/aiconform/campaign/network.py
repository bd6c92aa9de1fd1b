"""Which nodes share switches: the site's table, its label or attribute, or the usual labels."""

from collections.abc import Mapping, Sequence

from aiconform import catalogue
from aiconform.fabric.sources import from_labels, read_table
from aiconform.fabric.topology import Topology, is_leaf_like
from aiconform.model.errors import ConfigError
from aiconform.model.fabric import PlannedTopology
from aiconform.model.plan import NodeFacts, RunConfig


def network_topology(config: RunConfig, nodes: Sequence[NodeFacts]) -> PlannedTopology | None:
    """
    What is known of the planned nodes' switches; None when nothing is.

    Raises:
        ConfigError: The site's own table is malformed, or its label or attribute is not there.
    """
    if not config.probes.tcp or len(nodes) < 2:
        return None
    found = _topology(config, nodes)
    if found is None or not found.leaves:
        return None
    torus = found.torus
    return PlannedTopology(
        source=found.source,
        leaves=dict(found.leaves),
        places=dict(torus.places) if torus else {},
        rings=torus.rings if torus else (),
        unit_count=len(found.units),
    )


def _topology(config: RunConfig, nodes: Sequence[NodeFacts]) -> Topology | None:
    asked = config.fabric.topology
    names = [node.name for node in nodes]
    labels: Mapping[str, Mapping[str, str]] = {node.name: node.labels for node in nodes}
    if asked.table:
        return read_table(asked.table).of(names)
    if asked.label:
        found = from_labels(labels, [asked.label])
        return _demand(found, f"label {asked.label}", "run.fabric.topology.label")
    if asked.attribute:
        own = {node.name: node.leaves for node in nodes if node.leaves}
        told = Topology(own, f"ResourceSlice attribute {asked.attribute}")
        alike = len({len(rails) for rails in own.values()}) == 1
        good = alike and is_leaf_like(told.unit_of, node_count=len(nodes))
        return _demand(
            told if good else None, f"attribute {asked.attribute}", "run.fabric.topology.attribute"
        )
    return from_labels(labels, catalogue.topology_label_keys())


def _demand(found: Topology | None, what: str, value: str) -> Topology:
    if found is None:
        raise ConfigError(
            f"{what} does not tell leaf switches: its groups must hold 2 to 256 nodes, and at "
            "least half of the nodes",
            hint=f"check the nodes, or leave {value} empty",
        )
    return found
