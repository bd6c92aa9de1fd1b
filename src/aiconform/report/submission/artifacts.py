"""
Test artifacts read as the official validator reads them (pure; text that is not trusted).

Source: cncf/k8s-ai-conformance, scripts/validate.go, parseJUnit, parseGoTestJSON, parseE2ELog and
outcomeFor, read 2026-11.
"""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from aiconform.report.requirement import OUR_NAMES, UPSTREAM_NAMES

_RESULT_LINE = re.compile(r"\s*--- (PASS|FAIL|SKIP): (\S+)")


class ArtifactError(Exception):
    """The validator could not read this artifact; the message says why."""


class TestOutcome(Enum):
    """What an artifact says of one test."""

    __test__ = False  # pytest would collect it

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_FOUND = "not found"


@dataclass(frozen=True)
class ArtifactReport:
    """Tests by name, and the names of all that failed (a package's, when no test of it did)."""

    tests: dict[str, TestOutcome]
    failures: tuple[str, ...]

    def outcome(self, name: str) -> TestOutcome:
        """Of a test, or of its sub-tests together when it has no result of its own."""
        if name in self.tests:
            return self.tests[name]
        subtests = {result for test, result in self.tests.items() if test.startswith(f"{name}/")}
        if not subtests:
            return TestOutcome.NOT_FOUND
        if TestOutcome.FAILED in subtests:
            return TestOutcome.FAILED
        return TestOutcome.SKIPPED if subtests == {TestOutcome.SKIPPED} else TestOutcome.PASSED


Parser = Callable[[bytes], ArtifactReport]


def parser(file_name: str, *, ours: bool = False) -> Parser | None:
    """
    How to read a file of this base name; None: the validator does not take it for an artifact.

    Args:
        ours: Also the names that aiconform gives on request, which the validator does not know.
    """
    parsers = (parse_junit, parse_log, parse_events)
    known = dict(zip(UPSTREAM_NAMES, parsers, strict=True))
    if ours:
        known |= dict(zip(OUR_NAMES, parsers, strict=True))
    return known.get(file_name.lower())


def parse_junit(data: bytes) -> ArtifactReport:
    """
    Raises:
        ArtifactError: No XML, or without a test case.
    """
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ArtifactError("it declares a document type, which no JUnit file needs")
    try:
        root = ET.fromstring(data)
    except (ET.ParseError, ValueError, LookupError) as exc:
        raise ArtifactError(f"it is no XML ({exc})") from exc
    return _report(_cases(root), "no <testcase> is in it")


def parse_events(data: bytes) -> ArtifactReport:
    """
    Raises:
        ArtifactError: A line is no event of `go test -json`, or there is none of a test.
    """
    results, packages = [], []
    for number, line in enumerate(_lines(data), start=1):
        if not line.strip():
            continue
        event = _event(line, number)
        result = _ACTIONS.get(event.get("Action", ""))
        if result is None:
            continue
        if test := event.get("Test", ""):
            results.append((test, result))
        elif result is TestOutcome.FAILED:
            packages.append(f"package {event.get('Package', '')}")
    if not results and packages:
        return ArtifactReport(tests={}, failures=tuple(packages))
    report = _report(results, "no event of a test is in it")
    if not report.failures and packages:
        return ArtifactReport(tests=report.tests, failures=tuple(packages))
    return report


def parse_log(data: bytes) -> ArtifactReport:
    """
    Raises:
        ArtifactError: There is no result line.
    """
    found = (_RESULT_LINE.match(line) for line in _lines(data))
    results = [(match[2], _ACTIONS[match[1].lower()]) for match in found if match]
    return _report(results, "no line '--- PASS: ', '--- FAIL: ' or '--- SKIP: ' is in it")


_ACTIONS = {
    "pass": TestOutcome.PASSED,
    "fail": TestOutcome.FAILED,
    "skip": TestOutcome.SKIPPED,
}


def _cases(root: ET.Element) -> Iterator[tuple[str, TestOutcome]]:
    waiting = [root]  # no recursion: how deep suites are nested is not ours to say
    while waiting:
        node = waiting.pop()
        waiting.extend(reversed(node.findall("testsuite")))
        for case in node.findall("testcase"):
            yield case.get("name", ""), _case_outcome(case)


def _case_outcome(case: ET.Element) -> TestOutcome:
    if case.find("failure") is not None or case.find("error") is not None:
        return TestOutcome.FAILED
    return TestOutcome.PASSED if case.find("skipped") is None else TestOutcome.SKIPPED


def _event(line: str, number: int) -> dict[str, str]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise ArtifactError(f"line {number} is no JSON") from exc
    if not isinstance(event, dict):
        raise ArtifactError(f"line {number} is no event")
    wanted = {key: event.get(key, "") for key in ("Action", "Package", "Test")}
    if not all(isinstance(value, str) for value in wanted.values()):
        raise ArtifactError(f"line {number} is no event of go test")
    return wanted


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", errors="replace").split("\n")


def _report(results: Iterable[tuple[str, TestOutcome]], when_empty: str) -> ArtifactReport:
    """A failure is never taken back by a later result of the same name."""
    tests: dict[str, TestOutcome] = {}
    for name, result in results:
        if tests.get(name) is not TestOutcome.FAILED:
            tests[name] = result
    if not tests:
        raise ArtifactError(when_empty)
    failures = sorted(name for name, result in tests.items() if result is TestOutcome.FAILED)
    return ArtifactReport(tests=tests, failures=tuple(failures))
