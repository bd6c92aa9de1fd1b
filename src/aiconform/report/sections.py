"""The parts of report.html that are no plain table of verdicts."""

import datetime
from collections.abc import Iterable, Iterator, Sequence

from aiconform.model.records import (
    Entry,
    NodeChanged,
    RoundClosed,
    RoundOpened,
    RunClosed,
    RunResumed,
    StageEntered,
    Trouble,
)
from aiconform.model.verdict import Judgement, Verdict
from aiconform.report.html import Markup, join, tag
from aiconform.report.rows import figure_text
from aiconform.report.story import NodeStory, Story

# A wider matrix is unreadable on any screen; the table of links has it all.
MATRIX_NODES = 32
_LETTERS = {"PASS": "✓", "FAIL": "✗", "WARN": "!", "UNKNOWN": "?", "ERROR": "E", "SKIP": "–"}


def header(story: Story, judgement: Judgement, word: str) -> Markup:
    surveyed, opened = story.surveyed, story.opened
    about = [
        f"{len(surveyed.nodes)} nodes, Kubernetes {surveyed.server_version}" if surveyed else "",
        f"profile {opened.config.profile}, aiconform {opened.version}" if opened else "",
        f"from {clock(story.started_at)} to {clock(story.finished_at)}",
    ]
    return tag(
        "header",
        tag("h1", f"{judgement.run}: {word}"),
        tag("p", judgement.sentence, class_="lead"),
        tag("p", " · ".join(part for part in about if part), class_="soft"),
    )


def clock(at: float | None) -> str:
    """Unix seconds as UTC."""
    if at is None:
        return "an unknown time"
    try:
        moment = datetime.datetime.fromtimestamp(at, tz=datetime.UTC)
    except (OverflowError, ValueError, OSError):
        return f"{at:.0f} s"
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def matrix(judgement: Judgement) -> Markup:
    """Who reached whom at which rate: rows send, columns receive."""
    rates = {
        (v.subject.node, v.subject.peer): v for v in judgement.verdicts if v.item == "tcp.rate"
    }
    nodes = sorted({name for pair in rates for name in pair if name})
    if not nodes:
        return Markup("")
    title = tag("h2", "Links, each direction")
    if len(nodes) > MATRIX_NODES:
        told = f"{len(nodes)} nodes are too many for a matrix; the table below has every pair."
        return join(title, tag("p", told))
    heads = (tag("th", name, scope="col") for name in nodes)
    lines = (
        tag("tr", tag("th", a, scope="row"), *(_cell(a, b, rates.get((a, b))) for b in nodes))
        for a in nodes
    )
    caption = tag("caption", "Rows send, columns receive. ✓ PASS ✗ FAIL ! WARN ? UNKNOWN – SKIP")
    table = tag(
        "table", caption, tag("thead", tag("tr", tag("th", "sends"), *heads)),
        tag("tbody", *lines), class_="matrix",
    )  # fmt: skip
    return join(title, tag("div", table, class_="wide"))


def _cell(sender: str, receiver: str, verdict: Verdict | None) -> Markup:
    if verdict is None:
        return tag("td", "" if sender == receiver else "not met", class_="soft")
    figure = figure_text(verdict.figures[0]) if verdict.figures else "not measured"
    outcome = verdict.outcome.value
    return tag("td", f"{figure} ", tag("span", _LETTERS[outcome], class_=f"o {outcome}"))


def ledger(judgement: Judgement) -> Markup:
    rows = [(e.kind, e.name, e.state.value, e.reason or "", e.sentence) for e in judgement.ledger]
    return _plain_table(
        "Ledger: what was tested and what was not",
        ("Kind", "Name", "State", "Reason", "Why"),
        sorted(rows, key=lambda row: (row[2] == "tested", row)),
    )


def environment(story: Story) -> Markup:
    """Nodes as survey and agents found them, and what was not permitted to look at."""
    rows = [_environment_row(node) for node in story.nodes.values()]
    heads = ("Node", "System", "Runtime", "Accelerators", "Group state", "Agent", "Engine")
    table = _plain_table("Environment", heads, rows)
    missing = story.surveyed.not_permitted if story.surveyed else ()
    if missing:
        notes = (tag("li", text) for text in missing)
        return join(table, tag("p", "Not permitted to see:"), tag("ul", *notes))
    return table


def _environment_row(node: NodeStory) -> tuple[str, ...]:
    facts, hello, inventory = node.facts, node.hello, node.inventory
    accelerators = inventory.accelerators if inventory else ()
    engines = {m.engine.name for m in node.measurements if m.engine}
    engines |= {a.engine.name for a in node.known_answers if a.engine}
    last = node.changes[-1] if node.changes else None
    return (
        node.name,
        f"{facts.architecture} {facts.os_image} {facts.kernel}" if facts else "",
        f"kubelet {facts.kubelet}, {facts.runtime}" if facts else "",
        ", ".join(a.product or a.name for a in accelerators) or "none seen",
        f"{last.state} ({last.reason})" if last else "",
        f"{hello.agent_version}, Python {hello.python}" if hello else "",
        ", ".join(sorted(engines)),
    )


def timeline(story: Story) -> Markup:
    start = story.started_at or 0.0
    rows = [
        (f"{entry.at - start:8.1f} s", *told) for entry in story.entries if (told := _told(entry))
    ]
    return _plain_table("Timeline", ("After", "What", "Detail"), rows)


def _told(entry: Entry) -> tuple[str, str] | None:
    match entry.record:
        case StageEntered(stage=stage):
            return f"stage {stage}", ""
        case NodeChanged(node=node, state=state, reason=reason, sentence=sentence):
            detail = sentence or ("" if reason == "Ok" else reason)
            return f"{node} {state}", detail
        case RoundOpened(round=number, purpose=purpose, pairs=pairs):
            return f"round {number} began", f"{purpose}, {len(pairs)} pairs"
        case RoundClosed(round=number, not_run=not_run):
            return f"round {number} ended", f"{len(not_run)} pairs did not run" if not_run else ""
        case RunResumed(pod=pod, sentence=sentence):
            return f"resumed by {pod}", sentence
        case Trouble(where=where, sentence=sentence):
            return f"trouble: {where}", sentence
        case RunClosed(how=how, sentence=sentence):
            return f"closed: {how}", sentence
        case _:
            return None


def _plain_table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    lines: Iterator[Markup] = (tag("tr", *(tag("td", cell) for cell in row)) for row in rows)
    body = tag("tbody", *lines)
    head = tag("thead", tag("tr", *(tag("th", text, scope="col") for text in heads)))
    return join(tag("h2", title), tag("div", tag("table", head, body), class_="wide"))
