"""The kinds of the Gateway API, and what their status says (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiconform.checks.framework import Resource
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]

GROUP = "gateway.networking.k8s.io"
CLASS = Resource(GROUP, "v1", "gatewayclasses", "GatewayClass", namespaced=False)
GATEWAY = Resource(GROUP, "v1", "gateways", "Gateway")
ROUTE = Resource(GROUP, "v1", "httproutes", "HTTPRoute")
NEEDED = ("gatewayclasses", "gateways", "httproutes")


def condition(conditions: Iterable[Mapping[str, Any]], kind: str, *, of: Any = None) -> Json | None:
    """
    A condition by its type; None when it is not told, or told of an older generation.

    Args:
        of: The generation that it must speak of; None: any.
    """
    for found in conditions:
        if found.get("type") == kind and (of is None or _current(found, of)):
            return {key: found.get(key) for key in ("type", "status", "reason", "message")}
    return None


def is_true(conditions: Iterable[Mapping[str, Any]], kind: str, *, of: Any = None) -> bool:
    found = condition(conditions, kind, of=of)
    return found is not None and found["status"] == "True"


def gateway_facts(gateway: Mapping[str, Any]) -> Json:
    """What the controller says of a Gateway and of its first listener, now."""
    generation = mapping(gateway.get("metadata")).get("generation")
    status = mapping(gateway.get("status"))
    listeners = mappings(status.get("listeners"))
    first: Mapping[str, Any] = listeners[0] if listeners else {}
    told, of_listener = mappings(status.get("conditions")), mappings(first.get("conditions"))
    return {
        "accepted": condition(told, "Accepted", of=generation),
        "programmed": condition(told, "Programmed", of=generation),
        "listener_accepted": condition(of_listener, "Accepted", of=generation),
        "listener_resolved": condition(of_listener, "ResolvedRefs", of=generation),
        "attached_routes": first.get("attachedRoutes"),
        "conditions_told": [_told(found) for found in told][:10],
        "addresses": [str(found.get("value")) for found in mappings(status.get("addresses"))],
    }


def gateway_is_ready(facts: Mapping[str, Any], *, routes: int) -> bool:
    """Accepted, Programmed, its listener sound, and our routes attached."""
    wanted = ("accepted", "programmed", "listener_resolved")
    attached = facts["attached_routes"]
    return all(holds(facts[key]) for key in wanted) and int(attached or 0) >= routes


def port_is_taken(facts: Mapping[str, Any]) -> bool:
    """The controller has no such port: it serves entry points of its own."""
    told = facts["listener_accepted"] or {}
    return told.get("status") == "False" and told.get("reason") == "PortUnavailable"


def holds(found: Mapping[str, Any] | None) -> bool:
    return found is not None and found.get("status") == "True"


def route_facts(route: Mapping[str, Any], *, gateway: str, controller: str) -> Json:
    """What this controller says of a route as a child of this Gateway, at its own generation."""
    generation = mapping(route.get("metadata")).get("generation")
    parents = mappings(mapping(route.get("status")).get("parents"))
    ours = [
        parent
        for parent in parents
        if mapping(parent.get("parentRef")).get("name") == gateway
        and parent.get("controllerName") == controller
    ]
    conditions: Sequence[Mapping[str, Any]] = mappings(ours[0].get("conditions")) if ours else ()
    return {
        "generation": generation,
        "accepted": condition(conditions, "Accepted", of=generation),
        "resolved": condition(conditions, "ResolvedRefs", of=generation),
    }


def _current(found: Mapping[str, Any], generation: Any) -> bool:
    return bool(found.get("observedGeneration") == generation)


def _told(found: Mapping[str, Any]) -> str:
    words = (found.get(key) for key in ("type", "status", "reason", "message"))
    return " ".join(str(word) for word in words if word)[:400]
