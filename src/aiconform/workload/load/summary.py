"""A load in numbers: who answered how often, with what, how fast, and what went wrong."""

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any

from aiconform.workload.load.sample import LoadResult, Sample

STREAMS_SHOWN = 20


def summarise(result: LoadResult) -> dict[str, Any]:
    """JSON. Counts by pod are of sound answers; `unidentified` ones did not tell their pod."""
    sound = [sample for sample in result.samples if sample.trouble is None]
    streams = [sample for sample in sound if sample.arrivals_s]
    return {
        "ended": result.ended,
        "streak": result.streak,
        "sent": result.sent_count,
        "ended_requests": len(result.samples),
        "answered": len(sound),
        "by_pod_uid": _counted(sample.pod_uid for sample in sound),
        "by_backend": _counted(sample.backend for sample in sound),
        "unidentified": sum(sample.pod_uid is None for sample in sound),
        "by_status": _counted(sample.status for sample in sound),
        "troubles": _counted(sample.trouble for sample in result.samples),
        "connections_opened": result.opened_count,
        "on_new_connection": sum(not sample.kept for sample in sound),
        "on_kept_connection": sum(sample.kept for sample in sound),
        "repeated": sum(sample.attempts > 1 for sample in result.samples),
        "duration_s": round(result.duration_s, 6),
        "latency_s": _spread([s.duration_s for s in sound if s.duration_s is not None]),
        "first_byte_s": _spread([s.first_byte_s for s in sound if s.first_byte_s is not None]),
        "streams": [_stream(sample) for sample in streams[:STREAMS_SHOWN]],
    }


def _counted(keys: Iterable[str | int | None]) -> dict[str, int]:
    return dict(Counter(str(key) for key in keys if key is not None).most_common())


def _spread(values: Sequence[float]) -> dict[str, float] | None:
    """None when there is nothing to tell. Percentiles are nearest rank."""
    if not values:
        return None
    ordered = sorted(values)
    return {
        "least": round(ordered[0], 6),
        "mean": round(fmean(ordered), 6),
        "p50": _rank(ordered, 50),
        "p90": _rank(ordered, 90),
        "p99": _rank(ordered, 99),
        "most": round(ordered[-1], 6),
    }


def _rank(ordered: Sequence[float], percent: int) -> float:
    return round(ordered[max(0, -(-len(ordered) * percent // 100) - 1)], 6)


def _stream(sample: Sample) -> dict[str, Any]:
    return {
        "number": sample.number,
        "pod_uid": sample.pod_uid,
        "events": len(sample.arrivals_s),
        "arrivals_s": [round(at, 4) for at in sample.arrivals_s[:100]],
    }
