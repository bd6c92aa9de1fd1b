"""
sonobuoy_results.yaml: the run in the form that Sonobuoy reads as a plugin's `manual` results.

An item for each requirement and each node, and one for each thing judged below its suite. Sonobuoy
adds statuses up by itself: failed before unknown before passed.
"""

from collections.abc import Sequence
from typing import Any

import yaml

from aiconform.model.verdict import Judgement
from aiconform.report.items import Item, State, items, suites
from aiconform.report.scrub import printable

FILE = "sonobuoy_results.yaml"
# Of one suite, the bad ones first: `sonobuoy results` prints every item that it is given.
MOST_ITEMS = 2000
_STATUSES = {
    State.PASSED: "passed",
    State.FAILED: "failed",
    State.ERRORED: "unknown",
    State.SKIPPED: "skipped",
}
_ORDER = (State.FAILED, State.ERRORED, State.PASSED, State.SKIPPED)


def sonobuoy(judgement: Judgement) -> bytes:
    document = {
        "name": "aiconform",
        "status": _overall([item.state for item in items(judgement)]),
        "meta": {"type": "summary", "run": judgement.run, "verdict": judgement.verdict.value},
        "items": [_suite(name, found) for name, found in suites(items(judgement))],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode()


def _suite(name: str, found: Sequence[Item]) -> dict[str, Any]:
    shown = sorted(found, key=lambda item: _ORDER.index(item.state))[:MOST_ITEMS]
    return {
        "name": printable(name),
        "status": _overall([item.state for item in found]),
        "meta": {"count": str(len(found))},
        "items": [_item(item) for item in shown],
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "name": printable(item.name),
        "status": _STATUSES[item.state],
        "details": {
            "outcome": item.outcome.value,
            "reason": item.reason,
            "sentence": printable(item.sentence),
        },
    }


def _overall(states: Sequence[State]) -> str:
    """As Sonobuoy itself adds up."""
    if State.FAILED in states:
        return "failed"
    return "unknown" if State.ERRORED in states or not states else "passed"
