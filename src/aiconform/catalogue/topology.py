"""Which node labels name leaf switches, in the order in which they are believed."""

from functools import cache

from pydantic import TypeAdapter

from aiconform.catalogue.loading import load
from aiconform.catalogue.vendors import Source
from aiconform.model.base import Frozen, Text


class TopologyLabels(Frozen):
    """The labels of one system that knows the network; nearest to the node first."""

    id: Text
    keys: tuple[Text, ...]
    source: Source


class _File(Frozen):
    labels: tuple[TopologyLabels, ...]


@cache
def topology_labels() -> tuple[TopologyLabels, ...]:
    """All known systems."""
    return load("topology.yaml", TypeAdapter(_File)).labels


def topology_label_keys() -> tuple[str, ...]:
    """All keys in order."""
    return tuple(key for system in topology_labels() for key in system.keys)
