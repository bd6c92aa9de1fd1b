"""Claims in the words of each version of the API (pure)."""

from dataclasses import replace
from typing import Any

from aiconform.checks.framework import results_of
from aiconform.cluster.resources import RESOURCE_CLAIM, RESOURCE_CLAIM_TEMPLATE, Resource

Json = dict[str, Any]

GROUP = "resource.k8s.io"
VERSIONS = ("v1", "v1beta2", "v1beta1")  # best first
KINDS = ("deviceclasses", "resourceclaims", "resourceclaimtemplates", "resourceslices")
VERBS = ("create", "delete", "get", "list", "patch", "update", "watch")


def claims(version: str) -> Resource:
    return replace(RESOURCE_CLAIM, version=version)


def templates(version: str) -> Resource:
    return replace(RESOURCE_CLAIM_TEMPLATE, version=version)


def claim_spec(version: str, device_class: str, *, cel: str = "", admin: bool = False) -> Json:
    """One device of a class; `cel`: that the expression selects; `admin`: administrative access."""
    request: Json = {
        "deviceClassName": device_class,
        "allocationMode": "ExactCount",
        "count": 1,
    }
    if cel:
        request["selectors"] = [{"cel": {"expression": cel}}]
    if admin:
        request["adminAccess"] = True
    if version == "v1beta1":
        return {"devices": {"requests": [{"name": "device", **request}]}}
    return {"devices": {"requests": [{"name": "device", "exactly": request}]}}


def asks_for_admin(claim: Json) -> bool:
    """Did the API server keep the request for administrative access?"""
    requests = ((claim.get("spec") or {}).get("devices") or {}).get("requests") or ()
    return any(
        r.get("adminAccess") or (r.get("exactly") or {}).get("adminAccess") for r in requests
    )


def allocated(claim: Json) -> list[list[str]]:
    """[driver, pool, device] of each device that the claim has; empty: not allocated."""
    keys = ("driver", "pool", "device")
    return [[str(result.get(key, "")) for key in keys] for result in results_of(claim)]


def reserved_for(claim: Json) -> list[str]:
    """UIDs of the consumers."""
    return [str(r.get("uid")) for r in (claim.get("status") or {}).get("reservedFor") or ()]
