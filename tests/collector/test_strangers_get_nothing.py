"""Who may speak: pods with a good token, for their own node, in this run."""

import aiohttp
import pytest

from aiconform.cluster.fake import FakeCluster
from aiconform.cluster.protocol import TokenFacts
from aiconform.collector import Identity, Limits
from aiconform.collector.identity import IdentityCache, agents_of, claims_audience
from aiconform.model.errors import ClusterError
from tests.collector.agents import hello, identity, lines, serving, token


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "Bearer not-a-token"])
async def test_no_good_token_is_401(header: str) -> None:
    async with serving() as served:
        headers = {"Authorization": header} if header else {}

        status, answer, _ = await served.post("/v1/records", lines(hello(0)), who=None, **headers)

        assert status == 401
        assert answer["problem"]
        assert served.delivered == []


async def test_unknown_pod_is_401() -> None:
    async with serving() as served:
        status, _, _ = await served.post("/v1/records", lines(hello(0)), who="stranger")

        assert status == 401
        assert [(r.node, r.status) for r in served.refused] == [(None, 401)]


async def test_speaking_for_another_node_is_403_and_nothing_is_taken() -> None:
    async with serving() as served:
        body = lines(hello(0, node="node2"), hello(1, node="node1"))

        status, answer, _ = await served.post("/v1/records", body, who="node2")

        assert status == 403
        assert "node2" in answer["problem"]
        assert served.delivered == []
        assert [(r.node, r.status) for r in served.refused] == [("node2", 403)]


async def test_another_run_is_403() -> None:
    async with serving() as served:
        status, _, _ = await served.post("/v1/records", lines(hello(0, run="other")))

        assert status == 403
        assert served.delivered == []


async def test_duplicate_keys_do_not_smuggle_a_node_in() -> None:
    async with serving() as served:
        body = lines(hello(0)).replace(b'"node": "node1"', b'"node":"node1","node":"node2"')

        status, _, _ = await served.post("/v1/records", body)

        assert status == 403


async def test_silent_api_server_is_503_not_401() -> None:
    """The agent keeps its records and comes again."""
    async with serving() as served:
        status, answer, response = await served.post("/v1/records", b"", who="broken")

        assert status == 503
        assert "silent" in answer["problem"]
        assert response.headers["Retry-After"] == "5"


async def test_health_needs_no_token_and_tells_the_time() -> None:
    async with serving() as served, served.client.get("/healthz") as response:
        assert (response.status, await response.text()) == (200, "ok")
        assert float(response.headers["X-Aiconform-Time"]) > 0


async def test_unknown_paths_are_answered_in_json() -> None:
    async with serving() as served:
        status, answer, _ = await served.post("/v2/records", b"")

        assert (status, answer["problem"]) == (404, "Not Found")


async def test_address_that_guesses_tokens_is_slowed_down() -> None:
    async with serving(limits=Limits(failed_identities=3, failed_identities_per_s=0.01)) as served:
        await served.post("/v1/records", lines(hello(0)))
        statuses = [(await served.post("/v1/task", b"{}", who=f"stranger{n}"))[0] for n in range(5)]

        status, _, _ = await served.post("/v1/records", lines(hello(1)))

        assert statuses == [401, 401, 401, 429, 429]
        assert status == 200  # who is known already is not asked after


async def test_authenticated_requests_are_heard_others_are_not() -> None:
    async with serving() as served:
        await served.post("/v1/records", lines(hello(0)))
        await served.post("/v1/records", lines(hello(0)), who="stranger")

        assert set(served.board.last_heard()) == {"node1"}


async def test_client_with_another_authority_does_not_connect() -> None:
    async with serving() as served, aiohttp.ClientSession() as stranger:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await stranger.get(f"https://127.0.0.1:{served.collector.port}/healthz")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (token("a"), True),
        (token("a", "aiconform"), True),
        (token("a", ["other"]), False),
        (token("a", None), False),
        ("a.b", False),
        ("a.!!!.c", False),
        ("a." + "A" * 9000 + ".c", False),
        ("é.e30.c", False),
        ("a.W10.c", False),
    ],
)
def test_what_is_no_token_for_us_is_not_asked_about(shown: str, expected: bool) -> None:
    assert claims_audience(shown, "aiconform") is expected


class Asked:
    """Counts questions; time stands still until told."""

    def __init__(self) -> None:
        self.now, self.count = 0.0, 0

    async def identify(self, shown: str) -> Identity | None:
        self.count += 1
        return identity() if shown == token("node1") else None


@pytest.mark.parametrize(
    ("lives_s", "fresh_s"), [(300.0, 300.0), (3600.0, 600.0), (5.0, 60.0), (-90.0, 60.0)]
)
async def test_good_token_is_remembered_until_it_expires(lives_s: float, fresh_s: float) -> None:
    """Ten minutes at most; a minute at least, since clocks differ."""
    asked = Asked()
    good = token("node1", expires=1000.0 + lives_s)
    bad = token("other", expires=1000.0 + lives_s)

    async def identify(shown: str) -> Identity | None:
        asked.count += 1
        return identity() if shown == good else None

    cache = IdentityCache(identify, clock=lambda: asked.now, now=lambda: 1000.0 + asked.now)
    for asked.now in (0.0, fresh_s - 1.0):
        assert await cache.identity(good) == identity()
    assert asked.count == 1

    asked.now = fresh_s + 1.0
    assert cache.remembered(good) is None
    for asked.now in (0.0, 61.0):
        assert await cache.identity(bad) is None
    assert asked.count == 3


async def test_identity_is_remembered_for_a_minute() -> None:
    asked = Asked()
    cache = IdentityCache(asked.identify, clock=lambda: asked.now)

    for asked.now in (0.0, 30.0, 59.0):
        assert await cache.identity(token("node1")) == identity()
        assert await cache.identity(token("other")) is None
    assert asked.count == 2

    asked.now = 61.0
    assert cache.remembered(token("node1")) is None
    await cache.identity(token("node1"))
    assert asked.count == 3


async def test_memory_of_identities_is_bounded() -> None:
    asked = Asked()
    cache = IdentityCache(asked.identify, clock=lambda: asked.now, size=2)
    for name in ("node1", "b", "c"):
        await cache.identity(token(name))

    await cache.identity(token("node1"))

    assert asked.count == 4


async def test_failure_to_ask_is_not_remembered() -> None:
    async def identify(_: str) -> Identity | None:
        raise ClusterError("silent")

    cache = IdentityCache(identify, clock=lambda: 0.0)
    for _ in range(2):
        with pytest.raises(ClusterError, match="silent"):
            await cache.identity(token("node1"))


async def test_only_pods_of_the_agents_service_account_are_agents() -> None:
    cluster = FakeCluster()
    for name in ("agent", "other"):
        account = f"aiconform/{name}"
        cluster.tokens[name] = TokenFacts(account, node="node1", pod="p", pod_uid="u")
    identify = agents_of(cluster, service_account="aiconform/agent")

    assert await identify("agent") == Identity(node="node1", pod="p", pod_uid="u")
    assert await identify("other") is None
    assert await identify("nobody") is None
