"""
sonobuoy_results.yaml: the run in the form that Sonobuoy reads as a plugin's `manual` results.

An item for each requirement and each node, and one for each thing judged below its suite. Sonobuoy
adds statuses up by itself: failed before unknown before passed.
"""

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from aiconform.report.files import SUMS, result_files, write_file
from aiconform.report.items import Item, State, Telling, suites
from aiconform.report.scrub import printable

FILE, DONE = "sonobuoy_results.yaml", "done"
# Of one suite, the bad ones first: `sonobuoy results` prints every item that it is given.
MOST_ITEMS = 2000
# Of libyaml, and ten times as fast, where PyYAML has it.
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_STATUSES = {
    State.PASSED: "passed",
    State.FAILED: "failed",
    State.ERRORED: "unknown",
    State.SKIPPED: "skipped",
}
_ORDER = (State.FAILED, State.ERRORED, State.PASSED, State.SKIPPED)


def sonobuoy(telling: Telling) -> bytes:
    judgement = telling.judgement
    document = {
        "name": "aiconform",
        "status": _overall([item.state for item in telling.items]),
        "meta": {"type": "summary", "run": judgement.run, "verdict": judgement.verdict.value},
        "items": [_suite(name, found) for name, found in suites(telling.items)],
    }
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    return text.encode()


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
            "sentence": printable(item.told),
        },
    }


def _overall(states: Sequence[State]) -> str:
    """As Sonobuoy itself adds up."""
    if State.FAILED in states:
        return "failed"
    return "unknown" if State.ERRORED in states or not states else "passed"


def broken(sentence: str) -> bytes:
    """Results of a run that did not come to a verdict."""
    document = {
        "name": "aiconform",
        "status": "failed",
        "meta": {"type": "summary", "verdict": "error"},
        "items": [
            {"name": "run", "status": "failed", "details": {"sentence": printable(sentence)}}
        ],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode()


def hand_over(results: Path, *, run: Path | None, problem: str = "") -> Path:
    """
    Pack what Sonobuoy is to have and, last of all, say by the done file that it is there.

    Args:
        results: The folder that the pod shares with Sonobuoy's worker.
        run: The run's results directory; None: it made none.
        problem: Why there are none.

    Returns:
        The archive. Its files lie at the top, where Sonobuoy looks for them.
    """
    results.mkdir(parents=True, exist_ok=True)
    archive = results / "aiconform.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        if run is not None and (run / FILE).exists():
            for path in [*result_files(run), run / SUMS]:
                tar.add(path, path.relative_to(run).as_posix())
        else:
            _add(tar, FILE, broken(problem or "the run left no results"))
    archive.chmod(0o644)
    write_file(results / DONE, [str(archive).encode()])
    return archive


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    tar.addfile(info, io.BytesIO(data))
