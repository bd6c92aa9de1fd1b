"""A record leaves the agent's memory only when the collector has it."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiconform.agent.courier import Courier
from aiconform.agent.outbox import Outbox
from aiconform.agent.records import Record
from tests.agent.fake_collector import Asked, FakeCollector, Reply, fake_collector
from tests.agent.support import silent_log


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[FakeCollector]:
    with fake_collector(tmp_path) as fake:
        yield fake


def record(seq: int, *, stream: str = "self", size: int = 20) -> Record:
    line = json.dumps({"seq": seq, "stream": stream, "filling": "x" * size})
    return Record(stream, seq, line.encode())


def courier(outbox: Outbox, collector: FakeCollector) -> Courier:
    return Courier(outbox, collector.client(), log=silent_log(), stop=collector.stop)


def sequence(asked: Asked) -> list[int]:
    return [json.loads(line)["seq"] for line in asked.body.splitlines()]


def test_what_is_not_acknowledged_is_sent_again(collector: FakeCollector) -> None:
    outbox = Outbox()
    for seq in range(4):
        outbox.put(record(seq))
    replies = iter([{"self": 2}, {"self": 4}])
    collector.reply = lambda _: Reply(body={"next_seq": next(replies)})
    bring = courier(outbox, collector)

    bring.deliver_once()
    bring.deliver_once()

    assert [sequence(each) for each in collector.asked] == [[0, 1, 2, 3], [2, 3]]
    assert len(outbox) == 0


def test_acknowledgement_of_one_stream_leaves_the_others(collector: FakeCollector) -> None:
    outbox = Outbox()
    outbox.put(record(0, stream="inventory"))
    outbox.put(record(0, stream="self"))
    collector.reply = lambda _: Reply(body={"next_seq": {"inventory": 1}})

    courier(outbox, collector).deliver_once()

    assert [each.stream for each in outbox.batch(max_bytes=999)] == ["self"]


def test_request_that_is_too_large_is_halved(collector: FakeCollector) -> None:
    outbox = Outbox()
    for seq in range(300):
        outbox.put(record(seq, size=4000))
    collector.reply = lambda asked: Reply(413 if len(asked.body) > 600_000 else 200, {})
    bring = courier(outbox, collector)

    for _ in range(3):
        bring.deliver_once()

    assert [len(asked.body) > 600_000 for asked in collector.asked] == [True, False, False]


def test_heartbeat_without_records_is_an_empty_request(collector: FakeCollector) -> None:
    courier(Outbox(), collector).deliver_once()

    (asked,) = collector.asked
    assert (asked.path, asked.body) == ("/v1/records", b"")


def test_full_outbox_holds_up_whoever_makes_records() -> None:
    outbox = Outbox(max_bytes=100)
    outbox.put(record(0, size=200))
    late = threading.Thread(target=outbox.put, args=(record(1),))

    late.start()
    late.join(0.1)
    waits = late.is_alive()
    outbox.acknowledge({"self": 1})
    late.join(5.0)

    assert waits
    assert [each.seq for each in outbox.batch(max_bytes=999)] == [1]
