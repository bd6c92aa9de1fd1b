"""Checks see objects as they are and refusals as answers; a missing right is told by a review."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from aiconform.cluster.objects import Change
from aiconform.cluster.resources import NODE, POD, Resource
from aiconform.model.errors import ClusterError, ForbiddenError, NotServedError
from tests.cluster.api_server import ApiServer, api_server, cluster_at, status

Json = dict[str, Any]
PODS = "/api/v1/namespaces/work/pods"
GATEWAY = Resource("gateway.networking.k8s.io", "v1", "gateways", "Gateway")


def pod(name: str, *, uid: str = "u", version: str = "1") -> Json:
    metadata = {"name": name, "uid": uid, "resourceVersion": version, "managedFields": [{}]}
    return {"metadata": metadata, "spec": {}}


def refusing(code: int, reason: str, *, allowed: bool) -> Callable[[web.Request, Any], Any]:
    """Refuses the request itself; an access review says whether RBAC would have let us."""

    def answer(request: web.Request, body: Any) -> web.StreamResponse | None:
        if "selfsubjectaccessreviews" in request.path:
            return web.json_response({"status": {"allowed": allowed}})
        told = {"kind": "Status", "reason": reason, "message": "no", "code": code}
        return web.json_response(told, status=code)

    return answer


async def test_objects_come_whole_and_without_who_wrote_them() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.lists[PODS] = [pod(f"p{number}") for number in range(1100)]

        listing = await cluster.objects.list(POD, namespace="work", labels="a=b", fields="c=d")

        assert len(listing.items) == 1100
        assert listing.version == "1"
        assert listing.items[0]["kind"] == "Pod"
        assert "managedFields" not in listing.items[0]["metadata"]
        assert len(server.calls) == 3
        assert "labelSelector=a%3Db&fieldSelector=c%3Dd" in server.calls[0]


async def test_create_get_patch_and_delete_reach_their_paths() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        objects = cluster.objects
        gateway = {"metadata": {"name": "g"}, "data": {}}

        made = await objects.create(GATEWAY, gateway, namespace="work", dry_run=False)
        dry = await objects.create(GATEWAY, {"metadata": {"name": "h"}}, namespace="work",
                                   dry_run=True)  # fmt: skip
        there = await objects.get(GATEWAY, "g", namespace="work")
        patched = await objects.patch(GATEWAY, "g", {"data": {"a": "b"}}, namespace="work")
        await objects.delete(GATEWAY, "g", namespace="work", uid="u", grace_s=1)
        gone = await objects.get(GATEWAY, "g", namespace="work")

        path = "/apis/gateway.networking.k8s.io/v1/namespaces/work/gateways"
        assert (made.ok, dry.ok, there.ok, patched.body["data"]) == (True, True, True, {"a": "b"})
        assert (gone.status, gone.ok) == (404, False)
        assert f"POST {path}?dryRun=All&fieldValidation=Strict" in server.calls
        options = next(b for b in server.bodies if b and b.get("kind") == "DeleteOptions")
        assert options["preconditions"] == {"uid": "u"}
        assert options["gracePeriodSeconds"] == 1


@pytest.mark.parametrize("code", [400, 403, 409, 422])
async def test_refusal_is_an_answer(code: int) -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.answer = refusing(code, "Invalid", allowed=True)

        reply = await cluster.objects.create(POD, pod("p"), namespace="work", dry_run=True)

        assert (reply.status, reply.reason, reply.message) == (code, "Invalid", "no")


async def test_dead_webhook_is_an_answer_to_a_create() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.answer = refusing(500, "InternalError", allowed=True)

        reply = await cluster.objects.create(POD, pod("p"), namespace="work", dry_run=True)

        assert (reply.status, len(server.calls)) == (500, 1)


async def test_missing_right_is_told_from_a_refusal_by_a_review() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.answer = refusing(403, "Forbidden", allowed=False)

        with pytest.raises(ForbiddenError, match="create pods in work"):
            await cluster.objects.create(POD, pod("p"), namespace="work", dry_run=False)
        with pytest.raises(ForbiddenError, match="list nodes"):
            await cluster.objects.list(NODE, namespace=None)


async def test_kind_that_is_not_there_is_told() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        with pytest.raises(NotServedError):
            await cluster.objects.list(GATEWAY, namespace="work")


async def test_log_is_none_until_there_is_one() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.answer = lambda *_: status(400, "container is waiting to start")
        assert await cluster.objects.log("p", namespace="work") is None
        server.answer = lambda *_: web.Response(text="said\n")
        assert await cluster.objects.log("p", namespace="work", container="c") == "said\n"


async def followed(
    server: ApiServer, cluster: Any, act: Callable[[], None], *, count: int
) -> list[Change]:
    """The changes of a watch while something happens."""
    changes: list[Change] = []
    enough = asyncio.Event()

    async def follow() -> None:
        async for change in cluster.objects.watch(POD, namespace="work"):
            changes.append(change)
            if len(changes) >= count:
                enough.set()

    task = asyncio.create_task(follow())
    try:
        async with asyncio.timeout(5):
            while not server.watchers.get(PODS):  # noqa: ASYNC110 - the server has no event for it
                await asyncio.sleep(0.01)
            act()
            await enough.wait()
    finally:
        task.cancel()
    return changes


async def test_watch_tells_what_is_there_and_then_each_change_in_order() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.lists[PODS] = [pod("a", uid="a")]
        big = pod("b", uid="b", version="2") | {"filler": "x" * 300_000}

        def act() -> None:
            server.emit(PODS, "ADDED", big)
            server.emit(PODS, "BOOKMARK", pod("", version="3"))
            server.emit(PODS, "MODIFIED", pod("b", uid="b", version="4"))
            server.emit(PODS, "DELETED", pod("a", uid="a", version="5"))

        changes = await followed(server, cluster, act, count=4)

        told = [(c.kind, c.object["metadata"]["name"]) for c in changes]
        assert told == [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "b"), ("DELETED", "a")]
        assert changes[1].object["filler"] == "x" * 300_000
        assert changes[1].object["kind"] == "Pod"


async def test_watch_goes_on_where_it_ended() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.lists[PODS] = []

        def act() -> None:
            server.emit(PODS, "ADDED", pod("a", uid="a", version="7"))
            server.break_watches()
            asyncio.get_running_loop().call_later(
                0.3, server.emit, PODS, "ADDED", pod("b", uid="b", version="8")
            )

        changes = await followed(server, cluster, act, count=2)

        assert [c.object["metadata"]["name"] for c in changes] == ["a", "b"]
        assert sum("resourceVersion=7" in call for call in server.calls) == 1


async def test_expired_watch_tells_what_went_meanwhile() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.lists[PODS] = [pod("a", uid="a"), pod("b", uid="b")]

        def act() -> None:
            server.lists[PODS] = [pod("b", uid="b", version="9"), pod("c", uid="c")]
            server.emit(PODS, "ERROR", {"code": 410, "message": "too old"})

        changes = await followed(server, cluster, act, count=5)

        told = [(c.kind, c.object["metadata"]["name"]) for c in changes[2:]]
        assert told == [("MODIFIED", "b"), ("ADDED", "c"), ("DELETED", "a")]


async def test_watch_that_may_not_be_opened_says_so_at_once() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.answer = refusing(403, "Forbidden", allowed=False)

        with pytest.raises(ForbiddenError):
            await anext(cluster.objects.watch(POD, namespace="work"))


async def test_answer_that_is_no_json_is_no_object() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.answer = lambda *_: web.Response(text="<html>a proxy</html>")

        with pytest.raises(ClusterError, match="no JSON"):
            await cluster.objects.raw("/apis/example.com")
