"""junit.xml: the verdicts as CI systems read them. WARN passes and says so in system-out."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from aiconform.model.verdict import Outcome
from aiconform.report.items import Item, State, Telling, suites
from aiconform.report.scrub import xml_text

_TAGS = {
    State.PASSED: None,
    State.FAILED: "failure",
    State.ERRORED: "error",
    State.SKIPPED: "skipped",
}


def junit(telling: Telling) -> Iterator[bytes]:
    """One suite for each item, one case for each subject; suite by suite, as they can be large."""
    root, story = ET.Element("testsuites", {"name": xml_text(telling.judgement.run)}), telling.story
    if story.started_at is not None and story.finished_at is not None:
        root.set("time", f"{story.finished_at - story.started_at:.3f}")
    root.text = "\n"
    opening, closing = ET.tostring(root, encoding="unicode").split("\n")
    yield f"<?xml version='1.0' encoding='utf-8'?>\n{opening}\n".encode()
    for name, found in suites(telling.items):
        suite = _suite(name, found)
        ET.indent(suite, level=1)
        yield f"  {ET.tostring(suite, encoding='unicode')}\n".encode()
    yield f"{closing}\n".encode()


def _suite(name: str, found: list[Item]) -> ET.Element:
    suite = ET.Element("testsuite", {"name": xml_text(name)})
    tags = [_case(suite, item) for item in found]
    suite.set("tests", str(len(tags)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(tags.count(tag)))
    return suite


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
