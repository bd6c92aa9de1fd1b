"""Answers of the query API, read by their schema, and what they say of a stub (pure)."""

import json
import math
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

RUN_LABEL = "run"
COUNTERS = ("aiconform_requests_total", "vllm:request_success_total")
HISTOGRAMS = ("aiconform_request_duration_seconds", "vllm:e2e_request_latency_seconds")
GAUGE = "aiconform_queue_depth"
_NAMES = "aiconform_.*|vllm:.*"


@dataclass(frozen=True)
class Series:
    labels: Mapping[str, str]
    value: float


def url_of(base: str, expression: str) -> str:
    asked = urllib.parse.urlencode({"query": expression})
    return f"{base.rstrip('/')}/api/v1/query?{asked}"


def of_run(word: str) -> str:
    """Every series with this word on it. Never rate(): exact numbers are demanded."""
    return f'{{__name__=~"{_NAMES}",{RUN_LABEL}="{word}"}}'


def parse(text: str) -> tuple[Series, ...] | None:
    """
    The instant vector of an answer; None when it is none, whatever words it has in it.

    Source: Prometheus HTTP API, instant queries.
    """
    try:
        answer = json.loads(text)
        data = answer["data"]
        if answer["status"] != "success" or data["resultType"] != "vector":
            return None
        return tuple(
            Series({str(k): str(v) for k, v in each["metric"].items()}, _number(each["value"]))
            for each in data["result"]
        )
    except (LookupError, TypeError, ValueError, AttributeError):
        return None


def _number(pair: Sequence[Any]) -> float:
    _, text = pair
    value = float(text)
    if not isinstance(text, str) or not math.isfinite(value):
        raise ValueError(f"no value: {pair}")
    return value


def digest(found: Sequence[Series]) -> Json:
    """
    What the series say: of two copies (two replicas, two monitors) the greater counts.

    JSON: name → value of counters, gauge and histogram counts; buckets by le; where they are from.
    """
    values: dict[str, float] = {}
    buckets: dict[str, dict[str, float]] = {}
    for each in found:
        name = each.labels.get("__name__", "")
        if name.endswith("_bucket"):
            steps = buckets.setdefault(name.removesuffix("_bucket"), {})
            le = each.labels.get("le", "")
            steps[le] = max(each.value, steps.get(le, each.value))
        else:
            values[name] = max(each.value, values.get(name, each.value))
    origins = {(s.labels.get("namespace"), s.labels.get("pod")) for s in found}
    return {
        "series": len(found),
        "values": {name: values[name] for name in sorted(values)[:60]},
        "buckets": {name: buckets[name] for name in sorted(buckets)[:10]},
        "origins": sorted(([n, p] for n, p in origins), key=str)[:10],
    }


def wanted(requests: int, *, gauge: int) -> dict[str, float]:
    """Name → value once exactly so many requests were served and the gauge was set so."""
    counts = dict.fromkeys((*COUNTERS, *(f"{h}_count" for h in HISTOGRAMS)), float(requests))
    return {**counts, GAUGE: float(gauge)}


def differs(told: Mapping[str, Any], expected: Mapping[str, float]) -> dict[str, Any]:
    """Name → what is told instead; None: nothing."""
    values = told["values"]
    return {name: values.get(name) for name, value in expected.items() if values.get(name) != value}


def broken_buckets(told: Mapping[str, Any], requests: int) -> list[str]:
    """Histograms whose buckets do not grow to exactly this count."""
    bad: list[str] = []
    for name in HISTOGRAMS:
        steps = told["buckets"].get(name) or {}
        try:
            ordered = [steps[le] for le in sorted(steps, key=float)]
        except ValueError:
            ordered = []
        if not ordered or steps.get("+Inf") != requests or ordered != sorted(ordered):
            bad.append(name)
    return bad
