"""RIGHTS is exactly what the client and the watch ask for: none is missing, none is idle."""

from aiohttp import web

from aiconform.cluster.rights import RIGHTS, hint_for
from tests.cluster.api_server import api_server, cluster_at

# Open to every authenticated account: system:discovery and system:basic-user.
OPEN = {"get /version", "get /apis", "create selfsubjectaccessreviews.authorization.k8s.io"}
# kopf lists and watches: seen against a real cluster under these rights alone.
WATCHED = {"list pods", "watch pods", "list nodes", "watch nodes"}


async def test_rights_are_exactly_what_is_asked_for() -> None:
    asked: set[str] = set()
    async with api_server() as server, cluster_at(server.url) as cluster:
        send = cluster._requests.send

        async def noting(request: object) -> object:
            asked.add(str(request))
            return await send(request)  # type: ignore[arg-type]

        cluster._requests.send = noting  # type: ignore[method-assign,assignment]
        server.lists |= {"/api/v1/nodes": [], "/api/v1/pods": [], "/version": [], "/apis": []}
        config_map = {"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {}}
        daemonset = {"kind": "DaemonSet", "metadata": {"name": "x"}}
        for manifest in (config_map, config_map, daemonset, daemonset):
            await cluster.apply(manifest)
        await cluster.patch_config_map("x", {})
        await cluster.delete("ConfigMap", "x")
        await cluster.delete("DaemonSet", "x")
        await cluster.get("Job", "x")
        await cluster.get("Service", "x")
        await cluster.pod_log_tail("x", "engine", 1)
        await cluster.nodes()
        await cluster.pods_everywhere()
        await cluster.server_version()
        await cluster.api_groups()
        server.answer = lambda *_: web.json_response({})
        await cluster.review_token("t", audience="a")
        await cluster.permitted("get", "", "pods", None)

    assert asked - OPEN | WATCHED == {str(right) for right in RIGHTS}


def test_each_right_says_why_and_what_is_lost() -> None:
    for right in RIGHTS:
        assert right.why
        assert right.lost_without
        assert right.names_of("job") == tuple(n.replace("{job}", "job") for n in right.names)
    assert len(set(RIGHTS)) == len(RIGHTS)


def test_hint_names_the_value_that_switches_a_right() -> None:
    assert "rbac.countForeignPods" in hint_for("list", "pods")
    assert "rbac.create" in hint_for("create", "daemonsets.apps")
