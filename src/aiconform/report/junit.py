"""
junit.xml: the verdicts as CI systems read them.

FAIL is a failure. ERROR, and UNKNOWN of something required, are errors. SKIP is skipped, and so is
UNKNOWN of something that is not required: no pass, and not red where the run itself is not. WARN
passes and says so in system-out.
"""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from aiconform.model.records import Entry
from aiconform.model.verdict import Judgement, Outcome, Verdict
from aiconform.report.scrub import xml_text
from aiconform.report.story import tell


def junit(entries: Sequence[Entry], judgement: Judgement) -> bytes:
    """One suite for each item, one case for each subject."""
    items: dict[str, list[Verdict]] = {}
    for verdict in judgement.verdicts:
        items.setdefault(verdict.item, []).append(verdict)
    root = ET.Element("testsuites", {"name": xml_text(judgement.run)})
    for item, verdicts in items.items():
        _suite(root, item, verdicts)
    if not judgement.verdicts:
        _suite(root, "run", [_nothing_judged(judgement)])
    story = tell(entries)
    if story.started_at is not None and story.finished_at is not None:
        root.set("time", f"{story.finished_at - story.started_at:.3f}")
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n".encode()


def _suite(root: ET.Element, item: str, verdicts: list[Verdict]) -> None:
    suite = ET.SubElement(root, "testsuite", {"name": xml_text(item)})
    tags = [_case(suite, verdict) for verdict in verdicts]
    suite.set("tests", str(len(tags)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(tags.count(tag)))


def _case(suite: ET.Element, verdict: Verdict) -> str | None:
    names = {"classname": xml_text(verdict.item), "name": xml_text(str(verdict.subject))}
    case = ET.SubElement(suite, "testcase", names)
    tag = _tag(verdict)
    if tag:
        told = f"{verdict.outcome}: {verdict.sentence}"
        element = ET.SubElement(case, tag, {"message": xml_text(told), "type": verdict.reason})
        element.text = xml_text(_figures(verdict)) or None
    elif verdict.outcome is Outcome.WARN:
        ET.SubElement(case, "system-out").text = xml_text(f"WARN: {verdict.sentence}")
    return tag


def _tag(verdict: Verdict) -> str | None:
    match verdict.outcome:
        case Outcome.PASS | Outcome.WARN:
            return None
        case Outcome.FAIL:
            return "failure"
        case Outcome.SKIP:
            return "skipped"
        case Outcome.UNKNOWN if not verdict.required:
            return "skipped"
        case Outcome.UNKNOWN | Outcome.ERROR:
            return "error"


def _figures(verdict: Verdict) -> str:
    return "\n".join(
        f"{figure.metric} {figure.value:g} {figure.unit} {figure.compared_with}".rstrip()
        for figure in verdict.figures
    )


def _nothing_judged(judgement: Judgement) -> Verdict:
    """A run without a single verdict is no green page."""
    return Verdict(
        item="run",
        outcome=Outcome.UNKNOWN,
        reason="NothingJudged",
        sentence=judgement.sentence or "nothing was judged",
    )
