"""
ctrf.json: the verdicts in the Common Test Report Format (ctrf.io, schema of 2026).

The format has no error: what could not be tested although it is required is `failed`, never passed.
`rawStatus` has our own word.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from aiconform import __version__
from aiconform.model.verdict import Figure, Finding
from aiconform.report.items import Item, State, Telling
from aiconform.report.rows import findings_first
from aiconform.report.scrub import printable

_STATUSES = {
    State.PASSED: "passed",
    State.FAILED: "failed",
    State.ERRORED: "failed",
    State.SKIPPED: "skipped",
}


# Where the tests go, of which there are too many to be held as one text.
_HERE = "tests of aiconform"


def ctrf(telling: Telling) -> Iterator[bytes]:
    """The document, piece by piece."""
    before, after = _dumped(_document(telling)).split(f'"{_HERE}"', 1)
    yield f"{before}[".encode()
    for number, item in enumerate(telling.items):
        yield f"{', ' if number else ''}{_dumped(_test(item))}".encode()
    yield f"]{after}\n".encode()


def _document(telling: Telling) -> dict[str, Any]:
    story, judgement = telling.story, telling.judgement
    start, stop = _milliseconds(story.started_at), _milliseconds(story.finished_at)
    return {
        "reportFormat": "CTRF",
        "specVersion": "1.0.0",
        "generatedBy": "aiconform",
        "results": {
            "tool": {"name": "aiconform", "version": __version__},
            "summary": _summary(telling.items, start, stop),
            "tests": _HERE,
            "extra": {"run": judgement.run, "verdict": judgement.verdict.value,
                      "counts_as": judgement.counted.value,
                      "sentence": printable(judgement.sentence),
                      "findings": [_finding(f) for f in findings_first(judgement)]},
        },
    }  # fmt: skip


_dumped = json.JSONEncoder(allow_nan=False).encode


def _finding(finding: Finding) -> dict[str, Any]:
    waiver = finding.waived
    return {
        "code": finding.code,
        "where": printable(str(finding.subject)),
        "outcome": finding.outcome.value,
        "sentence": printable(finding.sentence),
        "action_kind": finding.action_kind.value,
        "action": printable(finding.action),
        "waived": {
            "owner": printable(waiver.owner),
            "expiry": waiver.expiry.isoformat(),
            "reason": printable(waiver.reason),
        }
        if waiver
        else None,
    }


def _summary(found: Sequence[Item], start: int, stop: int) -> dict[str, int]:
    counts = Counter(_STATUSES[item.state] for item in found)
    told = {name: counts[name] for name in ("passed", "failed", "skipped", "pending", "other")}
    return {"tests": len(found), **told, "start": start, "stop": stop}


def _test(item: Item) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": printable(item.name),
        "suite": [printable(item.suite)],
        "status": _STATUSES[item.state],
        "rawStatus": item.outcome.value,
        "duration": round(1000 * (item.duration_s or 0.0)),
        "message": printable(item.told),
        "labels": {
            "required": item.required,
            "reason": item.reason,
            "waived": item.waived is not None,
        },
    }
    if item.figures:
        test["extra"] = {"figures": [_figure(figure) for figure in item.figures]}
    return test


def _figure(figure: Figure) -> dict[str, Any]:
    """As the model writes it, which takes ten times as long."""
    return {
        "metric": figure.metric,
        "value": figure.value,
        "unit": figure.unit,
        "compared_with": figure.compared_with,
    }


def _milliseconds(at: float | None) -> int:
    return round(1000 * (at or 0.0))
