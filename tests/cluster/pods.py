"""Pods and nodes for tests: recorded ones, and ones in states that are hard to record."""

import json
from pathlib import Path
from typing import Any

_RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> dict[str, Any]:
    """A pod recorded on Kubernetes 1.37.2 with containerd 2.4."""
    pods = json.loads((_RECORDED / "pods-in-trouble.json").read_text())
    return dict(pods[name])


def recorded_node() -> dict[str, Any]:
    return dict(json.loads((_RECORDED / "node.json").read_text()))


def pod(status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    containers = [{"name": "engine", "image": "site/engine:1"}]
    init = [{"name": "agent", "image": "site/agent:1"}]
    return {
        "metadata": {"name": "agent-x", "uid": "u", "labels": {"aiconform/group": "g1"}},
        "spec": {"nodeName": "node1", "containers": containers, "initContainers": init, **spec},
        "status": {"phase": "Running", **status},
    }


def container(**state: Any) -> dict[str, Any]:
    """Status of the main container."""
    return {"containerStatuses": [{"name": "engine", "image": "id", **state}]}


def condition(kind: str, status: str, **rest: str) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status, **rest}]}
