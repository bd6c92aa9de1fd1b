"""
The judgement on a terminal: plain lines anywhere, tables with rich on a TTY.

Names and sentences are data: control characters are replaced, and nothing is taken for markup.
"""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiconform.model.verdict import Finding, Judgement, LedgerEntry, Outcome, RunVerdict
from aiconform.report import rows
from aiconform.report.rows import Row
from aiconform.report.scrub import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

# More lines than that say no more; summary.json and report.html have every one.
MOST_ROWS = 200
_WIDTH = 100
_STYLES = {
    Outcome.PASS: "green",
    Outcome.FAIL: "bold red",
    Outcome.ERROR: "bold red",
    Outcome.WARN: "yellow",
    Outcome.UNKNOWN: "magenta",
    Outcome.SKIP: "dim",
}
_RUN_STYLES = {
    RunVerdict.PASS: "bold green",
    RunVerdict.PASS_WITH_WARNINGS: "bold yellow",
    RunVerdict.FAIL: "bold red",
    RunVerdict.INCOMPLETE: "bold magenta",
    RunVerdict.ERROR: "bold red",
}


@dataclass(frozen=True)
class _Section:
    title: str
    rows: Sequence[Row]


def plain_lines(judgement: Judgement) -> list[str]:
    """The whole judgement as lines without colour, worst first in each part."""
    lines = [_headline(judgement)]
    for section in _sections(judgement):
        lines += ["", section.title]
        lines += _columns(section.rows[:MOST_ROWS])
        lines += _more(section.rows)
    lines += _left_out_lines(judgement)
    return [*lines, *_finding_lines(judgement), "", _headline(judgement)]


def rich_view(judgement: Judgement) -> "RenderableType":
    """The same as tables, for `rich.console.Console.print`."""
    from rich.console import Group
    from rich.text import Text

    headline = Text(_headline(judgement), style=_RUN_STYLES[judgement.verdict])
    tables = [_rich_table(section) for section in _sections(judgement)]
    rest = [*_left_out_lines(judgement), *_finding_lines(judgement), ""]
    return Group(headline, *tables, *(Text(line) for line in rest), headline)


def _headline(judgement: Judgement) -> str:
    verdict = judgement.verdict.value.replace("_", " ").upper()
    counts = rows.counting(judgement)
    told = f"{judgement.sentence}; {counts}" if counts else judgement.sentence
    return printable(f"{judgement.run}: {verdict} – {told}")


def _sections(judgement: Judgement) -> list[_Section]:
    sections = [
        _Section("Requirements", rows.requirement_rows(judgement)),
        _Section("Nodes", rows.node_rows(judgement)),
        _Section("Devices and memory", rows.exercise_rows(judgement)),
        _Section("Links", rows.link_rows(judgement)),
        _Section("The cluster as a whole", rows.run_rows(judgement)),
    ]
    return [section for section in sections if section.rows]


def _columns(lines: Sequence[Row]) -> Iterator[str]:
    names = max((len(printable(row.name)) for row in lines), default=0)
    figures = max((len(printable(row.figures)) for row in lines), default=0)
    for row in lines:
        name, told = printable(row.name), printable(row.figures)
        line = f"  {row.outcome:<8}{name:<{names}}  {told:<{figures}}  {printable(row.sentence)}"
        yield line.rstrip()


def _more(lines: Sequence[Row]) -> list[str]:
    left = lines[MOST_ROWS:]
    return [f"  … and {len(left)} more, in report.html and summary.json"] if left else []


def _left_out_lines(judgement: Judgement) -> list[str]:
    entries = rows.left_out(judgement)
    if not entries:
        return []
    more = len(entries) - MOST_ROWS
    told = [f"  … and {more} more, in summary.json"] if more > 0 else []
    return ["", "Not tested", *(_left_out_line(entry) for entry in entries[:MOST_ROWS]), *told]


def _left_out_line(entry: LedgerEntry) -> str:
    why = ": ".join(part for part in (entry.reason, entry.sentence) if part)
    return printable(f"  {entry.kind} {entry.name}  {entry.state.value}  {why}")


def _finding_lines(judgement: Judgement) -> Iterator[str]:
    findings = rows.to_do(judgement)
    if findings:
        yield ""
        yield "What to do next"
    for finding in findings[:MOST_ROWS]:
        yield from _finding(finding)
    if waived := rows.waiver_lines(judgement):
        yield ""
        yield "Waivers"
    for line in waived[:MOST_ROWS]:
        yield from _wrapped(line, first="  ", rest="      ")


def _finding(finding: Finding) -> Iterator[str]:
    head = f"{finding.outcome.value} {finding.subject} [{finding.code}]: {finding.sentence}"
    yield from _wrapped(head, first="  ", rest="      ")
    what = f"{finding.action_kind.words}: {finding.action}"
    yield from _wrapped(what, first="    → ", rest="      ")


def _wrapped(text: str, *, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        printable(text), width=_WIDTH, initial_indent=first, subsequent_indent=rest,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _rich_table(section: _Section) -> "RenderableType":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(title=section.title, title_justify="left", show_header=False, box=None)
    for row in section.rows[:MOST_ROWS]:
        style = _STYLES[row.outcome]
        cells = (row.name, row.figures, row.sentence)
        table.add_row(Text(row.outcome.value, style=style), *(Text(printable(c)) for c in cells))
    return Group("", table, *(Text(line) for line in _more(section.rows)))
