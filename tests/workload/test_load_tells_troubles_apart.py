"""What a request meets is classified by the class of the error, and never ends the load."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aiconform.collector import make_certificate
from aiconform.workload.load import LoadPlan, PlanError, Streak, generate
from aiconform.workload.load.events import event_arrivals
from tests.workload.support import echoing, finished, last_line

_OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (b"", "closed"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "closed"),
        (_OK + b"Content-Length: 10\r\n\r\nhalf", "closed"),
        (_OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", "closed"),
        (b"SSH-2.0-OpenSSH_9.2 x y\r\n\r\n", "malformed"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "malformed"),
        (_OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "malformed"),
        (_OK + b"Content-Length: 99999999\r\n\r\n", "too_large"),
        (_OK + b"\r\nuntil the end", None),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + _OK + b"Content-Length: 0\r\n\r\n", None),
        (b"HTTP/1.1 204 No Content\r\n\r\n", None),
    ],
)
async def test_answers_are_told_apart(answer: bytes, trouble: str | None) -> None:
    async with _saying(answer) as port:
        (sample,) = (await generate(LoadPlan(url=f"http://127.0.0.1:{port}/"))).samples

    assert sample.trouble == trouble


async def test_nobody_there_is_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    plans = {
        "refused": LoadPlan(url=f"http://127.0.0.1:{port}/"),
        "dns": LoadPlan(url="http://no-such-host.invalid/"),
    }

    async with _saying(b"SSH-2.0-OpenSSH_9.2\r\n", until=b"") as ssh_port:
        plans["tls"] = LoadPlan(url=f"https://127.0.0.1:{ssh_port}/")
        found = {name: (await generate(plan)).samples[0] for name, plan in plans.items()}

    assert {name: sample.trouble for name, sample in found.items()} == {n: n for n in plans}
    assert {sample.connection for sample in found.values()} == {0}


async def test_silence_is_a_timeout_and_keeps_what_had_come() -> None:
    async with _saying(_OK + b"Content-Length: 9\r\n\r\nabc", linger_s=5) as port:
        plan = LoadPlan(url=f"http://127.0.0.1:{port}/", timeout_s=0.3)
        (sample,) = (await generate(plan)).samples

    assert (sample.trouble, sample.status, sample.duration_s) == ("timeout", 200, None)


async def test_limit_ends_a_load_that_meets_silence() -> None:
    async with _saying(b"", linger_s=5) as port:
        plan = LoadPlan(url=f"http://127.0.0.1:{port}/", count=9, limit_s=0.3)
        result = await generate(plan)

    assert (result.ended, result.samples, result.sent_count) == ("limit", (), 1)


async def test_cached_answer_is_not_taken_for_an_answer() -> None:
    """A body that tells of another request than ours proves nothing about ours."""
    body = json.dumps({"pod_uid": "u", "headers": [["x-aiconform-request", "old-1"]]}).encode()

    async with _saying(_OK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)) as port:
        (sample,) = (await generate(LoadPlan(url=f"http://127.0.0.1:{port}/"))).samples

    assert sample.trouble == "foreign_answer"


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://x/"},
        {"url": "http://:80/"},
        {"url": "http://x:99999/"},
        {"url": "http://x/a b"},
        {"url": "http://x/ü"},
        {"count": 0},
        {"concurrency": 0},
        {"method": "GET /"},
        {"headers": (("A", "b\r\nC: d"),)},
        {"headers": (("Content-Length", "1"),)},
        {"host": "a\r\nb"},
        {"until": Streak(2)},
        {"timeout_s": 0.0},
        {"count": 50_000, "keep_answers": True},
    ],
)
def test_plan_that_cannot_be_carried_out_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PlanError):
        LoadPlan(**{"url": "http://x/", **wrong})


async def test_https_is_verified_against_the_ca_and_the_host_name(tmp_path: Path) -> None:
    made = make_certificate(names=["gw.test"], addresses=[], now=datetime.now(UTC))
    ca, cert, key = (tmp_path / name for name in ("ca", "cert", "key"))
    for path, pem in ((ca, made.ca_pem), (cert, made.cert_pem), (key, made.key_pem)):
        path.write_text(pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    answer = _OK + b"Content-Length: 0\r\n\r\n"

    async with _saying(answer, tls=context) as port:
        url = f"https://127.0.0.1:{port}/"
        plans = (
            LoadPlan(url=url, ca_file=str(ca), host="gw.test"),
            LoadPlan(url=url, ca_file=str(ca), host="other.test"),
            LoadPlan(url=url, host="gw.test"),
            LoadPlan(url=url, verify=False),
        )
        found = [(await generate(plan)).samples[0].trouble for plan in plans]

    assert found == [None, "tls", "tls", None]


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_events_get_the_time_of_the_piece_that_completes_them(cut: int) -> None:
    body = b"data: one\n\n: comment\n\ndata: two\r\n\r\ndata: [DONE]\n\n"

    found = event_arrivals([(1.0, body[:cut]), (2.0, body[cut:])])

    assert [data for _, data in found] == [b"one", b"two"]
    assert found[0][0] == (1.0 if cut >= 11 else 2.0)


async def test_command_prints_samples_and_summary() -> None:
    async with echoing() as (_, port):
        done = await asyncio.to_thread(
            finished, "load", f"http://[::1]:{port}/echo", "--count", "3", "--samples",
            "-H", "X-One: 1", "--nonce", "q", "--answers",
        )  # fmt: skip

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    summary = last_line(done)
    assert done.returncode == 0
    assert [line["event"] for line in lines] == ["load.sampled"] * 3 + ["load.done"]
    assert lines[0]["sample"]["pod_uid"] == "uid-a"
    assert ["X-One", "1"] in lines[0]["sample"]["answer"]["headers"]
    assert (summary["nonce"], summary["by_pod_uid"]) == ("q", {"uid-a": 3})


@asynccontextmanager
async def _saying(
    answer: bytes,
    *,
    linger_s: float = 0.0,
    until: bytes = b"\r\n\r\n",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """A server that answers everything with these bytes, and closes."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if until:
            await reader.readuntil(until)
        writer.write(answer)
        if linger_s:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
