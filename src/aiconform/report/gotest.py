"""
One requirement in the shape of `go test`: the events of `-json`, and the log that they make up.

Readers of submissions look for result lines by pattern, also indented ones. So what a check says
of itself is one line that never begins like a result.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from aiconform import __version__
from aiconform.catalogue.requirements import requirements
from aiconform.model.requirement import Level, RequirementVerdict, Step
from aiconform.model.verdict import Outcome
from aiconform.report.scrub import printable

PRODUCER = f"made by aiconform {__version__}, not by the upstream AI conformance suite"


class GoResult(Enum):
    """go test knows three results."""

    PASS = "pass"
    FAIL = "fail"
    SKIP = "skip"


def go_result(outcome: Outcome, level: Level) -> GoResult:
    """
    PASS and WARN pass. What could not be tested is never a pass: for a MUST it fails.

    The same holds in junit.xml, so that no two files of one requirement disagree.
    """
    match outcome:
        case Outcome.PASS | Outcome.WARN:
            return GoResult.PASS
        case Outcome.FAIL | Outcome.ERROR:
            return GoResult.FAIL
        case Outcome.SKIP:
            return GoResult.SKIP
        case Outcome.UNKNOWN:
            return GoResult.FAIL if level is Level.MUST else GoResult.SKIP


def go_test_name(verdict: RequirementVerdict) -> str:
    """go test's name for it; an id that the catalogue does not have gets one of ours."""
    known = requirements().get(verdict.id)
    if known is not None:
        return known.test_name(upstream=verdict.upstream_names)
    return "TestAiconform" + "".join(part.capitalize() for part in verdict.id.split("_"))


def package(verdict: RequirementVerdict) -> str:
    """Whose test it is; never the upstream suite's package."""
    return f"aiconform/checks/{verdict.id}"


def told(outcome: Outcome, sentence: str) -> str:
    """What is said of an outcome, on one line."""
    return printable(f"{outcome}: {sentence}")


def events(verdict: RequirementVerdict) -> Iterator[dict[str, Any]]:
    """The lines of `go test -json`, in order. Only mandatory steps are in: they alone decide."""
    name = go_test_name(verdict)
    begun, ended = verdict.started_at, _end(verdict.started_at, verdict.duration_s)
    yield _event(verdict, "start", at=begun)
    yield _event(verdict, "run", name, at=begun)
    yield _output(verdict, f"=== RUN   {name}", name, at=begun)
    yield _output(verdict, f"    check: {PRODUCER}", name, at=begun)
    for step in verdict.mandatory:
        yield from _step_runs(verdict, step, f"{name}/{step.name}")
    for line in (told(verdict.outcome, verdict.sentence), *verdict.notes):
        yield _output(verdict, f"    check: {printable(line)}", name, at=ended)
    result = go_result(verdict.outcome, verdict.level)
    yield _output(verdict, _result_line(result, name, verdict.duration_s), name, at=ended)
    for step in verdict.mandatory:
        yield from _step_ends(verdict, step, f"{name}/{step.name}")
    yield _event(verdict, result.value, name, at=ended, elapsed_s=verdict.duration_s or 0.0)
    yield from _package_ends(verdict, result, at=ended)


def results_json(verdict: RequirementVerdict) -> bytes:
    """As `go test -json` prints it: one event a line."""
    lines = (json.dumps(event, allow_nan=False) for event in events(verdict))
    return "".join(f"{line}\n" for line in lines).encode()


def e2e_log(verdict: RequirementVerdict) -> bytes:
    """As `go test -v` prints it."""
    return "".join(event.get("Output", "") for event in events(verdict)).encode()


def _step_runs(verdict: RequirementVerdict, step: Step, name: str) -> Iterator[dict[str, Any]]:
    ended = _end(step.started_at, step.duration_s)
    yield _event(verdict, "run", name, at=step.started_at)
    yield _output(verdict, f"=== RUN   {name}", name, at=step.started_at)
    line = f"    step: {told(step.outcome, step.sentence)}"
    yield _output(verdict, line, name, at=ended)


def _step_ends(verdict: RequirementVerdict, step: Step, name: str) -> Iterator[dict[str, Any]]:
    result = go_result(step.outcome, verdict.level)
    ended = _end(step.started_at, step.duration_s)
    line = f"    {_result_line(result, name, step.duration_s)}"
    yield _output(verdict, line, name, at=ended)
    yield _event(verdict, result.value, name, at=ended, elapsed_s=step.duration_s or 0.0)


def _package_ends(
    verdict: RequirementVerdict, result: GoResult, *, at: float | None
) -> Iterator[dict[str, Any]]:
    elapsed_s = verdict.duration_s or 0.0
    failed = result is GoResult.FAIL
    yield _output(verdict, "FAIL" if failed else "PASS", at=at)
    ending = f"{'FAIL' if failed else 'ok  '}\t{package(verdict)}\t{elapsed_s:.3f}s"
    yield _output(verdict, ending, at=at)
    yield _event(verdict, "fail" if failed else "pass", at=at, elapsed_s=elapsed_s)


def _result_line(result: GoResult, name: str, duration_s: float | None) -> str:
    return f"--- {result.name}: {name} ({duration_s or 0.0:.2f}s)"


def _output(
    verdict: RequirementVerdict, line: str, test: str = "", *, at: float | None
) -> dict[str, Any]:
    return _event(verdict, "output", test, at=at) | {"Output": f"{line}\n"}


def _event(
    verdict: RequirementVerdict,
    action: str,
    test: str = "",
    *,
    at: float | None,
    elapsed_s: float | None = None,
) -> dict[str, Any]:
    event: dict[str, Any] = {} if at is None else {"Time": _time(at)}
    event |= {"Action": action, "Package": package(verdict)}
    event |= {"Test": test} if test else {}
    return event if elapsed_s is None else event | {"Elapsed": round(elapsed_s, 2)}


def _end(started_at: float | None, duration_s: float | None) -> float | None:
    return None if started_at is None else started_at + (duration_s or 0.0)


def _time(at: float) -> str:
    moment = datetime.fromtimestamp(at, tz=UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
