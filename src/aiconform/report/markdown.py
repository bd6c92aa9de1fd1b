"""summary.md: a run for a pull request: verdict, counts, what to do, and what did not pass."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from aiconform.model.outcome import WORST_FIRST
from aiconform.model.verdict import Judgement
from aiconform.report.items import Item, State, Telling, suites
from aiconform.report.page.marks import SIGNS
from aiconform.report.readiness import WORDS, answers
from aiconform.report.rows import counting, to_do, waiver_lines
from aiconform.report.scrub import printable

# GitHub shows 65,536 characters of a comment.
MOST_FINDINGS, MOST_ITEMS = 10, 60
_LONGEST = 300
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~$&!(){}+-])")


def markdown(telling: Telling) -> bytes:
    found, judgement = telling.items, telling.judgement
    lines = [
        f"## aiconform: {judgement.verdict.value.replace('_', ' ').upper()}",
        "",
        md_text("; ".join(filter(None, (judgement.sentence, counting(judgement))))),
        "",
        *_counts(found),
        *_steps(judgement),
        *_waivers(judgement),
        *_ready(judgement),
        *_bad(found),
        _about(telling),
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def md_text(text: str) -> str:
    """Text and nothing else: no markup, no mention of a user, no link; cut when it is long."""
    shown = printable(text)
    if len(shown) > _LONGEST:
        shown = f"{shown[: _LONGEST - 1]}…"
    escaped = _SPECIAL.sub(r"\\\1", shown)
    return escaped.replace("@", "&#64;").replace("://", ":&#47;&#47;")


def _counts(found: tuple[Item, ...]) -> Iterator[str]:
    yield "| item | " + " | ".join(f"{SIGNS[o]} {o.value}" for o in WORST_FIRST) + " |"
    yield "|---|" + "--:|" * len(WORST_FIRST)
    for name, own in suites(found):
        counts = Counter(item.outcome for item in own)
        yield f"| {md_text(name)} | " + " | ".join(str(counts[o] or "") for o in WORST_FIRST) + " |"
    yield ""


def _steps(judgement: Judgement) -> Iterator[str]:
    found = to_do(judgement)
    if not found:
        return
    yield "### What to do next"
    yield ""
    for finding in found[:MOST_FINDINGS]:
        head = f"{finding.outcome.value} {md_text(str(finding.subject))} ({finding.code})"
        what = f"**{finding.action_kind.words}**: {md_text(finding.action)}"
        yield f"- **{head}**: {md_text(finding.sentence)} → {what}"
    yield from _more(len(found) - MOST_FINDINGS)
    yield ""


def _waivers(judgement: Judgement) -> Iterator[str]:
    lines = waiver_lines(judgement)
    if not lines:
        return
    yield "### Waivers"
    yield ""
    yield from (f"- {md_text(line)}" for line in lines[:MOST_ITEMS])
    yield from _more(len(lines) - MOST_ITEMS)
    yield ""


def _ready(judgement: Judgement) -> Iterator[str]:
    """What kinds of workload will run here."""
    found = answers(judgement)
    if not found:
        return
    yield "### Will it run here?"
    yield ""
    yield "| answer | workload | why |"
    yield "|---|---|---|"
    for each in found:
        cells = (WORDS[each.outcome], each.profile.title, each.sentence)
        yield f"| {SIGNS[each.outcome]} " + " | ".join(md_text(cell) for cell in cells) + " |"
    yield ""


def _bad(found: tuple[Item, ...]) -> Iterator[str]:
    """What is red to a CI system or would be without a waiver, and warnings; worst first."""
    red = {State.FAILED, State.ERRORED}
    bad = [i for i in found if i.state in red or i.outcome.value == "WARN" or i.waived]
    if not bad:
        return
    bad.sort(key=lambda item: WORST_FIRST.index(item.outcome))
    yield "### What did not pass"
    yield ""
    yield "| verdict | item | where | why |"
    yield "|---|---|---|---|"
    for item in bad[:MOST_ITEMS]:
        cells: Iterable[str] = (item.suite, item.name, item.told)
        yield f"| {item.outcome.value} | " + " | ".join(md_text(cell) for cell in cells) + " |"
    yield ""
    yield from _more(len(bad) - MOST_ITEMS)


def _more(left: int) -> Iterator[str]:
    if left > 0:
        yield f"… and {left} more, in report.html"
        yield ""


def _about(telling: Telling) -> str:
    story = telling.story
    words = [f"run {md_text(telling.judgement.run)}"]
    if story.surveyed:
        words.append(f"{len(story.surveyed.nodes)} nodes")
        words.append(f"Kubernetes {md_text(story.surveyed.server_version)}")
    return " · ".join(words)
