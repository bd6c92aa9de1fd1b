"""A comparison as lines and as JSON."""

from collections.abc import Iterator
from typing import Any

from aiconform.report.diff.change import Comparison, Trend

MOST_CHANGES = 200


def lines(found: Comparison) -> Iterator[str]:
    was, now = (verdict.value.replace("_", " ").upper() for verdict in found.verdicts)
    counts = ", ".join(f"{found.count(trend)} {trend.value}" for trend in Trend)
    yield f"{found.before} ({was}) → {found.after} ({now}): {counts}"
    for change in found.changes[:MOST_CHANGES]:
        yield f"  {change.trend.value:<20}{change.kind.value} {change.name}"
        for sentence in change.details:
            yield f"      {sentence}"
    if (left := len(found.changes) - MOST_CHANGES) > 0:
        yield f"  … and {left} more; -o json has them all"
    for shift in found.shifts:
        moved = f"{shift.percent:+.0f} %".replace("-", "−")
        yield f"  {shift.trend.value:<20}all {shift.count} of {shift.item}: {moved} in the middle"
    for note in found.notes:
        yield f"  note: {note}"


def document(found: Comparison) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "before": {"run": found.before, "verdict": found.verdicts[0].value},
        "after": {"run": found.after, "verdict": found.verdicts[1].value},
        "counts": {trend.value.replace(" ", "_"): found.count(trend) for trend in Trend},
        "compared": found.compared_count,
        "changes": [
            {"trend": c.trend.value.replace(" ", "_"), "kind": c.kind.value, "name": c.name,
             "details": list(c.details)}
            for c in found.changes
        ],
        "shifts": [
            {"trend": s.trend.value, "item": s.item, "metric": s.metric, "percent": s.percent,
             "count": s.count}
            for s in found.shifts
        ],
        "notes": list(found.notes),
    }  # fmt: skip
