"""What is set is what is scraped, and a scrape can be made to fail in each way that matters."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from aiconform.workload.errors import RefusedError
from aiconform.workload.load import LoadPlan, generate
from aiconform.workload.metrics.answers import FAILURES, Metrics
from aiconform.workload.metrics.names import (
    DURATION,
    QUEUE_DEPTH,
    REQUESTS,
    VLLM_LATENCY,
    VLLM_SUCCESS,
)
from aiconform.workload.metrics.registry import FAMILY_LIMIT, SERIES_LIMIT, Registry
from tests.workload.support import IDENTITY, finished, raw, serving


async def test_all_names_are_there_from_the_start_at_zero() -> None:
    """A scraper that first sees a counter at 1 has missed the increase."""
    async with _metrics() as (_, port):
        values = await _scrape(port)

    for name in (QUEUE_DEPTH, REQUESTS, f"{DURATION}_count", VLLM_SUCCESS, f"{VLLM_LATENCY}_count"):
        assert values[name] == 0


async def test_every_series_carries_the_run() -> None:
    async with _metrics() as (metrics, _):
        text = metrics.registry.text()

    series = [line for line in text.splitlines() if not line.startswith("#")]
    assert series
    assert all('run="n1"' in line for line in series)


async def test_gauge_follows_what_is_set() -> None:
    async with _metrics() as (_, port):
        for value in (20, 0, 1000.5, -3):
            status, _ = await _post(port, "/set", {"name": QUEUE_DEPTH, "value": value})

            assert status == 200
            assert (await _scrape(port))[QUEUE_DEPTH] == value
            assert (await _value(port, QUEUE_DEPTH))["value"] == value


async def test_served_requests_are_counted_exactly() -> None:
    async with _metrics() as (_, port):
        await generate(LoadPlan(url=f"http://127.0.0.1:{port}/work", count=10, concurrency=3))
        values = await _scrape(port)
        chat = {"messages": [{"content": "hi"}]}
        await _post(port, "/v1/chat/completions", chat)
        await _post(port, "/v1/chat/completions", {"messages": "refused"})
        later = await _scrape(port)

    for name in (REQUESTS, VLLM_SUCCESS, f"{DURATION}_count", f"{VLLM_LATENCY}_count"):
        assert (values[name], later[name]) == (10, 11)


async def test_histogram_is_consistent() -> None:
    async with _metrics() as (_, port):
        for value, count in ((0.001, 2), (0.3, 1), (99, 4)):
            await _post(port, "/observe", {"name": "h_seconds", "value": value, "count": count})
        text = await _text(port)

    (family,) = [f for f in text_string_to_metric_families(text) if f.name == "h_seconds"]
    buckets = [s.value for s in family.samples if s.name == "h_seconds_bucket"]
    others = {s.name: s.value for s in family.samples if s.name != "h_seconds_bucket"}
    assert buckets == sorted(buckets)
    assert (buckets[0], buckets[-2], buckets[-1]) == (2, 3, 7)
    assert others["h_seconds_count"] == 7
    assert others["h_seconds_sum"] == pytest.approx(0.002 + 0.3 + 396)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/set", {}),
        ("/set", {"name": "a b", "value": 1}),
        ("/set", {"name": "x", "value": "1"}),
        ("/set", {"name": "x", "value": True}),
        ("/set", {"name": "x", "value": float("nan")}),
        ("/set", {"name": "x", "value": 10**400}),
        ("/set", {"name": "x", "value": 1, "labels": {"__a": "b"}}),
        ("/set", {"name": "x", "value": 1, "labels": {"le": "b"}}),
        ("/set", {"name": "x", "value": 1, "labels": {"run": "other"}}),
        ("/set", {"name": "x", "value": 1, "labels": {"a": 1}}),
        ("/set", {"name": "x", "value": 1, "type": "summary"}),
        ("/set", {"name": DURATION, "value": 1}),
        ("/set", {"name": QUEUE_DEPTH, "value": 1, "type": "counter"}),
        ("/add", {"name": REQUESTS, "value": -1}),
        ("/observe", {"name": "x", "value": 1, "count": 0}),
        ("/stop", {"how": "gently"}),
    ],
)
async def test_setting_that_makes_no_sense_is_refused_and_changes_nothing(
    path: str, body: dict[str, Any]
) -> None:
    async with _metrics() as (_, port):
        before = await _scrape(port)
        status, told = await _post(port, path, body)
        after = await _scrape(port)

    assert status == 400
    assert told["problem"]
    assert {name: value for name, value in after.items() if name in before} == before


@pytest.mark.parametrize("how", FAILURES)
async def test_scrapes_fail_as_ordered_and_recover(how: str) -> None:
    async with _metrics() as (_, port):
        await _post(port, "/stop", {"how": how})
        await _post(port, "/set", {"name": QUEUE_DEPTH, "value": 7})
        plan = LoadPlan(url=f"http://127.0.0.1:{port}/metrics", timeout_s=0.5)
        (sample,) = (await generate(plan)).samples
        stale = (await _scrape(port)) if how == "stale" else {}
        await _post(port, "/start", {})
        values = await _scrape(port)

    expected = {
        "unavailable": (503, None),
        "empty": (200, None),
        "stale": (200, None),
        "hang": (None, "timeout"),
        "reset": (None, "reset"),
    }
    assert (sample.status, sample.trouble) == expected[how]
    assert stale.get(QUEUE_DEPTH, 0) == 0
    assert values[QUEUE_DEPTH] == 7


def test_families_and_series_are_bounded() -> None:
    registry = Registry()
    for number in range(FAMILY_LIMIT):
        registry.set(f"m{number}", 1.0, kind="gauge", labels={})
    for number in range(SERIES_LIMIT - FAMILY_LIMIT):
        registry.set("m0", 1.0, kind="gauge", labels={"a": str(number)})

    with pytest.raises(RefusedError, match=str(FAMILY_LIMIT)):
        registry.set("one_more", 1.0, kind="gauge", labels={})
    with pytest.raises(RefusedError, match=str(SERIES_LIMIT)):
        registry.set("m0", 1.0, kind="gauge", labels={"a": "one more"})


@given(st.text(max_size=50), st.floats(allow_nan=False, allow_infinity=False))
def test_any_label_and_value_comes_back_through_a_parser(label: str, value: float) -> None:
    registry = Registry()
    registry.set("x", value, kind="gauge", labels={"a": label})

    (family,) = text_string_to_metric_families(registry.text())

    assert family.samples[0].value == value
    assert family.samples[0].labels == {"a": label}


def test_flags_that_make_no_metric_are_told() -> None:
    for wrong in ("a b=1", "x=many", "x"):
        done = finished("metrics", "--gauge", wrong)

        assert done.returncode == 2
        assert "Traceback" not in done.stderr


@asynccontextmanager
async def _metrics() -> AsyncIterator[tuple[Metrics, int]]:
    metrics = Metrics(IDENTITY, labels={"run": "n1"})
    async with serving(metrics.answer) as port:
        yield metrics, port


async def _text(port: int) -> str:
    answer = await raw(port, b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"text/plain; version=0.0.4" in head
    return body.decode()


async def _scrape(port: int) -> dict[str, float]:
    """Values by sample name, as Prometheus' own parser reads them; buckets left out."""
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(await _text(port))
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }


async def _post(port: int, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(content)}\r\n\r\n"
    answer = await raw(port, head.encode() + content)
    return int(answer.split(b" ", 2)[1]), json.loads(answer.partition(b"\r\n\r\n")[2])


async def _value(port: int, name: str) -> dict[str, Any]:
    answer = await raw(port, f"GET /value/{name} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    return dict(json.loads(answer.partition(b"\r\n\r\n")[2]))
