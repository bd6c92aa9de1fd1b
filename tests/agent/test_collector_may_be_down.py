"""The client keeps asking: refusals, silence and restarts only cost time."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiconform.agent.client import clock_offset_s, pause_before
from aiconform.agent.errors import CollectorError
from tests.agent.fake_collector import FakeCollector, Reply, fake_collector


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[FakeCollector]:
    with fake_collector(tmp_path) as fake:
        yield fake


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 503])
def test_refusal_is_asked_again_until_it_is_answered(collector: FakeCollector, status: int) -> None:
    replies = itertools.chain([Reply(status), Reply(status)], itertools.repeat(Reply(body={})))
    collector.reply = lambda _: next(replies)

    answer = collector.client().ask_until_answered("POST", "/v1/task", b"{}", timeout_s=5.0)

    assert answer is not None
    assert answer.status == 200
    assert len(collector.asked) == 3
    assert len(collector.pauses) == 2


def test_retry_after_is_honoured(collector: FakeCollector) -> None:
    replies = iter([Reply(429, headers={"Retry-After": "7"}), Reply(body={})])
    collector.reply = lambda _: next(replies)

    collector.client().ask_until_answered("POST", "/v1/task", b"{}", timeout_s=5.0)

    assert collector.pauses == [7.0]


def test_pauses_grow_to_a_limit_and_differ_between_nodes() -> None:
    longest = [pause_before(attempt, pick=lambda _, high: high) for attempt in range(12)]
    shortest = [pause_before(attempt, pick=lambda low, _: low) for attempt in range(12)]

    assert longest[:4] == [0.25, 0.5, 1.0, 2.0]
    assert longest[-1] == 10.0
    assert all(low < high for low, high in zip(shortest, longest, strict=True))


def test_token_is_read_anew_and_the_connection_is_kept(collector: FakeCollector) -> None:
    client = collector.client()

    client.ask("GET", "/healthz", timeout_s=5.0)
    collector.token.write_text("second\n")
    client.ask("GET", "/healthz", timeout_s=5.0)

    assert [each.token for each in collector.asked] == ["Bearer first", "Bearer second"]
    assert len({each.connection for each in collector.asked}) == 1


def test_collector_with_a_foreign_certificate_gets_nothing(
    collector: FakeCollector, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    with fake_collector(tmp_path / "elsewhere") as other:
        collector.ca = other.ca
    client = collector.client()

    with pytest.raises(CollectorError, match="CERTIFICATE_VERIFY_FAILED"):
        client.ask("POST", "/v1/records", b"secret", timeout_s=5.0)

    assert collector.asked == []


def test_nobody_there_is_an_error_that_names_the_address(tmp_path: Path) -> None:
    with fake_collector(tmp_path) as gone:
        pass

    with pytest.raises(CollectorError, match=gone.address):
        gone.client().ask("GET", "/healthz", timeout_s=5.0)


def test_missing_token_file_is_waited_for(collector: FakeCollector) -> None:
    collector.token.unlink()

    with pytest.raises(CollectorError, match="token"):
        collector.client().ask("GET", "/healthz", timeout_s=5.0)


def test_agent_that_stops_asks_no_more(collector: FakeCollector) -> None:
    collector.reply = lambda _: Reply(503)
    client = collector.client()
    collector.stop.set()

    assert client.ask_until_answered("POST", "/v1/task", b"{}", timeout_s=5.0) is None
    assert collector.asked == []


def test_clock_of_the_collector_is_compared(collector: FakeCollector) -> None:
    collector.reply = lambda _: Reply(headers={"X-Aiconform-Time": "100.0"})

    offset = clock_offset_s(collector.client())

    assert offset is not None
    assert offset < -1e9


def test_collector_that_keeps_its_time_to_itself_gives_no_offset(collector: FakeCollector) -> None:
    assert clock_offset_s(collector.client()) is None
