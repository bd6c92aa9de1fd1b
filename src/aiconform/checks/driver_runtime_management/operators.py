"""Operators that install drivers: which versions they promise, and whether they are done (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiconform.checks.framework import Resource
from aiconform.cluster.trouble import mapping

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Operator:
    """
    Attributes:
        vendor: Of the catalogue.
        version: Where in `spec` the driver's version is; empty: it tells none.
        selects: Where in `spec` the nodes are named; empty: all nodes of the vendor.
        state: Whether `status.state` says "ready".
    """

    resource: Resource
    vendor: str
    version: tuple[str, ...] = ()
    selects: str = ""
    state: bool = False


# Sources: NVIDIA/gpu-operator, api/nvidia/{v1,v1alpha1}; ROCm/gpu-operator, api/v1alpha1;
# intel/intel-device-plugins-for-kubernetes, pkg/apis/deviceplugin/v1.
OPERATORS = (
    Operator(
        Resource("nvidia.com", "v1", "clusterpolicies", "ClusterPolicy", namespaced=False),
        "nvidia", version=("driver", "version"), state=True,
    ),
    Operator(
        Resource("nvidia.com", "v1alpha1", "nvidiadrivers", "NVIDIADriver", namespaced=False),
        "nvidia", version=("version",), selects="nodeSelector", state=True,
    ),
    Operator(
        Resource("amd.com", "v1alpha1", "deviceconfigs", "DeviceConfig"),
        "amd", version=("driver", "version"), selects="selector",
    ),
    Operator(
        Resource(
            "deviceplugin.intel.com", "v1", "gpudeviceplugins", "GpuDevicePlugin", namespaced=False
        ),
        "intel-gpu",
    ),
)  # fmt: skip


def read(operator: Operator, found: Json) -> dict[str, Any]:
    """One custom resource as facts; `ready` None: it does not say."""
    spec = mapping(found.get("spec"))
    state = str(mapping(found.get("status")).get("state") or "")
    return {
        "kind": operator.resource.kind,
        "name": str(mapping(found.get("metadata")).get("name")),
        "vendor": operator.vendor,
        "version": _version(spec, operator.version),
        "selects": dict(mapping(spec.get(operator.selects))) if operator.selects else {},
        "state": state,
        "ready": state == "ready" if operator.state else None,
    }


def promised(read_operators: list[dict[str, Any]], vendor: str, labels: Json) -> list[Json]:
    """The versions that operators promise for a node, as `versions.from_labels` has them."""
    return [
        {"adapter": "operator", "key": f"{o['kind']} {o['name']}", "version": o["version"]}
        for o in read_operators
        if o["vendor"] == vendor
        and o["version"]
        and all(labels.get(key) == value for key, value in o["selects"].items())
    ]


def _version(spec: Json, path: tuple[str, ...]) -> str:
    """Empty: none is told, or the operator leaves the driver alone."""
    found: Any = spec
    for part in path:
        found = mapping(found)
        if found.get("enabled") is False or found.get("enable") is False:
            return ""
        found = found.get(part)
    return found if isinstance(found, str) and found[:1].isdigit() else ""
