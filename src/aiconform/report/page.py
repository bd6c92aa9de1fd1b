"""
report.html: one file that needs no network and no script.

The style sheet is inside; a content security policy lets nothing else load or run, should a
hostile text ever slip through the escaping.
"""

from importlib.resources import files

from aiconform.model.verdict import Finding, Judgement, Outcome, RunVerdict
from aiconform.report import rows
from aiconform.report.html import Markup, join, tag
from aiconform.report.rows import Row
from aiconform.report.sections import environment, header, ledger, matrix, timeline
from aiconform.report.story import Story

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(story: Story, judgement: Judgement) -> str:
    """The whole document."""
    title = f"aiconform: {judgement.run} is {word(judgement.verdict)}"
    head = tag(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", title),
        tag("style", Markup(files("aiconform.report").joinpath("style.css").read_text())),
    )
    return "<!DOCTYPE html>\n" + tag("html", head, _body(story, judgement), lang="en") + "\n"


def word(verdict: RunVerdict) -> str:
    return verdict.value.replace("_", " ").upper()


def _body(story: Story, judgement: Judgement) -> Markup:
    return tag(
        "body",
        tag(
            "main",
            header(story, judgement, word(judgement.verdict)),
            _findings(rows.findings_first(judgement)),
            _table("Nodes", "Node", rows.node_rows(judgement)),
            _table("Devices and memory", "What", rows.exercise_rows(judgement)),
            matrix(judgement),
            _table("Links", "Pair", rows.link_rows(judgement)),
            _table("The cluster as a whole", "What", rows.run_rows(judgement)),
            ledger(judgement),
            environment(story),
            timeline(story),
        ),
    )


def _findings(findings: list[Finding]) -> Markup:
    if not findings:
        return join(tag("h2", "What to do next"), tag("p", "Nothing was found that needs doing."))
    return join(tag("h2", "What to do next"), *(_finding(finding) for finding in findings))


def _finding(finding: Finding) -> Markup:
    return tag(
        "section",
        tag("p", outcome(finding.outcome), " ", tag("strong", str(finding.subject)), " ",
            tag("span", finding.code, class_="soft")),
        tag("p", finding.sentence),
        tag("p", tag("strong", "Do: "), finding.action),
        tag("p", "Rests on ", ", ".join(finding.rests_on) or "no record", class_="soft"),
        class_=f"finding {finding.outcome.value}",
    )  # fmt: skip


def outcome(value: Outcome) -> Markup:
    return tag("span", value.value, class_=f"o {value.value}")


def _table(title: str, what: str, lines: list[Row]) -> Markup:
    if not lines:
        return Markup("")
    heads = (tag("th", text, scope="col") for text in ("Verdict", what, "Figures", "Why"))
    body = (
        tag("tr", tag("td", outcome(line.outcome)), tag("td", line.name), tag("td", line.figures),
            tag("td", line.sentence))
        for line in lines
    )  # fmt: skip
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body))
    return join(tag("h2", title), tag("div", table, class_="wide"))
