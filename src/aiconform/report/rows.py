"""The judgement as short tables, the same for terminal and page: who, which verdict, why."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aiconform.model.outcome import WORST_FIRST
from aiconform.model.requirement import Level, RequirementVerdict
from aiconform.model.verdict import (
    Action,
    Figure,
    Finding,
    Judgement,
    LedgerEntry,
    LedgerState,
    Outcome,
    Verdict,
    WaiverUse,
    worst,
)
from aiconform.report.items import with_waiver

_UNITS = {
    "gigabits_per_second": "Gb/s",
    "gigabytes_per_second": "GB/s",
    "microseconds": "µs",
    "percent": "%",
}
# What a check lacked to tell.
_LACKS = {
    "NotPermitted": Action.GRANT_RIGHTS,
    "CannotCount": Action.GRANT_RIGHTS,
    "NoFreeDevice": Action.FREE_CAPACITY,
}
# From small to large: the first in which the figure reads as 1 or more, else the smallest.
_RATES = (("MFLOP/s", 1e6), ("GFLOP/s", 1e9), ("TFLOP/s", 1e12), ("PFLOP/s", 1e15))


@dataclass(frozen=True)
class Row:
    """One line: the outcome, whom it speaks of, its figures, and why."""

    outcome: Outcome
    name: str
    figures: str
    sentence: str
    required: bool = True

    @property
    def rank(self) -> tuple[int, str]:
        """Worst first; what could not be judged and need not be comes after what passes."""
        ranked = self.outcome
        if ranked is Outcome.UNKNOWN and not self.required:
            ranked = Outcome.SKIP
        return WORST_FIRST.index(ranked), self.name


def requirement_rows(judgement: Judgement) -> list[Row]:
    """One row for each requirement of AI conformance."""
    return _sorted(_requirement_row(v) for v in judgement.requirements)


def node_rows(judgement: Judgement) -> list[Row]:
    return _sorted(_row(v, v.subject.node or "") for v in judgement.verdicts if v.item == "node")


def exercise_rows(judgement: Judgement) -> list[Row]:
    """What each node did alone: devices, memory, inventory."""
    return _sorted(_row(v, f"{v.subject}  {v.item}") for v in alone(judgement))


def alone(judgement: Judgement) -> Iterator[Verdict]:
    """On what nodes did alone."""
    for verdict in judgement.verdicts:
        if verdict.subject.node and not verdict.subject.peer and verdict.item != "node":
            yield verdict


def link_rows(judgement: Judgement) -> list[Row]:
    """One row for each pair of nodes, both directions in it."""
    return _sorted(_link_row(a, b, verdicts) for (a, b), verdicts in between(judgement).items())


def between(judgement: Judgement) -> dict[tuple[str, str], list[Verdict]]:
    """Those on each pair of nodes, in both directions."""
    pairs: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in judgement.verdicts:
        if verdict.subject.node and verdict.subject.peer:
            a, b = sorted((verdict.subject.node, verdict.subject.peer))
            pairs.setdefault((a, b), []).append(verdict)
    return pairs


def run_rows(judgement: Judgement) -> list[Row]:
    """What speaks of the cluster as a whole: coverage."""
    return _sorted(_row(v, v.item) for v in judgement.verdicts if not v.subject.node)


def findings_first(judgement: Judgement) -> list[Finding]:
    return sorted(judgement.findings, key=lambda finding: WORST_FIRST.index(finding.outcome))


def to_do(judgement: Judgement) -> list[Finding]:
    """Those that nobody has accepted."""
    return [finding for finding in findings_first(judgement) if finding.waived is None]


def waiver_lines(judgement: Judgement) -> list[str]:
    """What waivers did, and those that did nothing or have expired; empty without any."""
    lines = [
        f"{finding.outcome.value} {finding.subject} [{finding.code}] "
        f"{with_waiver(finding.sentence, finding.waived)}"
        for finding in findings_first(judgement)
        if finding.waived
    ]
    lines += [
        f"{verdict.outcome.value} {verdict.id} {with_waiver(verdict.sentence, verdict.waived)}"
        for verdict in judgement.requirements
        if verdict.waived
    ]
    return [*lines, *(_idle(use) for use in judgement.waivers if use.state != "used")]


def _idle(use: WaiverUse) -> str:
    waiver = use.waiver
    about = f"waiver of {waiver.owner} for {waiver.id} at {waiver.scope}"
    if use.state == "unused":
        return f"unused: the {about} covers nothing that was found"
    counts = f"; counts again: {', '.join(use.where)}" if use.where else ""
    return f"expired on {waiver.expiry.isoformat()}: the {about}{counts}"


def counting(judgement: Judgement) -> str:
    """What waivers make of the verdict; empty when they make nothing of it."""
    if judgement.counts_as is None:
        return ""
    word = judgement.counts_as.value.replace("_", " ").upper()
    return f"with what is waived set aside it counts as {word}"


def requirement_action(verdict: RequirementVerdict) -> Action:
    """What kind of thing to do for a requirement that was not shown."""
    failed = verdict.outcome is Outcome.FAIL
    otherwise = Action.FIX_PLATFORM_SETTING if failed else Action.LOOK_CLOSER
    return _LACKS.get(verdict.reason, otherwise)


def left_out(judgement: Judgement) -> list[LedgerEntry]:
    """What was not tested and not covered either."""
    done = {LedgerState.TESTED, LedgerState.COVERED}
    return [entry for entry in judgement.ledger if entry.state not in done]


def figure_text(figure: Figure) -> str:
    if figure.unit == "teraflops_per_second":
        return _rate_text(figure.value * 1e12)
    if figure.unit == "count":
        return f"{figure.metric.replace('_', ' ')} {figure.value:.0f}"
    return f"{figure.value:.4g} {_UNITS.get(figure.unit, figure.unit.replace('_', ' '))}"


def _rate_text(flops_per_s: float) -> str:
    fitting = [rate for rate in _RATES if abs(flops_per_s) >= rate[1]]
    unit, scale = fitting[-1] if fitting else _RATES[0]
    return f"{flops_per_s / scale:.4g} {unit}"


def outcome_of(verdicts: Sequence[Verdict]) -> Outcome:
    """Worst of what is required or was found bad; what is merely not judged does not cover it."""
    bad = {Outcome.FAIL, Outcome.ERROR, Outcome.WARN}
    counting = [v.outcome for v in verdicts if v.required or v.outcome in bad]
    return worst(counting or [v.outcome for v in verdicts])


def _requirement_row(verdict: RequirementVerdict) -> Row:
    told = with_waiver(f"{verdict.reason}: {verdict.sentence}", verdict.waived)
    return Row(verdict.outcome, verdict.id, verdict.level.value, told, verdict.level is Level.MUST)


def _row(verdict: Verdict, name: str) -> Row:
    figures = ", ".join(figure_text(figure) for figure in verdict.figures)
    told = with_waiver(verdict.sentence, verdict.waived)
    return Row(verdict.outcome, name, figures, told, verdict.required)


def _link_row(a: str, b: str, verdicts: list[Verdict]) -> Row:
    outcome = outcome_of(verdicts)
    deciding = [v for v in verdicts if v.outcome is outcome]
    # One that is not waived speaks first: it counts.
    deciding.sort(key=lambda v: v.waived is not None)
    told = next((with_waiver(v.sentence, v.waived) for v in deciding), "")
    required = any(v.required for v in verdicts)
    return Row(outcome, f"{a} – {b}", _link_figures(a, verdicts), told, required)


def _link_figures(a: str, verdicts: list[Verdict]) -> str:
    """Rates as "→ 9.4 Gb/s" from the first node and "← 9.3 Gb/s" to it, then the latency."""
    rates = [v for v in verdicts if v.item == "tcp.rate" and v.figures]
    others = [v for v in verdicts if v.item == "tcp.latency" and v.figures]
    arrows = [("→" if v.subject.node == a else "←", v) for v in rates]
    shown = [f"{arrow} {figure_text(v.figures[0])}" for arrow, v in sorted(arrows, key=_arrow)]
    return ", ".join([*shown, *(figure_text(v.figures[0]) for v in others)])


def _arrow(item: tuple[str, Verdict]) -> bool:
    return item[0] == "←"


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.rank)
