"""Pod specifications of our own image, for `Context.apply` (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

# Interfaces of every network namespace of a Linux kernel with these modules. Source: Linux,
# Documentation/admin-guide/sysctl/net.rst, fb_tunnels_only_for_init_net.
TUNNELS = frozenset(
    {"tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0"}
)


def workload(
    server: str,
    *flags: str,
    name: str = "workload",
    env: Mapping[str, str] | None = None,
    port: int | None = None,
    devices: Mapping[str, int] | None = None,
    claims: Sequence[str] = (),
) -> Json:
    """
    A container that runs one of our workload servers: `python3 -m aiconform.workload <server>`.

    Image, security, CPU and memory are added when it is made.

    Args:
        flags: As `python3 -m aiconform.workload <server> --help` tells them.
        env: Beside AICONFORM_POD_UID, AICONFORM_POD and AICONFORM_NODE, which every one has.
        port: Its HTTP port: then it is ready when /healthz answers.
        devices: Extended resource → how many.
        claims: Names of the pod's `resourceClaims` that it uses.
    """
    container: Json = {
        "name": name,
        "command": ["python3", "-m", "aiconform.workload", server, *flags],
        "env": [
            _field("AICONFORM_POD_UID", "metadata.uid"),
            _field("AICONFORM_POD", "metadata.name"),
            _field("AICONFORM_NODE", "spec.nodeName"),
            *({"name": key, "value": value} for key, value in (env or {}).items()),
        ],
    }
    if port is not None:
        container["ports"] = [{"name": "http", "containerPort": port}]
        container["readinessProbe"] = {
            "httpGet": {"path": "/healthz", "port": port},
            "periodSeconds": 1,
        }
    resources: Json = {}
    if devices:
        resources["limits"] = {resource: str(count) for resource, count in devices.items()}
    if claims:
        resources["claims"] = [{"name": claim} for claim in claims]
    if resources:
        container["resources"] = resources
    return container


def on_nodes(*hostnames: str) -> Json:
    """A pod's `affinity` for these nodes only, by their label kubernetes.io/hostname."""
    expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": list(hostnames)}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def _field(name: str, path: str) -> Json:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
