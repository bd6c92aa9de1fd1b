"""
A requirement's directory, `checks/<id>/`: its verdict, and the artifacts that a submission needs.

A reader of submissions takes any failing test in an artifact for a failure of the requirement that
refers to it. So each requirement has a set of its own, with its own test inside and nothing else.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiconform.model.requirement import RequirementVerdict
from aiconform.model.verdict import Outcome
from aiconform.report.files import write_file
from aiconform.report.gotest import (
    PRODUCER,
    GoResult,
    e2e_log,
    go_result,
    go_test_name,
    package,
    results_json,
    told,
)
from aiconform.report.scrub import xml_text

VERDICT = "verdict.json"
CHECKS = "checks"


@dataclass(frozen=True)
class ArtifactNames:
    """Base names. The official validator recognises the first set, and only it."""

    junit: str
    log: str
    events: str

    def __iter__(self) -> Iterator[str]:
        return iter((self.junit, self.log, self.events))


UPSTREAM_NAMES = ArtifactNames(junit="junit.xml", log="e2e.log", events="results.json")
OUR_NAMES = ArtifactNames(
    junit="aiconform-junit.xml", log="aiconform-e2e.log", events="aiconform-results.json"
)


def artifact_names(verdict: RequirementVerdict) -> ArtifactNames:
    return UPSTREAM_NAMES if verdict.upstream_names else OUR_NAMES


def write_requirement(results: Path, verdict: RequirementVerdict) -> Path:
    """
    Write `checks/<id>/` below a results directory, beside the evidence that is there already.

    The results' SHA256SUMS have to be written after this.

    Returns:
        The requirement's directory.

    Raises:
        ResultsError: The volume is full or cannot be written.
    """
    directory = results / CHECKS / verdict.id
    names = artifact_names(verdict)
    write_file(directory / VERDICT, [verdict_json(verdict)])
    write_file(directory / names.junit, [requirement_junit(verdict)])
    write_file(directory / names.log, [e2e_log(verdict)])
    write_file(directory / names.events, [results_json(verdict)])
    return directory


def verdict_json(verdict: RequirementVerdict) -> bytes:
    return f"{verdict.model_dump_json(indent=2)}\n".encode()


def requirement_junit(verdict: RequirementVerdict) -> bytes:
    """One suite: the requirement's test, and a case for each mandatory step."""
    name = go_test_name(verdict)
    suite = ET.Element("testsuite", {"name": package(verdict)})
    if verdict.started_at is not None:
        moment = datetime.fromtimestamp(verdict.started_at, tz=UTC)
        suite.set("timestamp", moment.isoformat(timespec="seconds").replace("+00:00", "Z"))
    suite.set("time", f"{verdict.duration_s or 0.0:.3f}")
    _properties(suite, verdict)
    tags = [_case(suite, verdict, name, verdict.outcome, verdict.sentence, verdict.duration_s)]
    for step in verdict.mandatory:
        sub = f"{name}/{step.name}"
        tags.append(_case(suite, verdict, sub, step.outcome, step.sentence, step.duration_s))
    root = ET.Element("testsuites")
    root.append(suite)
    for element in (root, suite):
        element.set("tests", str(len(tags)))
        element.set("failures", str(tags.count("failure")))
        element.set("errors", str(tags.count("error")))
    suite.set("skipped", str(tags.count("skipped")))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n".encode()


def _properties(suite: ET.Element, verdict: RequirementVerdict) -> None:
    facts = {
        "producer": PRODUCER,
        "aiconform.requirement": verdict.id,
        "aiconform.level": verdict.level,
        "aiconform.outcome": verdict.outcome,
        "aiconform.reason": verdict.reason,
    }
    element = ET.SubElement(suite, "properties")
    for name, value in facts.items():
        ET.SubElement(element, "property", {"name": name, "value": str(value)})


def _case(
    suite: ET.Element,
    verdict: RequirementVerdict,
    name: str,
    outcome: Outcome,
    sentence: str,
    duration_s: float | None,
) -> str | None:
    """Returns the tag that says what became of it; None: it passed."""
    about = {"classname": package(verdict), "name": name, "time": f"{duration_s or 0.0:.3f}"}
    case = ET.SubElement(suite, "testcase", about)
    line = xml_text(told(outcome, sentence))
    tag = _tag(verdict, outcome)
    if tag is not None:
        ET.SubElement(case, tag, {"message": line, "type": str(outcome)})
    elif outcome is Outcome.WARN:
        ET.SubElement(case, "system-out").text = line
    return tag


def _tag(verdict: RequirementVerdict, outcome: Outcome) -> str | None:
    match go_result(outcome, verdict.level):
        case GoResult.PASS:
            return None
        case GoResult.SKIP:
            return "skipped"
        case GoResult.FAIL:
            return "failure" if outcome is Outcome.FAIL else "error"
