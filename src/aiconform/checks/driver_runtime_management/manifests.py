"""The pods and claims of this check (pure)."""

from typing import Any

from aiconform.catalogue.drivers import Driver
from aiconform.checks.driver_runtime_management.units import Unit
from aiconform.checks.framework import on_nodes, workload

Json = dict[str, Any]
_CLAIM = "accelerator"
STAY_S = 600


def reader(unit: Unit, hostname: str, driver: Driver, *, name: str, nonce: str) -> Json:
    """A pod without a device: what every container sees of the node's driver."""
    return _pod(unit, hostname, workload("devices", *_flags(driver, nonce)), name=name)


def holder(
    unit: Unit, hostname: str, driver: Driver, *, name: str, nonce: str, claim: str = ""
) -> Json:
    """A pod with one device, by the claim or else by the resource, that stays until deleted."""
    flags = [*_flags(driver, nonce), "--sleep", str(STAY_S)]
    if driver.tool:
        flags += ["--execute", driver.tool]
    container = workload(
        "devices", *flags,
        devices=None if claim else {unit.resource: 1},
        claims=(_CLAIM,) if claim else (),
    )  # fmt: skip
    pod = _pod(unit, hostname, container, name=name)
    if claim:
        pod["spec"]["resourceClaims"] = [{"name": _CLAIM, "resourceClaimName": claim}]
    return pod


def choosy(unit: Unit, hostname: str, *, name: str, nonce: str, label: str, value: str) -> Json:
    """A pod for a node whose label has a value that none has."""
    pod = _pod(unit, hostname, workload("devices", "--nonce", nonce), name=name)
    pod["spec"]["nodeSelector"] = {label: value}
    return pod


def claim(device_class: str, *, name: str, cel: str = "") -> Json:
    exactly: Json = {"deviceClassName": device_class, "allocationMode": "ExactCount", "count": 1}
    if cel:
        exactly["selectors"] = [{"cel": {"expression": cel}}]
    requests = [{"name": "device", "exactly": exactly}]
    return {"metadata": {"name": name}, "spec": {"devices": {"requests": requests}}}


def _flags(driver: Driver, nonce: str) -> list[str]:
    return ["--nonce", nonce, *(w for path in driver.version_files for w in ("--read", path))]


def _pod(unit: Unit, hostname: str, container: Json, *, name: str) -> Json:
    return {
        "metadata": {"name": name},
        "spec": {
            "affinity": on_nodes(hostname),
            "tolerations": [{"key": key, "operator": "Exists"} for key in unit.taints],
            "containers": [container],
        },
    }
