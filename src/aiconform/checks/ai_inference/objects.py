"""What the check makes: backends, their Services, a Gateway, routes, network policies (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.ai_inference.kinds import GROUP
from aiconform.checks.framework import workload

Json = dict[str, Any]

PORT = 8080
MODEL_HEADER = "x-aiconform-model"
PROTOCOL_HEADERS = ("OpenAI-Organization", "OpenAI-Project", "OpenAI-Beta")
CHAT = "/v1/chat/completions"
GATEWAY_LABEL = "gateway.networking.k8s.io/gateway-name"


def backend(name: str, *, letter: str, nonce: str) -> Json:
    container = workload("echo", "--backend", letter, "--nonce", nonce, port=PORT)
    container["resources"] = {"requests": {"cpu": "500m"}}
    return {
        "metadata": {"name": name, "labels": {"aiconform/backend": name}},
        "spec": {"containers": [container]},
    }


def service(name: str) -> Json:
    """In front of the backend of the same name, and of no other pod."""
    port = {"name": "http", "port": PORT, "targetPort": PORT}
    return {"metadata": {"name": name}, "spec": {"selector": {"aiconform/backend": name},
                                                 "ports": [port]}}  # fmt: skip


def gateway(name: str, *, class_name: str, port: int) -> Json:
    return {
        "metadata": {"name": name},
        "spec": {"gatewayClassName": class_name, "listeners": [listener(port)]},
    }


def listener(port: int) -> Json:
    allowed = {"namespaces": {"from": "Same"}}
    return {"name": "http", "protocol": "HTTP", "port": port, "allowedRoutes": allowed}


def allow_traffic(name: str, labels: Mapping[str, str]) -> Json:
    """
    Where a site's default is to deny, these pods may be reached and may reach out.

    It allows everything, so that it never takes away what a pod may without it.
    """
    return {
        "metadata": {"name": name},
        "spec": {
            "podSelector": {"matchLabels": dict(labels)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{}],
            "egress": [{}],
        },
    }


class Routes:
    """The routes of one Gateway. Each has a hostname of its own, so that none disturbs another."""

    def __init__(self, *, prefix: str, parent: Mapping[str, str], domain: str, a: str, b: str):
        self._prefix, self._parent, self._domain = prefix, dict(parent), domain
        self._a, self._b = a, b

    def host(self, short: str) -> str:
        return f"{short}.{self._domain}"

    def name(self, short: str) -> str:
        return f"{self._prefix}-{short}"

    def all(self) -> dict[str, Json]:
        """Short name → manifest, of all that serve; the weights begin with everything to A."""
        model = [_header(MODEL_HEADER, "b")]
        return {
            "weights": self._route("weights", self.weights(100, 0)),
            "model": self._route("model", [self._rule(self._b, [{"headers": model}]),
                                           self._rule(self._a)]),
            "protocol": self._route("protocol", [
                *(self._rule(self._b, [{"headers": [_header(n, protocol_value(n))]}])
                  for n in PROTOCOL_HEADERS),
                self._rule(self._a),
            ]),
            "combined": self._route("combined", [
                self._rule(self._b, [{"path": {"type": "PathPrefix", "value": CHAT},
                                      "headers": model}]),
                self._rule(self._a),
            ]),
        }  # fmt: skip

    def missing(self, service_name: str) -> Json:
        """One rule leads to a Service that does not exist, the other to A."""
        nowhere = self._rule(service_name, [{"path": {"type": "PathPrefix", "value": "/nowhere"}}])
        return self._route("missing", [nowhere, self._rule(self._a)])

    def weights(self, a: int, b: int) -> list[Json]:
        """The rules of the weighted route."""
        return [{"backendRefs": [_reference(self._a, a), _reference(self._b, b)]}]

    def _route(self, short: str, rules: Sequence[Json]) -> Json:
        spec = {"parentRefs": [self._parent], "hostnames": [self.host(short)], "rules": list(rules)}
        return {"metadata": {"name": self.name(short)}, "spec": spec}

    @staticmethod
    def _rule(to: str, matches: Sequence[Json] = ()) -> Json:
        rule: Json = {"backendRefs": [_reference(to)]}
        return {"matches": list(matches), **rule} if matches else rule


def protocol_value(header: str) -> str:
    """What a header of the OpenAI protocol is sent with, and matched by."""
    return f"aiconform-{header.removeprefix('OpenAI-').lower()}"


def parent(name: str, namespace: str = "") -> dict[str, str]:
    found = {"group": GROUP, "kind": "Gateway", "name": name}
    return {**found, "namespace": namespace} if namespace else found


def _header(name: str, value: str) -> Json:
    return {"type": "Exact", "name": name, "value": value}


def _reference(name: str, weight: int | None = None) -> Json:
    found: Json = {"name": name, "port": PORT}
    return found if weight is None else {**found, "weight": weight}
