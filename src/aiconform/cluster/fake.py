"""A cluster in memory, for tests and dry runs: it keeps what it is told and answers from that."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from aiconform.cluster.fake_objects import FakeObjects
from aiconform.cluster.protocol import Kind, TokenFacts
from aiconform.cluster.rights import hint_for
from aiconform.model.errors import ClusterError, ForbiddenError


class FakeCluster:
    """
    Implements `protocol.Cluster`.

    Attributes:
        made: (kind, name) → manifest, as applied.
        objects: Objects of any kind, for checks; see `FakeObjects`.
        tokens: Token → whom it belongs to.
        logs: (pod, container) → log.
        forbidden: "verb resource" pairs that are refused: "create tokenreviews…".
        outage: When set, every call raises it.
    """

    def __init__(
        self,
        *,
        namespace: str = "aiconform",
        nodes: Iterable[Mapping[str, Any]] = (),
        pods: Iterable[Mapping[str, Any]] = (),
        version: str = "v1.37.2",
        api_groups: Iterable[str] = ("apps", "batch"),
        forbidden: Iterable[str] = (),
    ) -> None:
        self._namespace, self._version = namespace, version
        self.node_list = [dict(node) for node in nodes]
        self.pod_list = [dict(pod) for pod in pods]
        self._api_groups = tuple(sorted(api_groups))
        self.made: dict[tuple[str, str], dict[str, Any]] = {}
        self.objects = FakeObjects(forbidden=forbidden)
        self.tokens: dict[str, TokenFacts] = {}
        self.logs: dict[tuple[str, str], str] = {}
        self.forbidden = set(forbidden)
        self.outage: ClusterError | None = None
        self.calls: list[str] = []
        self.closed = False

    @property
    def namespace(self) -> str:
        return self._namespace

    async def server_version(self) -> str:
        self._ask("get", "/version")
        return self._version

    async def nodes(self) -> tuple[dict[str, Any], ...]:
        self._ask("list", "nodes")
        return tuple(copy.deepcopy(self.node_list))

    async def pods_everywhere(self) -> tuple[dict[str, Any], ...]:
        self._ask("list", "pods")
        return tuple(copy.deepcopy(self.pod_list))

    async def api_groups(self) -> tuple[str, ...]:
        self._ask("get", "/apis")
        return self._api_groups

    async def review_token(self, token: str, *, audience: str) -> TokenFacts | None:
        self._ask("create", "tokenreviews.authentication.k8s.io")
        return self.tokens.get(token)

    async def permitted(
        self, verb: str, group: str, resource: str, namespace: str | None, *, name: str = ""
    ) -> bool:
        plural, slash, subresource = resource.partition("/")
        qualified = f"{plural}.{group}{slash}{subresource}" if group else resource
        return f"{verb} {qualified}" not in self.forbidden

    async def apply(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        self._ask("create", kind)
        made: dict[str, Any] = copy.deepcopy(dict(manifest))
        made["metadata"].setdefault("uid", f"uid-of-{kind}-{name}".lower())
        self.made[kind, name] = made
        return copy.deepcopy(made)

    async def get(self, kind: Kind, name: str) -> dict[str, Any] | None:
        self._ask("get", kind)
        return copy.deepcopy(self.made.get((kind, name)))

    async def delete(self, kind: Kind, name: str) -> None:
        self._ask("delete", kind)
        self.made.pop((kind, name), None)

    async def patch_config_map(self, name: str, data: Mapping[str, str]) -> None:
        self._ask("patch", "ConfigMap")
        found = self.made.get(("ConfigMap", name))
        if found is None:
            raise ClusterError(f"cannot patch configmaps: {name} not found")
        found["data"] = {**found.get("data", {}), **data}

    async def pod_log_tail(self, pod: str, container: str, lines: int) -> str:
        self._ask("get", "pods/log")
        return "\n".join(self.logs.get((pod, container), "").splitlines()[-lines:])

    async def close(self) -> None:
        self.closed = True

    def _ask(self, verb: str, resource: str) -> None:
        self.calls.append(f"{verb} {resource}")
        if self.outage is not None:
            raise self.outage
        if f"{verb} {resource}" in self.forbidden:
            raise ForbiddenError(verb=verb, resource=resource, hint=hint_for(verb, resource))
