"""
ctrf.json: the verdicts in the Common Test Report Format (ctrf.io, schema of 2026).

The format has no error: what could not be tested although it is required is `failed`, never passed.
`rawStatus` has our own word.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from aiconform import __version__
from aiconform.model.records import Entry
from aiconform.model.verdict import Finding, Judgement
from aiconform.report.items import Item, State, items
from aiconform.report.rows import findings_first
from aiconform.report.scrub import printable
from aiconform.report.story import tell

_STATUSES = {
    State.PASSED: "passed",
    State.FAILED: "failed",
    State.ERRORED: "failed",
    State.SKIPPED: "skipped",
}


def ctrf(entries: Sequence[Entry], judgement: Judgement) -> bytes:
    tests = [_test(item) for item in items(judgement)]
    story = tell(entries)
    start, stop = _milliseconds(story.started_at), _milliseconds(story.finished_at)
    document = {
        "reportFormat": "CTRF",
        "specVersion": "1.0.0",
        "generatedBy": "aiconform",
        "results": {
            "tool": {"name": "aiconform", "version": __version__},
            "summary": _summary(tests, start, stop),
            "tests": tests,
            "extra": {"run": judgement.run, "verdict": judgement.verdict.value,
                      "counts_as": judgement.counted.value,
                      "sentence": printable(judgement.sentence),
                      "findings": [_finding(f) for f in findings_first(judgement)]},
        },
    }  # fmt: skip
    return f"{json.dumps(document, allow_nan=False)}\n".encode()


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


def _summary(tests: Sequence[dict[str, Any]], start: int, stop: int) -> dict[str, int]:
    counts = Counter(test["status"] for test in tests)
    told = {name: counts[name] for name in ("passed", "failed", "skipped", "pending", "other")}
    return {"tests": len(tests), **told, "start": start, "stop": stop}


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
        figures = [figure.model_dump(mode="json") for figure in item.figures]
        test["extra"] = {"figures": figures}
    return test


def _milliseconds(at: float | None) -> int:
    return round(1000 * (at or 0.0))
