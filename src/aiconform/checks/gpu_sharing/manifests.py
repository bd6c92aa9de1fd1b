"""The pods and claims of this check (pure)."""

from collections.abc import Sequence
from typing import Any

from aiconform.checks.framework import on_nodes, workload
from aiconform.checks.gpu_sharing.ways import Way

Json = dict[str, Any]
SIT_S = 600
_CLAIM = "part"


def pod(
    way: Way, hostname: str, taints: Sequence[str], *, name: str, nonce: str, units: int,
    claim: str = "",
) -> Json:  # fmt: skip
    """It lists its devices and stays. `units` 0: it asks for none."""
    container = workload(
        "devices", "--nonce", nonce, "--sleep", str(SIT_S),
        devices={way.resource: units} if way.resource and units else None,
        claims=(_CLAIM,) if claim else (),
    )  # fmt: skip
    spec: Json = {
        "affinity": on_nodes(hostname),
        "tolerations": [{"key": key, "operator": "Exists"} for key in taints],
        "containers": [container],
    }
    if claim:
        spec["resourceClaims"] = [{"name": _CLAIM, "resourceClaimName": claim}]
    return {"metadata": {"name": name}, "spec": spec}


def claim(way: Way, *, name: str, count: int = 1, everything: bool = False) -> Json:
    """`everything`: all of the device's capacity, where parts of it are asked for."""
    exactly: Json = {
        "deviceClassName": way.device_class, "allocationMode": "ExactCount", "count": count,
    }  # fmt: skip
    if way.cel:
        exactly["selectors"] = [{"cel": {"expression": way.cel}}]
    if everything:
        key, value = way.capacity
        exactly["capacity"] = {"requests": {key: value}}
    requests = [{"name": "part", "exactly": exactly}]
    return {"metadata": {"name": name}, "spec": {"devices": {"requests": requests}}}
