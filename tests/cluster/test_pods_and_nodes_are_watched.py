"""The watch against a small API server: everything is told, also across breaks, and it ends."""

import asyncio
import gc
import signal
import threading
import time
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from aiconform.cluster import watch as watch_module
from aiconform.cluster import watcher as watcher_module
from aiconform.cluster.facts import PodFacts
from aiconform.cluster.watch import watch
from aiconform.cluster.watcher import translate
from aiconform.model.errors import ClusterError, ForbiddenError
from aiconform.model.plan import NodeFacts
from tests.cluster.api_server import ApiServer, api_server, status

PODS, NODES = "/api/v1/namespaces/ns/pods", "/api/v1/nodes"
RESOURCES = [
    {"name": plural, "singularName": kind.lower(), "kind": kind, "namespaced": namespaced,
     "verbs": ["list", "watch", "get", "patch"]}
    for plural, kind, namespaced in (
        ("pods", "Pod", True), ("nodes", "Node", False), ("namespaces", "Namespace", False)
    )
]  # fmt: skip


def thing(kind: str, name: str, **status: Any) -> dict[str, Any]:
    metadata = {"name": name, "uid": f"uid-{name}", "resourceVersion": "1"}
    if kind == "Pod":
        metadata["namespace"] = "ns"
    return {
        "apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": {}, "status": status
    }  # fmt: skip


@dataclass
class Told:
    pods: list[PodFacts] = field(default_factory=list)
    nodes: list[tuple[NodeFacts, bool]] = field(default_factory=list)

    def on_node(self, facts: NodeFacts, *, deleted: bool = False) -> None:
        self.nodes.append((facts, deleted))

    def phases(self, name: str) -> list[str]:
        return ["deleted" if p.deleted else p.phase for p in self.pods if p.name == name]


async def until(condition: Callable[[], object], limit_s: float = 15.0) -> None:
    """Poll: what is waited for happens in another thread, and sets no event."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails is tried again at once."""
    monkeypatch.setattr(watcher_module, "_ERROR_BACKOFFS_S", (0.05, 0.05, 0.05))


@asynccontextmanager
async def watching(
    server: ApiServer, directory: Path
) -> AsyncIterator[tuple[Told, "asyncio.Task[None]"]]:
    told = Told()
    task = asyncio.create_task(
        watch(
            namespace="ns",
            run="try",
            on_pod=told.pods.append,
            on_node=told.on_node,
            kubeconfig=server.kubeconfig(directory),
        )
    )
    try:
        yield told, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with warnings.catch_warnings():
            # kopf leaves the session of refused credentials to the garbage collector.
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        assert "watch" not in {thread.name for thread in threading.enumerate()}


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    async with api_server() as server:

        def discovery(request: web.Request, _: Any) -> web.Response | None:
            answers: dict[str, Any] = {
                "/api": {"versions": ["v1"]},
                "/apis": {"groups": []},
                "/api/v1": {"groupVersion": "v1", "resources": RESOURCES},
            }
            found = answers.get(request.path)
            return web.json_response(found) if found is not None else None

        server.answer = discovery
        server.lists = {PODS: [thing("Pod", "a", phase="Pending")], NODES: [thing("Node", "n1")]}
        yield server


async def test_everything_there_is_told_and_then_every_change(
    server: ApiServer, tmp_path: Path
) -> None:
    async with watching(server, tmp_path) as (told, _):
        await until(lambda: told.pods and told.nodes and server.watchers.get(PODS))

        server.emit(PODS, "MODIFIED", thing("Pod", "a", phase="Running"))
        server.emit(PODS, "ADDED", thing("Pod", "b", phase="Pending"))
        server.emit(NODES, "DELETED", thing("Node", "n1"))
        await until(lambda: "Running" in told.phases("a") and told.phases("b"))
        server.emit(PODS, "DELETED", thing("Pod", "a", phase="Running"))
        await until(lambda: "deleted" in told.phases("a") and told.nodes[-1][1])

    assert told.phases("a") == ["Pending", "Running", "deleted"]
    listed = next(call for call in server.calls if PODS in call)
    assert "labelSelector=aiconform/run%3Dtry" in listed.replace("%2F", "/")


async def test_it_lists_and_watches_and_does_nothing_else(
    server: ApiServer, tmp_path: Path
) -> None:
    async with watching(server, tmp_path) as (told, _):
        await until(lambda: told.pods and told.nodes)
        await asyncio.sleep(0.3)

    assert {call.split(" ")[0] for call in server.calls} == {"GET"}
    paths = {call.split(" ")[1].split("?")[0] for call in server.calls}
    assert paths <= {"/api", "/apis", "/api/v1", PODS, NODES}


async def test_missing_right_is_raised_and_named(server: ApiServer, tmp_path: Path) -> None:
    ordinary = server.answer
    assert ordinary is not None

    def refuse(request: web.Request, body: Any) -> web.StreamResponse | None:
        if request.path == NODES:
            return status(
                403, 'nodes is forbidden: User "x" cannot list resource "nodes" in API group ""'
            )
        return ordinary(request, body)

    server.answer = refuse
    async with watching(server, tmp_path) as (_, task):
        with pytest.raises(ForbiddenError) as raised:
            await asyncio.wait_for(task, 30)

    assert (raised.value.verb, raised.value.resource) == ("list", "nodes")


async def test_break_is_mended_and_what_went_away_meanwhile_is_told(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "_SETTLE_S", 0.5)
    monkeypatch.setattr(watch_module, "_AGAIN_S", 0.1)
    ordinary = server.answer
    server.lists[PODS].append(thing("Pod", "b", phase="Running"))
    async with watching(server, tmp_path) as (told, task):
        await until(lambda: told.phases("a") and told.phases("b") and server.watchers.get(PODS))

        server.answer = lambda *_: status(500, "going down")
        server.lists[PODS] = [thing("Pod", "b", phase="Running")]
        server.break_watches()
        seen = len(told.pods)
        await asyncio.sleep(1)  # longer than kopf tries by itself
        server.answer = ordinary

        await until(lambda: "deleted" in told.phases("a"))
        assert "deleted" not in told.phases("b")
        assert len(told.pods) > seen
        assert not task.done()


async def test_other_tasks_and_signals_are_left_alone(server: ApiServer, tmp_path: Path) -> None:
    """kopf cancels every task of its loop that is younger than itself: its loop is its own."""
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with watching(server, tmp_path) as (told, _):
        await until(lambda: told.pods)
        younger = asyncio.create_task(asyncio.sleep(30))
        await asyncio.sleep(0)

    await asyncio.sleep(0)
    assert not younger.done()
    younger.cancel()
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


async def test_no_way_to_the_cluster_is_raised_at_once(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="no way to the API server"):
        await watch(
            namespace="ns",
            run="try",
            on_pod=lambda _: None,
            on_node=Told().on_node,
            kubeconfig=tmp_path / "absent",
        )


async def test_refused_credentials_break_the_watch_instead_of_hanging_it(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "_AGAIN_S", 0.01)
    monkeypatch.setattr(watch_module, "_BREAKS_UNTIL_GIVEN_UP", 2)
    server.answer = lambda *_: status(401, "Unauthorized")
    async with watching(server, tmp_path) as (_, task):
        with pytest.raises(ClusterError):
            await asyncio.wait_for(task, 60)


async def test_credentials_that_cannot_be_read_again_break_the_watch(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "_BREAKS_UNTIL_GIVEN_UP", 1)

    async def load(_: Path | None) -> Any:
        raise ClusterError("no way to the API server: the token's file is gone")

    monkeypatch.setattr(watcher_module, "load_configuration", load)
    async with watching(server, tmp_path) as (_, task):
        with pytest.raises(ClusterError, match="the token's file is gone"):
            await asyncio.wait_for(task, 30)


def test_unknown_failures_keep_their_words() -> None:
    assert "KeyError: 'x'" in str(translate(KeyError("x")))
