"""Delivery: in order, once, whatever is sent again, and nothing lost when storing fails."""

import asyncio
import time

from aiconform.model.errors import JournalError
from aiconform.model.records import Delivered, Entry
from aiconform.model.wire import AGENT_RECORD
from tests.collector.agents import BOOT, RUN, end, hello, lines, serving


async def test_records_are_acknowledged_by_stream() -> None:
    async with serving() as served:
        body = lines(hello(0), hello(1), hello(0, stream="self"))

        status, answer, response = await served.post("/v1/records", body)

        assert status == 200
        assert answer["next_seq"] == {"inventory": 2, "self": 1}
        assert answer["refused"] == []
        assert abs(answer["server_time"] - time.time()) < 5
        assert abs(float(response.headers["X-Aiconform-Time"]) - time.time()) < 5
        assert "Date" in response.headers
        assert served.delivered == [
            ("node1", "inventory", 0), ("node1", "inventory", 1), ("node1", "self", 0)
        ]  # fmt: skip


async def test_same_records_again_are_acknowledged_and_not_stored_again() -> None:
    async with serving() as served:
        await served.post("/v1/records", lines(hello(0), hello(1)))

        status, answer, _ = await served.post("/v1/records", lines(hello(0), hello(1), hello(2)))

        assert (status, answer["next_seq"]) == (200, {"inventory": 3})
        assert [seq for _, _, seq in served.delivered] == [0, 1, 2]


async def test_same_records_at_the_same_time_are_stored_once() -> None:
    async with serving() as served:
        body = lines(*(hello(seq) for seq in range(50)))

        await asyncio.gather(*(served.post("/v1/records", body) for _ in range(8)))

        assert [seq for _, _, seq in served.delivered] == list(range(50))


async def test_records_beyond_a_gap_wait_for_what_is_missing() -> None:
    async with serving() as served:
        _, answer, _ = await served.post("/v1/records", lines(hello(0), hello(2), hello(3)))

        assert answer["next_seq"] == {"inventory": 1}
        assert [seq for _, _, seq in served.delivered] == [0]


async def test_malformed_record_is_refused_alone_and_the_stream_goes_on() -> None:
    async with serving() as served:
        body = lines(hello(0), hello(1, surprise=True), hello(2), end(3))

        status, answer, _ = await served.post("/v1/records", body)

        assert (status, answer["next_seq"]) == (200, {"inventory": 4})
        assert [(r["stream"], r["seq"]) for r in answer["refused"]] == [("inventory", 1)]
        assert "surprise" in answer["refused"][0]["problem"]
        assert [seq for _, _, seq in served.delivered] == [0, 2, 3]
        assert [(r.node, r.boot, r.stream, r.next_seq) for r in served.refused] == [
            ("node1", BOOT, "inventory", 4)
        ]


async def test_nothing_is_acknowledged_when_it_cannot_be_stored() -> None:
    async with serving() as served:
        served.failure = JournalError("cannot write journal.ndjson: no space left", hint="Free it")
        status, answer, response = await served.post("/v1/records", lines(hello(0)))
        assert (status, response.headers["Retry-After"]) == (503, "5")
        assert "no space left" in answer["problem"]
        served.failure = None

        status, answer, _ = await served.post("/v1/records", lines(hello(0)))

        assert (status, answer["next_seq"]) == (200, {"inventory": 1})
        assert [seq for _, _, seq in served.delivered] == [0]


async def test_resumed_collector_knows_what_the_journal_holds() -> None:
    said = AGENT_RECORD.validate_python(hello(0))
    entries = [Entry(n=0, at=1.0, record=Delivered(pod="agent-node1", record=said))]
    async with serving(entries=entries) as served:
        _, answer, _ = await served.post("/v1/records", lines(hello(0), hello(1)))

        assert answer["next_seq"] == {"inventory": 2}
        assert [seq for _, _, seq in served.delivered] == [1]


async def test_resumed_collector_does_not_ask_for_what_it_refused() -> None:
    async with serving() as first:
        await first.post("/v1/records", lines(hello(0), hello(1, surprise=True)))
        entries = [Entry(n=n, at=1.0, record=record) for n, record in enumerate(first.stored)]
    async with serving(entries=entries) as served:
        _, answer, _ = await served.post("/v1/records", lines(hello(2)))

        assert answer["next_seq"] == {"inventory": 3}


async def test_boots_of_an_agent_are_counted_apart() -> None:
    async with serving() as served:
        await served.post("/v1/records", lines(hello(0), hello(1)))

        _, answer, _ = await served.post("/v1/records", lines(hello(0, boot="ffff0000")))

        assert answer["next_seq"] == {"inventory": 1}


async def test_agent_that_hangs_up_while_it_is_stored_does_not_part_book_and_journal() -> None:
    async with serving() as served:
        body = lines(*(hello(seq) for seq in range(200)))
        for pause_s in (0.0, 0.002, 0.005, 0.01, 0.02):
            sending = asyncio.create_task(served.post("/v1/records", body))
            await asyncio.sleep(pause_s)
            sending.cancel()

        await served.post("/v1/records", body)

        assert [seq for _, _, seq in served.delivered] == list(range(200))
        assert all(r.record.run == RUN for r in served.stored if isinstance(r, Delivered))
