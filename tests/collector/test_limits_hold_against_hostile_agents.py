"""Size, number, rate and time are bounded: no agent crashes the collector or fills its disk."""

import asyncio
import asyncio.sslproto
import gzip
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from aiconform.collector import Limits
from aiconform.collector.listener import TLS_BUFFER_BYTES
from tests.collector.agents import Served, end, hello, lines, serving, token


def evidence_line(seq: int, size: int) -> bytes:
    record = end(seq)
    del record["records"]
    return lines({**record, "kind": "evidence", "about": "x", "data": "y" * size})


async def test_request_that_is_too_large_is_413() -> None:
    async with serving() as served:
        status, answer, _ = await served.post("/v1/records", b"x" * (2 * 1024 * 1024 + 1))

        assert status == 413
        assert answer["problem"]


async def test_request_that_is_too_large_is_413_when_it_comes_in_chunks() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 65536

    async with serving() as served:
        headers = {"Authorization": f"Bearer {token('node1')}"}
        async with served.client.post("/v1/records", data=chunks(), headers=headers) as response:
            assert response.status == 413


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP"])
async def test_compressed_body_is_415_and_never_unpacked(encoding: str) -> None:
    async with serving() as served:
        bomb = gzip.compress(b"\0" * 50_000_000)

        status, _, _ = await served.post("/v1/records", bomb, **{"Content-Encoding": encoding})

        assert status == 415
        assert served.delivered == []


async def test_record_that_is_too_large_is_refused_and_evidence_may_be_larger() -> None:
    async with serving() as served:
        body = evidence_line(0, 200_000) + lines(hello(1, python="p" * 70_000)) + lines(hello(2))

        _, answer, _ = await served.post("/v1/records", body)

        assert answer["next_seq"] == {"inventory": 3}
        assert [r["seq"] for r in answer["refused"]] == [1]
        assert "bytes" in answer["refused"][0]["problem"]


async def test_stream_has_a_largest_size_and_its_end_still_finds_room() -> None:
    limits = Limits(stream_bytes=200_000, record_bytes=50_000)
    async with serving(limits=limits) as served:
        record = lines(hello(0))
        count = 150_000 // len(record) + 100
        body = lines(*(hello(seq) for seq in range(count)), end(count))

        _, answer, _ = await served.post("/v1/records", body)

        assert answer["next_seq"] == {"inventory": count + 1}
        assert served.delivered[-1] == ("node1", "inventory", count)
        assert sum(len(record) for _ in served.delivered) < 200_000
        assert len(served.refused) == 1  # one line in the journal for all of them
        assert "longer than" in served.refused[0].problem


async def test_node_has_a_largest_size_over_all_its_streams() -> None:
    limits = Limits(node_bytes=100_000, record_bytes=50_000)
    async with serving(limits=limits) as served:
        for number in range(6):
            await served.post(
                "/v1/records", lines(*(hello(s, stream=f"round-{number}") for s in range(100)))
            )

        size = sum(len(lines(hello(0, stream="round-1"))) for _ in served.delivered)
        assert 40_000 < size < 60_000


async def test_number_of_streams_and_boots_is_bounded() -> None:
    async with serving(limits=Limits(boots=2, streams_per_boot=2)) as served:
        two = lines(hello(0, stream="a"), hello(0, stream="b"))
        assert (await served.post("/v1/records", two))[0] == 200
        assert (await served.post("/v1/records", lines(hello(0, stream="c"))))[0] == 403
        assert (await served.post("/v1/records", lines(hello(0, boot="f" * 8))))[0] == 200

        status, answer, _ = await served.post("/v1/records", lines(hello(0, boot="e" * 8)))

        assert status == 403
        assert "starts" in answer["problem"]


async def test_requests_come_at_a_bounded_rate() -> None:
    async with serving(limits=Limits(request_burst=5.5, requests_per_s=0.1)) as served:
        answers = [await served.post("/v1/records", lines(hello(n))) for n in range(8)]

        assert [status for status, _, _ in answers].count(200) == 5
        status, _, response = answers[-1]
        assert status == 429
        assert int(response.headers["Retry-After"]) >= 1
        assert (await served.post("/v1/records", lines(hello(0, node="node2")), who="node2"))[
            0
        ] == 200  # one node's flood is not another's


async def test_refusals_fill_no_disk_and_malformed_records_are_not_taken_for_ever() -> None:
    limits = Limits(refusals=5, request_burst=1000)
    async with serving(limits=limits) as served:
        for n in range(40):
            _, answer, _ = await served.post("/v1/records", lines(hello(n, surprise=1)))
        await served.post("/v1/records", lines(hello(0, node="other")))

        assert len(served.refused) == 5
        assert answer["next_seq"] == {"inventory": 5}


async def test_anonymous_refusals_fill_no_disk() -> None:
    limits = Limits(anonymous_refusals=3, failed_identities=1000)
    async with serving(limits=limits) as served:
        for n in range(20):
            await served.post("/v1/records", b"", who=f"stranger{n}")

        assert len(served.refused) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b'{"node":"node1","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"\xff\xfe\x00",
        b'null\n1\n[]\n"x"\n',
        b'{"node": "\\ud800"}',
        b"\n" * 1_000_000,
        b"1" * 1_000_000,
    ],
)
async def test_nonsense_is_refused_without_a_crash(body: bytes) -> None:
    async with serving() as served:
        status, _, _ = await served.post("/v1/records", body)
        assert status == 200
        assert served.delivered == []

        assert (await served.post("/v1/records", lines(hello(0))))[0] == 200


async def test_infinite_numbers_are_refused() -> None:
    async with serving() as served:
        body = lines(hello(0, t=float("nan")), hello(1, t=float("inf")), hello(2, t=10**400))

        _, answer, _ = await served.post("/v1/records", body)

        assert [r["seq"] for r in answer["refused"]] == [0, 1, 2]
        assert answer["next_seq"] == {"inventory": 3}


async def test_numbers_too_long_to_reckon_with_are_refused() -> None:
    async with serving() as served:
        record = {**hello(0), "kind": "inventory", "host": {"x": "LONG"}}
        for key in ("agent_version", "python", "address"):
            del record[key]
        body = lines(record).replace(b'"LONG"', b"9" * 4000)

        _, answer, _ = await served.post("/v1/records", body)

        assert [r["seq"] for r in answer["refused"]] == [0]


@pytest.mark.parametrize("path", ["/v1/task", "/v1/ready"])
@pytest.mark.parametrize("body", [b"", b"[]", b'{"boot":1}', b"[" * 100_000, b'{"wait_s":-1}'])
async def test_malformed_questions_are_400(path: str, body: bytes) -> None:
    async with serving() as served:
        assert (await served.post(path, body))[0] == 400


async def raw(served: Served, sent: bytes, *, limit_s: float) -> bytes:
    """Send bytes and nothing more; what comes back until the collector hangs up."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", served.collector.port, ssl=context)
    writer.write(sent)
    try:
        async with asyncio.timeout(limit_s):
            return await reader.read()
    finally:
        writer.close()


async def test_slow_header_is_cut_off() -> None:
    async with serving(limits=Limits(idle_s=0.5)) as served:
        assert await raw(served, b"POST /v1/records HTTP/1.1\r\nHost: x\r\n", limit_s=5) == b""


async def test_slow_body_is_cut_off() -> None:
    async with serving(limits=Limits(body_s=0.3)) as served:
        head = (
            "POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
            f"Authorization: Bearer {token('node1')}\r\n\r\n"
        )

        answer = await raw(served, head.encode() + b"{", limit_s=10)

        assert b" 408 " in answer.split(b"\r\n")[0]


async def test_silent_handshake_is_cut_off() -> None:
    async with serving(limits=Limits(handshake_s=0.3)) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.collector.port)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


async def test_connections_are_bounded() -> None:
    async with serving(limits=replace(Limits(), connections=1)) as served:
        await served.post("/v1/records", lines(hello(0)))  # its connection is kept

        assert await raw(served, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", limit_s=5) == b""


async def test_idle_tls_connections_take_little_memory() -> None:
    """asyncio's attribute is not documented: this notices when it goes away."""
    assert "max_size" in vars(asyncio.sslproto.SSLProtocol)
    async with serving():
        assert asyncio.sslproto.SSLProtocol.max_size == TLS_BUFFER_BYTES


async def test_large_bodies_arrive_whole_through_the_small_buffer() -> None:
    async with serving() as served:
        body = b"".join(evidence_line(seq, 250_000) for seq in range(7))

        _, answer, _ = await served.post("/v1/records", body)

        assert answer["next_seq"] == {"inventory": 7}
