"""RayCluster's CustomResourceDefinition: the shape of the real one, without its length."""

from typing import Any

from e2e.platforms.standins.operator import GROUP, PLURAL, VERSION


def ray_cluster(
    name: str, image: str, *, namespace: str, groups: tuple[str, ...] = ("small",)
) -> dict[str, Any]:
    """A RayCluster whose pods only sleep; two equal group names make it invalid."""
    pause = {
        "name": "ray",
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["python3", "-c", "import time; time.sleep(3600)"],
    }
    template = {"spec": {"terminationGracePeriodSeconds": 0, "containers": [pause]}}
    workers = [{"groupName": g, "replicas": 1, "template": template} for g in groups]
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "RayCluster",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"headGroupSpec": {"template": template}, "workerGroupSpecs": workers},
    }


def crd() -> dict[str, Any]:
    """RayCluster's definition, cut down to what the stand-in reads."""
    template = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    head = {
        "type": "object",
        "required": ["template"],
        "properties": {
            "template": template,
            "rayStartParams": {"type": "object", "additionalProperties": {"type": "string"}},
            "serviceType": {"type": "string"},
        },
    }
    count = {"type": "integer", "format": "int32", "minimum": 0}
    worker = {
        "type": "object",
        "required": ["groupName", "template"],
        "properties": {
            **head["properties"],  # type: ignore[dict-item]
            "groupName": {"type": "string"},
            "replicas": {**count, "default": 0},
            "minReplicas": {**count, "default": 0},
            "maxReplicas": {**count, "default": 2147483647},
        },
    }
    spec = {
        "type": "object",
        "required": ["headGroupSpec"],
        "properties": {
            "rayVersion": {"type": "string"},
            "suspend": {"type": "boolean"},
            "headGroupSpec": head,
            "workerGroupSpecs": {"type": "array", "items": worker},
        },
    }
    schema = {
        "type": "object",
        "properties": {
            "spec": spec,
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    names = {
        "kind": "RayCluster",
        "listKind": "RayClusterList",
        "plural": PLURAL,
        "singular": "raycluster",
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }
