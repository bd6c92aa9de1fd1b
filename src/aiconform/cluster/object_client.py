"""Objects of any kind in the real cluster: implements `objects.Objects`."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from aiconform.cluster.object_watch import follow, whole
from aiconform.cluster.objects import Change, Json, Listing, PatchStyle, Reply
from aiconform.cluster.requests import Answer, Request, Requests
from aiconform.cluster.resources import Resource
from aiconform.model.errors import ClusterError, ForbiddenError, NotServedError

PAGE = 500
_LOG_BYTES = 1 << 20
# What the API server says about a request. The others are no answers, and are tried again. A 500 is
# an answer to a create: admission's webhook may be dead.
_ANSWERS = frozenset(range(400, 500)) - {401, 408, 429}
_PATCHES = {"merge": "application/merge-patch+json", "json": "application/json-patch+json"}


class Permitted(Protocol):
    """An access review: may we?"""

    async def __call__(
        self, verb: str, group: str, resource: str, namespace: str | None, *, name: str = ""
    ) -> bool: ...


class KubernetesObjects:
    """Speaks plain JSON; see `objects.Objects` for what is raised."""

    def __init__(self, requests: Requests, *, permitted: Permitted) -> None:
        self._requests, self._permitted = requests, permitted

    async def create(
        self, resource: Resource, manifest: Mapping[str, Any], *, namespace: str, dry_run: bool
    ) -> Reply:
        # Strict in a dry run: a field that this server does not know is an answer, too.
        query = {"dryRun": "All", "fieldValidation": "Strict"} if dry_run else {}
        return await self._ask(
            "create", resource, namespace=namespace, method="POST", body=manifest, query=query,
            also=frozenset({500}),
        )  # fmt: skip

    async def get(
        self, resource: Resource, name: str, *, namespace: str | None, subresource: str = ""
    ) -> Reply:
        return await self._ask(
            "get", resource, namespace=namespace, name=name, subresource=subresource
        )

    async def list(
        self, resource: Resource, *, namespace: str | None, labels: str = "", fields: str = ""
    ) -> Listing:
        items: list[Json] = []
        query: dict[str, str | int] = {"limit": PAGE, **_selectors(labels, fields)}
        while True:
            reply = await self._ask("list", resource, namespace=namespace, query=query)
            if reply.status == 404:
                raise NotServedError(f"the API server does not have {resource.qualified}")
            if reply.status == 410 and "continue" in query:  # expired while it was read
                items.clear()
                del query["continue"]
                continue
            if not reply.ok:
                raise ClusterError(f"cannot list {resource.qualified}: {reply.message}")
            items.extend(whole(item, resource) for item in reply.body.get("items") or ())
            metadata = reply.body.get("metadata") or {}
            if not metadata.get("continue"):
                return Listing(tuple(items), str(metadata.get("resourceVersion") or ""))
            query["continue"] = str(metadata["continue"])

    async def patch(
        self,
        resource: Resource,
        name: str,
        patch: Any,
        *,
        namespace: str,
        subresource: str = "",
        style: PatchStyle = "merge",
        dry_run: bool = False,
    ) -> Reply:
        return await self._ask(
            "patch", resource, namespace=namespace, name=name, subresource=subresource,
            method="PATCH", body=patch, content_type=_PATCHES[style],
            query={"dryRun": "All"} if dry_run else {}, also=frozenset({500}),
        )  # fmt: skip

    async def delete(
        self, resource: Resource, name: str, *, namespace: str, uid: str, grace_s: int | None
    ) -> Reply:
        options: Json = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": uid},
        }
        if grace_s is not None:
            options["gracePeriodSeconds"] = grace_s
        return await self._ask(
            "delete", resource, namespace=namespace, name=name, method="DELETE", body=options
        )

    def watch(
        self,
        resource: Resource,
        *,
        namespace: str | None,
        labels: str = "",
        fields: str = "",
    ) -> AsyncIterator[Change]:
        return follow(
            self._requests,
            lambda: self.list(resource, namespace=namespace, labels=labels, fields=fields),
            resource,
            path=resource.path(namespace=namespace),
            selectors=_selectors(labels, fields),
        )

    async def log(self, pod: str, *, namespace: str, container: str = "") -> str | None:
        query: dict[str, str | int] = {"limitBytes": _LOG_BYTES, "tailLines": 100_000}
        if container:
            query["container"] = container
        answer = await self._send(
            Request(
                "get", "pods/log", "GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log",
                query=query, expected=_ANSWERS,
            ),
            group="", plural="pods/log", namespace=namespace, name=pod,
        )  # fmt: skip
        # 400: not started yet.
        return answer.body.decode(errors="replace") if answer.status == 200 else None

    async def raw(self, path: str) -> Reply:
        answer = await self._requests.send(
            Request("get", path, "GET", path, expected=_ANSWERS | {500})
        )
        return _reply(answer)

    async def _ask(
        self,
        verb: str,
        resource: Resource,
        *,
        namespace: str | None,
        name: str = "",
        subresource: str = "",
        method: str = "GET",
        body: Any = None,
        query: Mapping[str, str | int] | None = None,
        content_type: str = "application/json",
        also: frozenset[int] = frozenset(),
    ) -> Reply:
        plural = f"{resource.plural}/{subresource}" if subresource else resource.plural
        request = Request(
            verb, resource.qualified, method,
            resource.path(namespace=namespace, name=name, subresource=subresource),
            query=query, body=body, content_type=content_type, expected=_ANSWERS | also,
        )  # fmt: skip
        answer = await self._send(
            request, group=resource.group, plural=plural, namespace=namespace, name=name
        )
        return _reply(answer)

    async def _send(
        self, request: Request, *, group: str, plural: str, namespace: str | None, name: str
    ) -> Answer:
        answer = await self._requests.send(request)
        # RBAC and admission both answer 403: an access review tells which of them it was.
        if answer.status == 403 and not await self._permitted(
            request.verb, group, plural, namespace, name=name
        ):
            resource = f"{request.resource} in {namespace}" if namespace else request.resource
            raise ForbiddenError(
                verb=request.verb,
                resource=resource,
                hint=(
                    "The chart grants it to the checks that are switched on "
                    "(rbac.create, rbac.tier=full)"
                ),
            )
        return answer


def _selectors(labels: str, fields: str) -> dict[str, str]:
    told = {"labelSelector": labels, "fieldSelector": fields}
    return {key: value for key, value in told.items() if value}


def _reply(answer: Answer) -> Reply:
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        text = answer.body[:500].decode(errors="replace")
        if answer.status < 300:
            raise ClusterError(f"the API server's answer is no JSON object: {text[:100]}")
        body = {"message": text}
    return Reply(answer.status, body)
