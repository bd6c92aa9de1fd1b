"""Which way from a workload's metric to the autoscaler the platform has (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiconform.checks.pod_autoscaling.kinds import CUSTOM_GROUP, CUSTOM_VERSIONS, EXTERNAL_GROUP
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]

KEDA_API = "keda.sh/v1alpha1"
WAYS = ("custom", "keda", "external")  # in the order in which they are tried


@dataclass(frozen=True)
class Api:
    """A registered metrics API. `told`: why it is not available, in the API server's words."""

    group: str
    version: str
    available: bool
    told: str = ""


def metrics_apis(services: Sequence[Mapping[str, Any]]) -> tuple[Api, ...]:
    """From all APIService objects, those of custom and external metrics, best versions first."""
    found: list[Api] = []
    for each in services:
        spec = mapping(each.get("spec"))
        if spec.get("group") not in {CUSTOM_GROUP, EXTERNAL_GROUP}:
            continue
        conditions = mappings(mapping(each.get("status")).get("conditions"))
        state: Mapping[str, Any] = next((c for c in conditions if c.get("type") == "Available"), {})
        ready = state.get("status") == "True"
        told = "" if ready else f"{state.get('reason', 'Unknown')}: {state.get('message', '')}"
        found.append(Api(str(spec["group"]), str(spec.get("version")), ready, told[:300]))
    return tuple(sorted(found, key=lambda api: (api.group, -_rank(api.version))))


def _rank(version: str) -> int:
    return -CUSTOM_VERSIONS.index(version) if version in CUSTOM_VERSIONS else -99


def choose(
    apis: Sequence[Api], *, keda: bool, settings: Mapping[str, Any]
) -> tuple[str | None, str]:
    """
    (way, version of the metrics API); way None: there is none that can be used.

    An external metric can be used only when the site names one: which are there cannot be known.
    """
    up = [api for api in apis if api.available]
    custom = next(
        (a.version for a in up if a.group == CUSTOM_GROUP and a.version in CUSTOM_VERSIONS), None
    )
    external = any(a.group == EXTERNAL_GROUP and a.version == "v1beta1" for a in up)
    usable = {
        "custom": custom,
        "keda": "v1beta1" if keda and external else None,
        "external": "v1beta1" if external and external_name(settings) else None,
    }
    asked = settings.get("adapter")
    for way in (str(asked),) if asked else WAYS:
        if version := usable.get(way):
            return way, version
    return None, ""


def external_name(settings: Mapping[str, Any]) -> str:
    """The external metric that the site names; empty: none."""
    return str(mapping(settings.get("external")).get("metric") or "")
