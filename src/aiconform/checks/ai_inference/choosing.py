"""Which GatewayClasses are tried, by which ports and addresses (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiconform.checks.ai_inference.kinds import is_true
from aiconform.checks.ai_inference.objects import GATEWAY_LABEL
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]

MOST_CLASSES = 3
_USUAL_PORTS = (80, 8080, 8000)


@dataclass(frozen=True)
class Candidate:
    """A class to try."""

    class_name: str
    controller: str
    ports: tuple[int, ...]


def class_facts(found: Mapping[str, Any]) -> Json:
    spec, status = mapping(found.get("spec")), mapping(found.get("status"))
    features = status.get("supportedFeatures") or ()
    names = [f.get("name") if isinstance(f, Mapping) else f for f in features]
    return {
        "name": found["metadata"]["name"],
        "controller": str(spec.get("controllerName") or ""),
        "accepted": is_true(mappings(status.get("conditions")), "Accepted"),
        "features": sorted(str(name) for name in names)[:100],
    }


def gateway_in_use(found: Mapping[str, Any]) -> Json:
    """Of another's Gateway: whom it belongs to, whether it works, its HTTP ports."""
    spec, status = mapping(found.get("spec")), mapping(found.get("status"))
    return {
        "class": str(spec.get("gatewayClassName") or ""),
        "programmed": is_true(mappings(status.get("conditions")), "Programmed"),
        "ports": [
            int(each["port"])
            for each in mappings(spec.get("listeners"))
            if each.get("protocol") == "HTTP" and "port" in each
        ],
    }


def candidates(
    classes: Sequence[Mapping[str, Any]],
    in_use: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
) -> tuple[Candidate, ...]:
    """
    The site's class; else those with a Gateway that works; else each accepted one, at most three.

    Args:
        classes: As `class_facts` has them.
        in_use: As `gateway_in_use` has them.
    """
    accepted = [c for c in classes if c["accepted"]]
    if wanted := settings.get("gatewayClass"):
        chosen = [c for c in accepted if c["name"] == wanted]
    else:
        working = {g["class"] for g in in_use if g["programmed"]}
        chosen = [c for c in accepted if c["name"] in working] or accepted
    return tuple(
        Candidate(c["name"], c["controller"], _ports(c["name"], in_use, settings))
        for c in chosen[:MOST_CLASSES]
    )


def _ports(
    name: str, in_use: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]
) -> tuple[int, ...]:
    if wanted := settings.get("listenerPort"):
        return (int(wanted),)
    used = [port for g in in_use if g["class"] == name and g["programmed"] for port in g["ports"]]
    return tuple(dict.fromkeys((*used, *_USUAL_PORTS)))


def addresses(
    gateway: Mapping[str, Any], services: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]
) -> tuple[str, ...]:
    """Where our hostnames may be asked for: the site's word, the Gateway's status, its Service."""
    told = [str(settings["address"])] if settings.get("address") else []
    listed = mappings(mapping(gateway.get("status")).get("addresses"))
    told += [str(each["value"]) for each in listed if each.get("value")]
    name = mapping(gateway.get("metadata")).get("name")
    for service in services:
        labels = mapping(mapping(service.get("metadata")).get("labels"))
        address = str(mapping(service.get("spec")).get("clusterIP") or "")
        if labels.get(GATEWAY_LABEL) == name and address not in {"", "None"}:
            told.append(address)
    return tuple(dict.fromkeys(told))[:4]


def in_url(address: str, port: int) -> str:
    """Host and port as a URL has them."""
    host = f"[{address}]" if ":" in address and not address.startswith("[") else address
    return f"{host}:{port}"
