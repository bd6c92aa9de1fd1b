"""junit.xml: the verdicts as CI systems read them. WARN passes and says so in system-out."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from aiconform.model.records import Entry
from aiconform.model.verdict import Judgement, Outcome
from aiconform.report.items import Item, State, items, suites
from aiconform.report.scrub import xml_text
from aiconform.report.story import tell

_TAGS = {
    State.PASSED: None,
    State.FAILED: "failure",
    State.ERRORED: "error",
    State.SKIPPED: "skipped",
}


def junit(entries: Sequence[Entry], judgement: Judgement) -> bytes:
    """One suite for each item, one case for each subject."""
    root = ET.Element("testsuites", {"name": xml_text(judgement.run)})
    for name, found in suites(items(judgement)):
        _suite(root, name, found)
    story = tell(entries)
    if story.started_at is not None and story.finished_at is not None:
        root.set("time", f"{story.finished_at - story.started_at:.3f}")
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n".encode()


def _suite(root: ET.Element, name: str, found: list[Item]) -> None:
    suite = ET.SubElement(root, "testsuite", {"name": xml_text(name)})
    tags = [_case(suite, item) for item in found]
    suite.set("tests", str(len(tags)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(tags.count(tag)))


def _case(suite: ET.Element, item: Item) -> str | None:
    names = {"classname": xml_text(item.suite), "name": xml_text(item.name)}
    case = ET.SubElement(suite, "testcase", names)
    tag = _TAGS[item.state]
    if tag:
        told = f"{item.outcome}: {item.told}"
        element = ET.SubElement(case, tag, {"message": xml_text(told), "type": item.reason})
        element.text = xml_text(_figures(item)) or None
    elif item.outcome is Outcome.WARN:
        ET.SubElement(case, "system-out").text = xml_text(f"WARN: {item.told}")
    return tag


def _figures(item: Item) -> str:
    return "\n".join(
        f"{figure.metric} {figure.value:g} {figure.unit} {figure.compared_with}".rstrip()
        for figure in item.figures
    )
