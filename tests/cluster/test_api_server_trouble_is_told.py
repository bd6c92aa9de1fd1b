"""The client: retries what may pass, and says in our words what does not."""

from typing import Any

import pytest
from aiohttp import web

from aiconform.cluster.client import PAGE, KubernetesCluster
from aiconform.cluster.protocol import TokenFacts
from aiconform.cluster.requests import Request, Requests
from aiconform.model.errors import ClusterError, ConflictError, ForbiddenError
from tests.cluster.api_server import Clock, api_server, cluster_at, status

RBAC = 'nodes is forbidden: User "x" cannot list resource "nodes" in API group "" at the cluster'
QUOTA = 'daemonsets "x" is forbidden: exceeded quota: site'
CONFIG_MAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "x"},
    "data": {"a": "1"},
}
PATH = "/api/v1/namespaces/ns/configmaps/x"


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
async def test_passing_trouble_is_tried_again(code: int) -> None:
    clock = Clock()
    async with api_server() as server, cluster_at(server.url, clock=clock) as cluster:
        server.answer = lambda *_: status(code, "busy") if len(server.calls) < 3 else None
        server.lists["/api/v1/nodes"] = [{"metadata": {"name": "a"}}]

        assert len(await cluster.nodes()) == 1
        assert len(clock.slept) == 2


async def test_the_wait_that_the_server_asks_for_is_kept() -> None:
    clock = Clock()
    async with api_server() as server, cluster_at(server.url, clock=clock) as cluster:
        server.answer = lambda *_: (
            status(429, "busy", **{"Retry-After": "7"}) if len(server.calls) < 2 else None
        )
        server.lists["/api/v1/nodes"] = []

        await cluster.nodes()

        assert clock.slept == [7.0]


async def test_lasting_trouble_ends_after_half_a_minute_with_what_was_said() -> None:
    clock = Clock()
    async with api_server() as server, cluster_at(server.url, clock=clock) as cluster:
        server.answer = lambda *_: status(503, "etcd has no leader")

        with pytest.raises(ClusterError, match="cannot list nodes: etcd has no leader"):
            await cluster.nodes()

        assert 20 <= clock.now <= 30
        assert max(clock.slept) <= 5


async def test_unreachable_server_is_said_with_a_hint() -> None:
    async with cluster_at("http://127.0.0.1:9") as cluster:
        with pytest.raises(ClusterError, match="cannot be reached") as raised:
            await cluster.get("Job", "x")

    assert "readyz" in raised.value.hint


async def test_silent_server_is_not_waited_for() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.delay_s = 5.0
        requests: Requests = cluster._requests

        with pytest.raises(ClusterError, match="no answer within"):
            await requests.send(Request("get", "x", "GET", "/slow", attempt_s=0.05))


async def test_missing_right_is_named_with_the_value_to_set() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.answer = lambda *_: status(403, RBAC)

        with pytest.raises(ForbiddenError) as nodes:
            await cluster.nodes()
        with pytest.raises(ForbiddenError) as review:
            await cluster.review_token("t", audience="a")

    assert (nodes.value.verb, nodes.value.resource) == ("list", "nodes")
    assert "create tokenreviews" in str(review.value)
    assert "rbac.tokenReview=true" in review.value.hint


async def test_refusal_by_admission_is_not_taken_for_a_missing_right() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.answer = lambda *_: status(403, QUOTA)

        with pytest.raises(ClusterError, match="exceeded quota: site") as raised:
            await cluster.apply(CONFIG_MAP)

    assert not isinstance(raised.value, ForbiddenError)


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (401, ClusterError, "credentials"),
        (409, ConflictError, "changed"),
        (422, ClusterError, "HTTP 422"),
    ],
)
async def test_other_refusals_are_told(code: int, error: type[Exception], words: str) -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.answer = lambda *_: status(code, "it has changed")

        with pytest.raises(error, match=words):
            await cluster.patch_config_map("x", {"a": "1"})
        assert len(server.calls) == 1


async def test_answer_that_is_no_json_is_told() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.answer = lambda *_: web.Response(status=418, text="<html>a proxy</html>")

        with pytest.raises(ClusterError, match="a proxy"):
            await cluster.server_version()


async def test_token_is_sent() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        seen: list[str] = []
        server.answer = lambda request, _: seen.append(request.headers["Authorization"])
        server.lists["/api/v1/nodes"] = []

        await cluster.nodes()

    assert seen == ["Bearer secret"]


async def test_object_is_made_and_made_again() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        await cluster.apply(CONFIG_MAP)
        await cluster.apply({**CONFIG_MAP, "data": {"b": "2"}})
        await cluster.patch_config_map("x", {"c": "3"})

        assert server.objects[PATH]["data"] == {"b": "2", "c": "3"}
        assert (await cluster.get("ConfigMap", "x") or {})["data"] == {"b": "2", "c": "3"}
        put = next(n for n, call in enumerate(server.calls) if call.startswith("PUT"))
        assert server.bodies[put]["metadata"]["resourceVersion"] == "1"


async def test_older_object_that_is_going_away_is_waited_for() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        metadata = {"name": "x", "deletionTimestamp": "t", "resourceVersion": "1"}
        server.objects[PATH] = {**CONFIG_MAP, "metadata": metadata}

        def goes(*_: Any) -> web.Response | None:
            if len(server.calls) == 3:
                del server.objects[PATH]
            return None

        server.answer = goes

        made = await cluster.apply(CONFIG_MAP)

        assert "deletionTimestamp" not in made["metadata"]


async def test_absent_objects_are_none_or_fine() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        assert await cluster.get("DaemonSet", "x") is None
        await cluster.delete("DaemonSet", "x")
        assert await cluster.pod_log_tail("x", "engine", 10) == ""
        with pytest.raises(ClusterError, match="not found"):
            await cluster.patch_config_map("x", {})


async def test_delete_takes_what_it_owns_along() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.objects["/apis/apps/v1/namespaces/ns/daemonsets/x"] = {}

        await cluster.delete("DaemonSet", "x")

        assert server.objects == {}
        assert server.bodies[-1]["propagationPolicy"] == "Background"


async def test_long_lists_come_in_pages() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.lists["/api/v1/pods"] = [{"metadata": {"name": str(n)}} for n in range(2 * PAGE + 1)]

        assert len(await cluster.pods_everywhere()) == 2 * PAGE + 1
        assert len(server.calls) == 3


async def test_list_that_expires_begins_again() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.lists["/api/v1/nodes"] = [{"metadata": {"name": str(n)}} for n in range(PAGE + 1)]
        server.answer = lambda *_: status(410, "expired") if len(server.calls) == 2 else None

        assert len(await cluster.nodes()) == PAGE + 1


async def test_token_review() -> None:
    prefix = "authentication.kubernetes.io"
    answered: dict[str, Any] = {
        "status": {
            "authenticated": True,
            "audiences": ["aiconform"],
            "user": {
                "username": "system:serviceaccount:ns:agent",
                "extra": {
                    f"{prefix}/node-name": ["node1"],
                    f"{prefix}/pod-name": ["agent-1"],
                    f"{prefix}/pod-uid": ["u-1"],
                },
            },
        }
    }

    async def review(cluster: KubernetesCluster) -> TokenFacts | None:
        return await cluster.review_token("t", audience="aiconform")

    async with api_server() as server, cluster_at(server.url) as cluster:
        server.answer = lambda *_: web.json_response(answered)
        assert await review(cluster) == TokenFacts("ns/agent", "node1", "agent-1", "u-1")
        assert server.bodies[-1]["spec"] == {"token": "t", "audiences": ["aiconform"]}

        answered["status"]["audiences"] = []  # the server does not know of audiences
        assert await review(cluster) is None
        answered["status"]["audiences"] = ["aiconform"]
        answered["status"]["authenticated"] = False
        assert await review(cluster) is None
        answered["status"]["authenticated"] = True
        answered["status"]["user"]["username"] = "admin"
        assert await review(cluster) is None
        answered["status"]["user"] = {"username": "system:serviceaccount:ns:agent"}
        assert await review(cluster) is None  # not bound to a pod
        answered["status"] = {"error": "token has the wrong audience"}
        assert await review(cluster) is None


async def test_permission_is_asked_with_its_subresource() -> None:
    async with api_server() as server, cluster_at(server.url) as cluster:
        server.answer = lambda *_: web.json_response({"status": {"allowed": True}})

        assert await cluster.permitted("get", "", "pods/log", "ns", name="x")

        assert server.bodies[-1]["spec"]["resourceAttributes"] == {
            "verb": "get", "group": "", "resource": "pods", "subresource": "log",
            "namespace": "ns", "name": "x",
        }  # fmt: skip
        server.answer = lambda *_: web.json_response({"status": {}})
        assert not await cluster.permitted("get", "", "pods", None)


async def test_unknown_kind_is_our_mistake_and_said() -> None:
    async with cluster_at("http://127.0.0.1:9") as cluster:
        with pytest.raises(ClusterError, match="kind Secret"):
            await cluster.get("Secret", "x")  # type: ignore[arg-type]
