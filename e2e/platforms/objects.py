"""Objects of a platform piece: applied together, waited for, and all taken away again."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import yaml

from e2e.lab.lab import Lab

Manifest = Mapping[str, Any]
REMOVAL = ("--ignore-not-found", "--wait=true", "--timeout=150s")


def documents(text: str) -> list[dict[str, Any]]:
    """The objects of a YAML stream, empty ones left out."""
    return [dict(found) for found in yaml.safe_load_all(text) if found]


@contextmanager
def applied(lab: Lab, manifests: Iterable[Manifest]) -> Iterator[None]:
    """These objects, for the block; a half-done apply is taken away as well."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
    try:
        lab.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=text)
        yield
    finally:
        lab.kubectl("delete", "-f", "-", *REMOVAL, input=text)


@contextmanager
def namespace(lab: Lab, name: str, **labels: str) -> Iterator[str]:
    """A namespace, for the block; all that is in it goes with it."""
    metadata = {"name": name, "labels": labels}
    with applied(lab, [{"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}]):
        yield name


def established(lab: Lab, definitions: Sequence[Manifest]) -> None:
    """Wait until the API serves these CustomResourceDefinitions."""
    names = [f"crd/{found['metadata']['name']}" for found in definitions]
    lab.kubectl("wait", "--for=condition=Established", "--timeout=60s", *names)


def rolled_out(lab: Lab, workload: str, *, namespace: str, limit_s: int = 180) -> None:
    """Wait until every pod of a Deployment or DaemonSet is ready."""
    lab.kubectl("-n", namespace, "rollout", "status", workload, f"--timeout={limit_s}s")


@contextmanager
def nobody_behind(lab: Lab, deployment: str, *, namespace: str, selector: str) -> Iterator[None]:
    """A Deployment without pods for the block; its Service and registrations stay."""
    scale = ("-n", namespace, "scale", f"deploy/{deployment}")
    lab.kubectl(*scale, "--replicas=0")
    gone = ("--for=delete", "--timeout=90s")
    lab.kubectl("-n", namespace, "wait", "pods", "-l", selector, *gone)
    try:
        yield
    finally:
        lab.kubectl(*scale, "--replicas=1")
        rolled_out(lab, f"deploy/{deployment}", namespace=namespace)


def items(lab: Lab, *selection: str) -> list[dict[str, Any]]:
    """What `kubectl get` finds, as dictionaries."""
    found = json.loads(lab.kubectl("get", *selection, "--ignore-not-found", "-o", "json") or "{}")
    return list(found.get("items", [found] if found else []))


def pod_address(lab: Lab, selector: str, *, namespace: str) -> str:
    """The IP address of a running pod; this machine reaches it."""
    running = "--field-selector=status.phase=Running"
    pods = items(lab, "pods", "-n", namespace, "-l", selector, running)
    return str(next(p["status"]["podIP"] for p in pods if "deletionTimestamp" not in p["metadata"]))


def service_account(
    name: str, *, namespace: str, rules: Sequence[Manifest] = ()
) -> list[dict[str, Any]]:
    """An account with these rights in the whole cluster."""
    metadata = {"name": name}
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    group = "rbac.authorization.k8s.io"
    role = {"apiGroup": group, "kind": "ClusterRole", "name": name}
    return [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": namespace},
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRole",
            "metadata": metadata,
            "rules": [dict(rule) for rule in rules],
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": metadata,
            "roleRef": role,
            "subjects": [subject],
        },
    ]
