"""Whatever a client sends, the server says what was wrong, stays up and stays within its bounds."""

import asyncio
import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiconform.workload import http1
from aiconform.workload.connection import Bounds
from aiconform.workload.errors import MessageError
from tests.workload.support import echoing, raw

_GOOD = b"GET /echo HTTP/1.1\r\nHost: h\r\n\r\n"
_POST = b"POST /echo HTTP/1.1\r\nHost: h\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET\r\n\r\n", 400),
        (b"GET /echo HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /echo HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400),
        (b"GET /echo HTTP/1.1\r\nHost: h\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"GET /echo HTTP/1.1\r\nHost : h\r\n\r\n", 400),
        (b"GET /echo HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        (b"GET /echo HTTP/1.1\r\nHost: h\r\nA: " + b"x" * 40_000 + b"\r\n\r\n", 431),
        (_POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (_POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (_POST + b"Content-Length: -5\r\n\r\n", 400),
        (_POST + b"Content-Length: 999999999999\r\n\r\n", 413),
        (_POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (_POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (_POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n", 413),
        (_POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400),
    ],
)
async def test_malformed_request_is_answered_with_its_status(sent: bytes, status: int) -> None:
    async with echoing() as (_, port):
        answer = await raw(port, sent)

        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b"Connection: close" in answer
        assert (await raw(port, _GOOD)).startswith(b"HTTP/1.1 200 ")


async def test_large_body_is_refused_before_it_was_sent() -> None:
    body = b"x" * 500_000

    async with echoing() as (_, port):
        answer = await raw(port, _POST + b"Content-Length: 500000\r\n\r\n" + body)

    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_cut_off_request_leaves_nothing_behind() -> None:
    async with echoing() as (_, port):
        for cut in range(1, len(_GOOD)):
            await raw(port, _GOOD[:cut])

        assert (await raw(port, _GOOD)).startswith(b"HTTP/1.1 200 ")


async def test_slow_head_ends_the_connection() -> None:
    async with echoing(bounds=Bounds(head_s=0.2)) as (_, port):
        with contextlib.suppress(ConnectionError):
            assert await raw(port, b"GET /echo HT", close=False) == b""


async def test_connections_beyond_the_bound_are_told_so() -> None:
    async with echoing(bounds=Bounds(connection_count=1)) as (_, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0.05)
        answer = await raw(port, _GOOD)
        writer.close()
        await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 503 ")


async def test_old_and_careful_clients_are_served() -> None:
    async with echoing() as (_, port):
        old = await raw(port, b"GET /echo HTTP/1.0\r\n\r\n", close=False)
        head = await raw(port, b"HEAD /echo HTTP/1.1\r\nHost: h\r\n\r\n")
        careful = await raw(port, _POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\nhi")
        absolute = await raw(port, b"GET http://h/echo?a=1 HTTP/1.1\r\nHost: h\r\n\r\n")

    assert old.startswith(b"HTTP/1.1 200 ")
    assert head.endswith(b"\r\n\r\n")
    assert careful.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
    assert b'"path": "/echo"' in absolute


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_head_is_read_or_refused(noise: bytes) -> None:
    for start in (b"", b"GET / HTTP/1.1\r\nHost: h\r\n"):
        with contextlib.suppress(MessageError):
            http1.framing_of(http1.parse_head(start + noise), otherwise=0)
