"""
What is kept of long lists (pure): 50,000 pods in full would not fit into the coordinator's memory.
"""

from collections.abc import Mapping
from typing import Any

from aiconform.cluster.trouble import mapping, mappings


def slim_pod(pod: Mapping[str, Any]) -> dict[str, Any]:
    """Where the pod runs, what it asks for, and whether it has ended."""
    metadata, spec = mapping(pod.get("metadata")), mapping(pod.get("spec"))
    return {
        "metadata": {key: metadata[key] for key in ("name", "namespace") if key in metadata},
        "spec": {
            "nodeName": spec.get("nodeName"),
            "initContainers": list(map(_slim_container, mappings(spec.get("initContainers")))),
            "containers": list(map(_slim_container, mappings(spec.get("containers")))),
        },
        "status": {"phase": mapping(pod.get("status")).get("phase")},
    }


def slim_node(node: Mapping[str, Any]) -> dict[str, Any]:
    """The node without its list of images and without who wrote which field."""
    metadata, status = mapping(node.get("metadata")), mapping(node.get("status"))
    return {
        **node,
        "metadata": {key: value for key, value in metadata.items() if key != "managedFields"},
        "status": {key: value for key, value in status.items() if key != "images"},
    }


def _slim_container(container: Mapping[str, Any]) -> dict[str, Any]:
    return {key: container[key] for key in ("resources", "restartPolicy") if key in container}
