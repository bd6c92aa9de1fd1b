"""The pods and claims of this check (pure)."""

from collections.abc import Sequence
from typing import Any

from aiconform.checks.framework import on_nodes, workload
from aiconform.checks.high_performance_networking.networks import NETWORKS, Network

Json = dict[str, Any]
PORT = 8080
_CLAIM = "network"
# No driver publishes attributes of this domain.
NOBODYS = '"none" in device.attributes["aiconform.invalid"]'


def pod(
    network: Network | None, hostnames: Sequence[str], taints: Sequence[str], *, name: str,
    nonce: str, claim: str = "", units: int = 1,
) -> Json:  # fmt: skip
    """It tells its interfaces and carries bytes. `network` None: a pod that asks for none."""
    resource = network.what if network and network.kind == "resource" else ""
    container = workload(
        "nic", "--nonce", nonce, port=PORT,
        devices={resource: units} if resource else None,
        claims=(_CLAIM,) if claim else (),
    )  # fmt: skip
    metadata: Json = {"name": name}
    if network and network.kind == "attachment":
        metadata["annotations"] = {NETWORKS: network.what}
    spec: Json = {
        "tolerations": [{"key": key, "operator": "Exists"} for key in taints],
        "containers": [container],
    }
    if hostnames:
        spec["affinity"] = on_nodes(*hostnames)
    if claim:
        spec["resourceClaims"] = [{"name": _CLAIM, "resourceClaimName": claim}]
    return {"metadata": metadata, "spec": spec}


def claim(network: Network, *, name: str, count: int = 1, cel: str = "") -> Json:
    exactly: Json = {
        "deviceClassName": network.device_class, "allocationMode": "ExactCount", "count": count,
    }  # fmt: skip
    if cel:
        exactly["selectors"] = [{"cel": {"expression": cel}}]
    requests = [{"name": "network", "exactly": exactly}]
    return {"metadata": {"name": name}, "spec": {"devices": {"requests": requests}}}
