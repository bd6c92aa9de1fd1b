"""The real cluster, through the official client's asyncio flavour, as plain JSON."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiconform.cluster.connection import load_configuration
from aiconform.cluster.kinds import Place, place
from aiconform.cluster.lists import slim_node, slim_pod
from aiconform.cluster.object_client import KubernetesObjects
from aiconform.cluster.protocol import Kind, TokenFacts
from aiconform.cluster.requests import Answer, Request, Requests
from aiconform.cluster.tokens import token_facts
from aiconform.model.errors import ClusterError, ConflictError

PAGE = 500
LIST_ATTEMPT_S = 60.0
_LOOK_S, _GOING_AWAY_LOOKS = 0.5, 60
_LOG_BYTES = 64 * 1024
_MERGE_PATCH = "application/merge-patch+json"


class KubernetesCluster:
    """Implements `protocol.Cluster`."""

    def __init__(self, requests: Requests, *, namespace: str) -> None:
        self._requests, self._namespace = requests, namespace

    @classmethod
    @asynccontextmanager
    async def in_cluster(cls, *, namespace: str) -> AsyncIterator["KubernetesCluster"]:
        """As the service account of the pod that we run in."""
        async with cls.connected(namespace=namespace, kubeconfig=None) as cluster:
            yield cluster

    @classmethod
    @asynccontextmanager
    async def connected(
        cls, *, namespace: str, kubeconfig: Path | None
    ) -> AsyncIterator["KubernetesCluster"]:
        """As a kubeconfig says, or, without one, as the pod's service account."""
        from kubernetes.aio import client

        configuration = await load_configuration(kubeconfig)
        cluster = cls(Requests(client.ApiClient(configuration)), namespace=namespace)
        try:
            yield cluster
        finally:
            await cluster.close()

    @property
    def namespace(self) -> str:
        return self._namespace

    @property
    def objects(self) -> KubernetesObjects:
        """Objects of any kind, for checks."""
        return KubernetesObjects(self._requests, permitted=self.permitted)

    async def server_version(self) -> str:
        answer = await self._requests.send(Request("get", "/version", "GET", "/version"))
        return str(answer.json().get("gitVersion", "unknown"))

    async def nodes(self) -> tuple[dict[str, Any], ...]:
        return await self._list("nodes", "/api/v1/nodes", slim_node)

    async def pods_everywhere(self) -> tuple[dict[str, Any], ...]:
        return await self._list("pods", "/api/v1/pods", slim_pod)

    async def api_groups(self) -> tuple[str, ...]:
        answer = await self._requests.send(Request("get", "/apis", "GET", "/apis"))
        return tuple(sorted(str(group["name"]) for group in answer.json().get("groups", ())))

    async def review_token(self, token: str, *, audience: str) -> TokenFacts | None:
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [audience]},
        }
        path = "/apis/authentication.k8s.io/v1/tokenreviews"
        request = Request("create", "tokenreviews.authentication.k8s.io", "POST", path, body=body)
        return token_facts((await self._requests.send(request)).json(), audience=audience)

    async def permitted(
        self, verb: str, group: str, resource: str, namespace: str | None, *, name: str = ""
    ) -> bool:
        plural, _, subresource = resource.partition("/")
        attributes = {
            "verb": verb,
            "group": group,
            "resource": plural,
            "subresource": subresource,
            "namespace": namespace or "",
            "name": name,
        }
        kind = "SelfSubjectAccessReview"
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": kind,
            "spec": {"resourceAttributes": attributes},
        }
        path = f"/apis/authorization.k8s.io/v1/{kind.lower()}s"
        request = Request(
            "create", f"{kind.lower()}s.authorization.k8s.io", "POST", path, body=body
        )
        answer = (await self._requests.send(request)).json()
        return (answer.get("status") or {}).get("allowed") is True

    async def apply(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        where = place(manifest["kind"], self._namespace)
        name = manifest["metadata"]["name"]
        for _ in range(_GOING_AWAY_LOOKS):
            made = await self._create_or_replace(where, name, manifest)
            if made is not None:
                return made
            await asyncio.sleep(_LOOK_S)
        raise ConflictError(
            f"an older {manifest['kind']} {name} is being deleted and does not go",
            hint=f"See `kubectl -n {self._namespace} get {where.plural} {name} -o yaml`",
        )

    async def get(self, kind: Kind, name: str) -> dict[str, Any] | None:
        return await self._get(place(kind, self._namespace), name)

    async def delete(self, kind: Kind, name: str) -> None:
        where = place(kind, self._namespace)
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        gone = frozenset({404})
        await self._requests.send(
            Request(
                "delete", where.resource, "DELETE", f"{where.path}/{name}", body=body, expected=gone
            )
        )

    async def patch_config_map(self, name: str, data: Mapping[str, str]) -> None:
        where = place("ConfigMap", self._namespace)
        await self._requests.send(
            Request(
                "patch",
                where.resource,
                "PATCH",
                f"{where.path}/{name}",
                body={"data": dict(data)},
                content_type=_MERGE_PATCH,
            )
        )

    async def pod_log_tail(self, pod: str, container: str, lines: int) -> str:
        answer = await self._requests.send(
            Request(
                "get",
                "pods/log",
                "GET",
                f"{place('Pod', self._namespace).path}/{pod}/log",
                query={"container": container, "tailLines": lines, "limitBytes": _LOG_BYTES},
                expected=frozenset({400, 404}),  # not started yet, or gone
            )
        )
        return answer.body.decode(errors="replace") if answer.status == 200 else ""

    async def close(self) -> None:
        await self._requests.close()

    async def _get(self, where: Place, name: str) -> dict[str, Any] | None:
        request = Request(
            "get", where.resource, "GET", f"{where.path}/{name}", expected=frozenset({404})
        )
        answer = await self._requests.send(request)
        return None if answer.status == 404 else answer.json()

    async def _create_or_replace(
        self, where: Place, name: str, manifest: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """None: an older object of this name is going away, or came and went; try again."""
        conflict, absent = frozenset({409}), frozenset({404, 409})
        created = await self._requests.send(
            Request("create", where.resource, "POST", where.path, body=manifest, expected=conflict)
        )
        if created.status != 409:
            return created.json()
        there = await self._get(where, name)
        if there is None or there["metadata"].get("deletionTimestamp"):
            return None
        version = there["metadata"]["resourceVersion"]
        metadata = {**manifest["metadata"], "resourceVersion": version}
        replaced = await self._requests.send(
            Request(
                "update",
                where.resource,
                "PUT",
                f"{where.path}/{name}",
                body={**manifest, "metadata": metadata},
                expected=absent,
            )
        )
        return None if replaced.status in absent else replaced.json()

    async def _list(
        self, resource: str, path: str, slim: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> tuple[dict[str, Any], ...]:
        for _ in range(2):
            if (found := await self._pages(resource, path, slim)) is not None:
                return found
        raise ClusterError(f"cannot list {resource}: the list expired twice while it was read")

    async def _pages(
        self, resource: str, path: str, slim: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> tuple[dict[str, Any], ...] | None:
        """Page by page; None when the list expired meanwhile (HTTP 410)."""
        items: list[dict[str, Any]] = []
        token = ""
        while True:
            query: dict[str, str | int] = {"limit": PAGE, **({"continue": token} if token else {})}
            answer: Answer = await self._requests.send(
                Request(
                    "list",
                    resource,
                    "GET",
                    path,
                    query=query,
                    expected=frozenset({410}),
                    attempt_s=LIST_ATTEMPT_S,
                )
            )
            if answer.status == 410:
                return None
            page = answer.json()
            items.extend(map(slim, page.get("items") or ()))
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                return tuple(items)
