"""Names and sentences come from machines that are not trusted, and go to four kinds of reader."""

import base64
import csv
import gzip
import html
import io
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.model.verdict import Outcome
from aiconform.report.page import page
from aiconform.report.scrub import csv_cell, file_name, printable, xml_text
from aiconform.report.story import tell
from aiconform.report.terminal import plain_lines, rich_view
from tests.report.sample import entries, judgement, verdict

ANY = st.text(st.characters())
HOSTILE = "<script>alert(1)</script>\x1b[2J\x1b]0;owned\x07 [red]x[/red] \u202egnp \x00"


@given(ANY)
def test_printable_has_no_control_and_stays_on_one_line(text: str) -> None:
    shown = printable(text)

    assert len(shown) == len(text)
    assert len(shown.splitlines()) <= 1
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)


@given(ANY)
def test_xml_text_comes_back_from_a_parser_as_it_went_in(text: str) -> None:
    element = ET.Element("a")
    element.text = xml_text(text)
    element.set("b", xml_text(text))

    read = ET.fromstring(ET.tostring(element, encoding="unicode"))

    assert (read.text or "") == xml_text(text)
    assert read.get("b") == xml_text(text)


@given(ANY)
def test_no_cell_is_a_formula(text: str) -> None:
    cell = csv_cell(text)
    line = io.StringIO()
    csv.writer(line).writerow([cell, "next"])

    assert not cell.lstrip().startswith(("=", "+", "-", "@"))
    assert next(csv.reader(io.StringIO(line.getvalue()))) == [cell, "next"]


@given(ANY, ANY)
def test_file_names_are_plain_and_keep_names_apart(one: str, other: str) -> None:
    name = file_name(one)

    assert re.fullmatch(r"[A-Za-z0-9_%-][A-Za-z0-9._%-]*", name)
    assert len(name) < 200
    assert (file_name(other) == name) == (one == other)


@given(st.text(st.characters(exclude_categories=["Cs"])))  # a model takes no lone surrogate
def test_text_on_the_page_is_text_and_nothing_else(text: str) -> None:
    document = page(tell(entries()), judgement(sentence=text))

    lead = re.search(r'<p class="lead">(.*?)</p>', document, re.DOTALL)
    assert lead is not None
    assert "<" not in lead[1]
    assert html.unescape(lead[1]) == printable(text, keep_lines=True)


def test_page_runs_only_its_own_script_and_lets_nothing_load() -> None:
    document = page(tell(entries()), judgement(sentence=HOSTILE))

    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', document)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe" not in policy[1]
    assert "&lt;script&gt;" in document
    assert document.count("<script") == 2  # the data, and what shows it
    assert "\x1b" not in document
    for address in re.findall(r'(?:src|href)="([^"]*)"', document):
        assert address.startswith(("#", "checks/", "data:"))


def test_script_is_handed_no_text_that_a_browser_would_not_show() -> None:
    told = judgement(verdict(Outcome.FAIL, item="memory.copy", sentence=HOSTILE))
    document = page(tell(entries()), told)

    packed = re.search(r'id="data">([^<]*)<', document)
    assert packed is not None
    data = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    shown = [cell for row in data["tables"]["devices"]["rows"] for cell in row]
    assert printable(HOSTILE) in shown
    assert HOSTILE not in shown


class _Balance(HTMLParser):
    """Fails on a tag that is closed in the wrong place, or never."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in {"meta", "br", "img", "input"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """Shapes of a drawing close themselves."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_has_every_part_and_every_tag_closed() -> None:
    document = page(tell(entries()), judgement(sentence=HOSTILE))

    parser = _Balance()
    parser.feed(document)
    assert parser.open == []
    for part in ("What to do next", "Nodes", "Rows send, columns receive", "Coverage",
                 "Timeline", "Environment", "look at its NIC", "9.4 Gb/s",
                 "team=vision:NoSchedule"):  # fmt: skip
        assert part in document


def test_terminal_shows_no_escape_sequence_and_no_markup() -> None:
    told = judgement(verdict(Outcome.PASS, item="memory.copy", sentence=HOSTILE), sentence=HOSTILE)

    lines = plain_lines(told)

    assert all("\x1b" not in line and "\x07" not in line for line in lines)
    assert any("[red]x[/red]" in line for line in lines)


def test_rich_view_takes_no_name_for_markup() -> None:
    console = pytest.importorskip("rich.console").Console(
        file=io.StringIO(), width=300, force_terminal=False
    )
    console.print(rich_view(judgement(sentence=HOSTILE)))

    shown = console.file.getvalue()
    assert "[red]x[/red]" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "../x", "a/b"])
def test_no_name_is_hidden_or_a_path(name: str) -> None:
    assert "/" not in file_name(name)
    assert not file_name(name).startswith(".")
