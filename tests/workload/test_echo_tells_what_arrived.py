"""An answer says who gave it and what had arrived, byte for byte."""

import asyncio
import hashlib
import json
from typing import Any

import pytest

from aiconform.workload.echo.answers import Manner
from aiconform.workload.echo.counts import KEY_COUNT, OTHERS
from aiconform.workload.load import LoadPlan, generate
from tests.workload.support import echoing, raw


async def test_header_names_keep_case_order_and_repetition() -> None:
    sent = b"GET /echo/x?q=1%202&q HTTP/1.1\r\nhOsT: h\r\nOpenAI-Beta: v=1\r\nA: 1\r\na: 2\r\n\r\n"

    async with echoing() as (_, port):
        told = _body(await raw(port, sent))

    assert told["headers"] == [["hOsT", "h"], ["OpenAI-Beta", "v=1"], ["A", "1"], ["a", "2"]]
    assert (told["method"], told["path"]) == ("GET", "/echo/x")
    assert told["query"] == [["q", "1 2"], ["q", ""]]


async def test_answer_names_pod_backend_and_nonce_in_body_and_headers() -> None:
    async with echoing() as (_, port):
        answer = await raw(port, b"GET /echo HTTP/1.1\r\nHost: h\r\n\r\n")

    told = _body(answer)
    assert (told["backend"], told["pod_uid"], told["nonce"]) == ("a", "uid-a", "n1")
    assert b"x-aiconform-pod-uid: uid-a\r\n" in answer


async def test_refusals_name_the_pod_too() -> None:
    """Else a 404 of ours could pass for the gateway's own."""
    async with echoing() as (_, port):
        answer = await raw(port, b"GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"x-aiconform-pod-uid: uid-a\r\n" in answer


@pytest.mark.parametrize("chunked", [False, True])
async def test_body_is_hashed_however_it_was_sent(chunked: bool) -> None:
    body = bytes(range(256)) * 10
    how = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)
    sent = b"%x\r\n%b\r\n0\r\nTrailer: x\r\n\r\n" % (len(body), body) if chunked else body

    async with echoing() as (_, port):
        told = _body(
            await raw(port, b"POST /echo HTTP/1.1\r\nHost: h\r\n%b\r\n\r\n%b" % (how, sent))
        )

    assert told["body_bytes"] == len(body)
    assert told["body_sha256"] == hashlib.sha256(body).hexdigest()


async def test_both_ip_versions_are_served() -> None:
    async with echoing() as (_, port):
        for host in ("127.0.0.1", "::1"):
            assert b"200 OK" in await raw(
                port, b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n", host=host
            )


async def test_counts_tell_kept_from_new_by_path_and_step() -> None:
    request = b"GET /echo HTTP/1.1\r\nHost: h\r\nX-Aiconform-Step: w1\r\n\r\n"

    async with echoing() as (_, port):
        await raw(port, request * 3)
        await raw(port, request)
        await raw(port, b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        counts = _body(await raw(port, b"GET /counts HTTP/1.1\r\nHost: h\r\n\r\n"))

    assert counts["total"] == {"new": 2, "kept": 2}
    assert counts["by_path"] == {"/echo": {"new": 2, "kept": 2}}
    assert counts["by_step"] == {"w1": {"new": 2, "kept": 2}}
    assert counts["pod_uid"] == "uid-a"


async def test_counts_stay_bounded_and_lose_no_request() -> None:
    requests = b"".join(
        b"GET /echo/%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in range(KEY_COUNT + 50)
    )

    async with echoing() as (echo, port):
        await raw(port, requests)

    assert len(echo.counts.by_path) == KEY_COUNT + 1
    assert echo.counts.by_path[OTHERS].kept == 50
    assert echo.counts.request_count == KEY_COUNT + 50


async def test_chat_answers_as_openai_does_and_carries_the_echo() -> None:
    body = b'{"messages": [{"role": "user", "content": "two words"}], "max_tokens": 3}'

    async with echoing() as (_, port):
        told = _body(await raw(port, _post("/v1/chat/completions", body)))

    assert told["object"] == "chat.completion"
    assert told["choices"][0]["message"] == {"role": "assistant", "content": "word0 word1 word2 "}
    assert told["usage"] == {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}
    assert told["aiconform"]["pod_uid"] == "uid-a"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[1]",
        b"{}",
        b'{"messages": []}',
        b'{"messages": [1], "max_tokens": true}',
        b'{"messages": ' + b"[" * 50_000,
    ],
)
async def test_chat_request_that_is_none_is_refused(body: bytes) -> None:
    async with echoing() as (_, port):
        answer = await raw(port, _post("/v1/chat/completions", body))

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert "problem" in _body(answer)


async def test_stream_is_sent_chunk_by_chunk() -> None:
    plan = LoadPlan(
        url="http://x/v1/chat/completions",
        method="POST",
        body=b'{"messages": [{"content": "x"}], "stream": true, "max_tokens": 4}',
    )

    async with echoing() as (_, port):
        result = await generate(_at(plan, port))

    (sample,) = result.samples
    gaps = [b - a for a, b in zip(sample.arrivals_s[:4], sample.arrivals_s[1:4], strict=False)]
    assert len(sample.arrivals_s) == 5  # four words and the end
    assert all(gap > 0.1 for gap in gaps)  # sent every 0.2 s
    assert sample.arrivals_s[0] < 0.15
    assert sample.pod_uid == "uid-a"


async def test_aborted_requests_are_reset_and_counted() -> None:
    async with echoing(Manner(abort_every=2)) as (echo, port):
        result = await generate(_at(LoadPlan(url="http://x/echo", count=4), port))

    assert [sample.trouble for sample in result.samples] == [None, "reset", None, "reset"]
    assert echo.counts.request_count == 4


async def test_request_under_way_is_finished_when_the_server_stops() -> None:
    async with echoing(Manner(delay_s=0.5)) as (_, port):
        request = asyncio.create_task(
            raw(port, b"GET /echo HTTP/1.1\r\nHost: h\r\n\r\n", close=False)
        )
        await asyncio.sleep(0.2)

    assert (await request).startswith(b"HTTP/1.1 200 ")


def _at(plan: LoadPlan, port: int) -> LoadPlan:
    return LoadPlan(**{**vars(plan), "url": plan.url.replace("//x/", f"//127.0.0.1:{port}/")})


def _post(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _body(answer: bytes) -> dict[str, Any]:
    return dict(json.loads(answer.partition(b"\r\n\r\n")[2]))
