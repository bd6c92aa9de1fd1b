"""New means a TCP connection for each request, kept means a few that are reused to the last."""

import asyncio

from aiconform.workload.connection import Bounds
from aiconform.workload.identity import Identity
from aiconform.workload.load import LoadPlan, Streak, generate, summarise
from tests.workload.support import echoing


async def test_new_opens_one_connection_for_each_request() -> None:
    async with echoing() as (echo, port):
        result = await generate(LoadPlan(url=_url(port), count=30, concurrency=4))

    assert result.opened_count == 30
    assert len({sample.connection for sample in result.samples}) == 30
    assert echo.counts.total.as_json() == {"new": 30, "kept": 0}


async def test_kept_opens_one_connection_for_each_line() -> None:
    plan = LoadPlan(url="http://x/echo", count=64, connections="kept", concurrency=8)

    async with echoing() as (echo, port):
        result = await generate(_at(plan, port))

    assert result.opened_count == 8
    assert sum(not sample.kept for sample in result.samples) == 8
    assert echo.counts.total.as_json() == {"new": 8, "kept": 56}
    assert {sample.trouble for sample in result.samples} == {None}


async def test_connection_that_the_server_ended_is_opened_anew() -> None:
    """A server may end an idle connection; that is no error of anybody's."""
    plan = LoadPlan(url="http://x/echo", count=3, connections="kept", pause_s=0.3, method="POST")

    async with echoing(bounds=Bounds(idle_s=0.1)) as (echo, port):
        result = await generate(_at(plan, port))

    assert {sample.trouble for sample in result.samples} == {None}
    assert result.opened_count == 3
    assert echo.counts.total.as_json() == {"new": 3, "kept": 0}


async def test_request_on_a_dying_connection_is_sent_again_only_when_that_is_safe() -> None:
    requests: list[bytes] = []

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.read(1)  # ends as the next request arrives
        writer.transport.abort()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    plan = LoadPlan(url=_url(port), count=2, connections="kept")
    safe = await generate(plan)
    unsafe = await generate(LoadPlan(**{**vars(plan), "method": "POST"}))
    server.close()
    await server.wait_closed()

    assert [(sample.trouble, sample.attempts) for sample in safe.samples] == [(None, 1), (None, 2)]
    first, second = unsafe.samples
    assert first.trouble is None
    assert second.trouble in ("reset", "closed")


async def test_answers_are_counted_by_the_pod_that_gave_them() -> None:
    other = Identity(nonce="n1", backend="b", pod_uid="uid-b")

    async with echoing() as (_, first), echoing(identity=other) as (_, second):
        results = [
            await generate(LoadPlan(url=_url(port), count=count))
            for port, count in ((first, 3), (second, 2))
        ]

    assert [summarise(result)["by_pod_uid"] for result in results] == [{"uid-a": 3}, {"uid-b": 2}]
    assert [summarise(result)["by_backend"] for result in results] == [{"a": 3}, {"b": 2}]


async def test_pod_that_does_not_tell_its_name_is_not_counted_as_any() -> None:
    async with echoing(identity=Identity()) as (_, port):
        summary = summarise(await generate(LoadPlan(url=_url(port), count=2)))

    assert summary["by_pod_uid"] == {}
    assert summary["unidentified"] == 2


async def test_headers_arrive_as_written_and_can_be_compared() -> None:
    headers = (("OpenAI-Organization", "o"), ("openai-project", "p"), ("Authorization", "Bearer x"))
    plan = LoadPlan(
        url="http://x/echo", host="r1.aiconform.test", headers=headers, keep_answers=True
    )

    async with echoing() as (_, port):
        (sample,) = (await generate(_at(plan, port))).samples

    assert sample.answer["headers"][:4] == [
        ["Host", "r1.aiconform.test"],
        *([name, value] for name, value in headers),
    ]


async def test_streak_ends_the_load() -> None:
    async with echoing() as (_, port):
        hit = await generate(LoadPlan(url=_url(port), count=90, until=Streak(20)))
        miss = await generate(
            LoadPlan(url=_url(port), count=9, until=Streak(5, pod_uid="somebody else"))
        )

    assert (hit.ended, hit.streak, len(hit.samples)) == ("streak", 20, 20)
    assert (miss.ended, miss.streak, len(miss.samples)) == ("count", 0, 9)


async def test_stop_ends_the_load_with_what_there_is() -> None:
    stop = asyncio.Event()
    plan = LoadPlan(url="http://x/echo", count=1000, pause_s=0.05)

    async with echoing() as (_, port):
        load = asyncio.create_task(generate(_at(plan, port), stop=stop))
        await asyncio.sleep(0.3)
        stop.set()
        result = await asyncio.wait_for(load, 1)

    assert result.ended == "stopped"
    assert 0 < len(result.samples) < 1000


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}/echo"


def _at(plan: LoadPlan, port: int) -> LoadPlan:
    return LoadPlan(**{**vars(plan), "url": plan.url.replace("//x/", f"//127.0.0.1:{port}/")})
