"""A small API server over plain HTTP: objects by path, list and watch, and trouble on demand."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web
from kubernetes.aio import client as kubernetes_client

from aiconform.cluster.client import KubernetesCluster
from aiconform.cluster.requests import Requests

Answer = Callable[[web.Request, Any], "web.StreamResponse | None"]


def status(code: int, message: str, **headers: str) -> web.Response:
    """A Status object, as the API server answers when it does not do what was asked."""
    return web.json_response(
        {"kind": "Status", "message": message, "code": code}, status=code, headers=headers
    )


@dataclass
class ApiServer:
    """`answer`, when set, is asked first; None from it means the ordinary answer."""

    url: str = ""
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)  # path → object
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # path → items
    calls: list[str] = field(default_factory=list)  # "GET /api/v1/nodes?limit=500"
    bodies: list[Any] = field(default_factory=list)
    answer: Answer | None = None
    delay_s: float = 0.0
    watchers: dict[str, list[asyncio.Queue[dict[str, Any] | None]]] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        body = json.loads(text) if text else None
        self.calls.append(f"{request.method} {request.path_qs}")
        self.bodies.append(body)
        await asyncio.sleep(self.delay_s)
        if self.answer is not None and (answer := self.answer(request, body)) is not None:
            return answer
        if request.query.get("watch"):
            return await self._watch(request)
        if request.method == "GET" and request.path in self.lists:
            return self._list(request)
        return self._object(request, body)

    def emit(self, path: str, kind: str, found: dict[str, Any]) -> None:
        for queue in self.watchers.get(path, ()):
            queue.put_nowait({"type": kind, "object": found})

    def break_watches(self) -> None:
        for queues in self.watchers.values():
            for queue in queues:
                queue.put_nowait(None)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self.watchers.setdefault(request.path, []).append(queue)
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while (event := await queue.get()) is not None:
                await response.write(json.dumps(event).encode() + b"\n")
        finally:
            self.watchers[request.path].remove(queue)
        return response

    def _list(self, request: web.Request) -> web.Response:
        items = self.lists[request.path]
        start = int(request.query.get("continue", "0"))
        end = start + int(request.query.get("limit", len(items) + 1))
        more = str(end) if end < len(items) else ""
        return web.json_response(
            {"items": items[start:end], "metadata": {"continue": more, "resourceVersion": "1"}}
        )

    def _object(self, request: web.Request, body: Any) -> web.Response:
        path = request.path
        if request.method == "POST":
            path = f"{path}/{body['metadata']['name']}"
            if path in self.objects:
                return status(409, "already exists")
        elif path not in self.objects:
            return status(404, "not found")
        if request.method == "DELETE":
            return web.json_response(self.objects.pop(path))
        if request.method == "PATCH":
            self.objects[path]["data"] |= body["data"]
        elif request.method in {"POST", "PUT"}:
            self.objects[path] = body
            body["metadata"].setdefault("resourceVersion", "1")
        return web.json_response(self.objects[path])

    def kubeconfig(self, directory: Path) -> Path:
        path = directory / "kubeconfig"
        content = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
        }
        path.write_text(yaml.safe_dump(content))
        return path


@asynccontextmanager
async def api_server() -> AsyncIterator[ApiServer]:
    server = ApiServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{site.port}"
    try:
        yield server
    finally:
        await runner.cleanup()


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, list[float]()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


@asynccontextmanager
async def cluster_at(url: str, *, clock: Clock | None = None) -> AsyncIterator[KubernetesCluster]:
    configuration = kubernetes_client.Configuration(host=url)
    configuration.api_key["BearerToken"] = "Bearer secret"
    clock = clock or Clock()
    requests = Requests(kubernetes_client.ApiClient(configuration), clock=clock, sleep=clock.sleep)
    cluster = KubernetesCluster(requests, namespace="ns")
    try:
        yield cluster
    finally:
        await cluster.close()
