"""
Hold one run against another.

One cause is named once. A node that is not reached any more speaks for its devices and links; a
node whose sending or receiving is at fault speaks for the links of that direction; what merely
rolls up (a node's verdict, coverage) is never named beside its cause.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from aiconform.model.verdict import Finding, Judgement, Outcome, Subject, Verdict
from aiconform.report.diff.change import Change, Comparison, Kind, Shift, Trend, trend, worst_trend
from aiconform.report.diff.noise import Bounds, Pairing, bounds, is_lower_better
from aiconform.report.rows import figure_text

_ROLLED_UP = frozenset({"node", "coverage"})
_REACHED = frozenset({Outcome.PASS, Outcome.WARN, Outcome.FAIL})
_ORDER = tuple(Trend)

Key = tuple[str, Subject]
Component = tuple[Kind, str]


@dataclass(frozen=True)
class _Detail:
    trend: Trend
    item: str
    subject: Subject
    sentence: str


def compare(before: Judgement, after: Judgement) -> Comparison:
    """Pure: both judgements are made anew from their journals, by the same rules."""
    old, new = _verdicts(before), _verdicts(after)
    nodes = _node_changes(before, after)
    hidden = {change.name for change in nodes}
    both = [key for key in new if key in old and not hidden & _nodes(key[1])]
    limits = bounds(p for key in both for p in _pairings(key, old[key], new[key]))
    details: dict[Component, list[_Detail]] = defaultdict(list)
    for key in both:
        details[_component(key[1])] += _details(key, old[key], new[key], limits)
    for component, detail in _appeared(old, new, hidden):
        details[component].append(detail)
    ends = _ends(before, after)
    changes = [*_requirement_changes(before, after), *nodes, *_blamed(ends)]
    changes += _grouped(details, ends)
    return Comparison(
        before=before.run,
        after=after.run,
        verdicts=(before.verdict, after.verdict),
        changes=tuple(sorted(changes, key=lambda c: (_ORDER.index(c.trend), c.kind, c.name))),
        shifts=tuple(_shifts(limits)),
        notes=tuple(_notes(before, after, old, new)),
        compared_count=len(both) + len(after.requirements),
    )


def _verdicts(judgement: Judgement) -> dict[Key, Verdict]:
    return {(v.item, v.subject): v for v in judgement.verdicts if v.item not in _ROLLED_UP}


def _nodes(subject: Subject) -> Set[str]:
    return {name for name in (subject.node, subject.peer) if name}


def _component(subject: Subject) -> Component:
    if subject.peer:
        return Kind.LINK, " – ".join(sorted((subject.node or "", subject.peer)))
    if subject.device:
        return Kind.DEVICE, f"{subject.node} {subject.device}"
    return Kind.NODE, str(subject)


def _node_changes(before: Judgement, after: Judgement) -> list[Change]:
    """Nodes that were reached in one of the runs alone."""
    old, new = ({v.subject.node: v for v in each.verdicts if v.item == "node" and v.subject.node}
                for each in (before, after))  # fmt: skip
    changes = []
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        reached = [v is not None and v.outcome in _REACHED for v in (was, now)]
        if reached[0] != reached[1]:
            sentence = now.sentence if now else "it is not in the second run"
            told = Trend.TESTED if reached[1] else Trend.UNTESTED
            if now and now.outcome is Outcome.FAIL:
                told = Trend.WORSE
            changes.append(Change(told, Kind.NODE, name, (sentence,)))
    return changes


def _requirement_changes(before: Judgement, after: Judgement) -> Iterator[Change]:
    old = {verdict.id: verdict for verdict in before.requirements}
    for now in after.requirements:
        was = old.get(now.id)
        told = trend(was.outcome, now.outcome) if was else None
        if was and told:
            sentence = f"{was.outcome} → {now.outcome}: {now.sentence}"
            yield Change(told, Kind.REQUIREMENT, now.id, (sentence,))


def _pairings(key: Key, was: Verdict, now: Verdict) -> Iterator[Pairing]:
    old = {(figure.metric, figure.unit): figure for figure in was.figures}
    for figure in now.figures:
        if (figure.metric, figure.unit) in old:
            yield Pairing(key[0], old[figure.metric, figure.unit], figure)


def _details(
    key: Key, was: Verdict, now: Verdict, limits: Mapping[tuple[str, str, str], Bounds]
) -> Iterator[_Detail]:
    item, subject = key
    pairings = [pairing for pairing in _pairings(key, was, now) if pairing.is_comparable]
    moved = [pairing for pairing in pairings if limits[pairing.kind].is_outside(pairing)]
    if told := _turn(was, now, quiet=bool(pairings) and not moved):
        sentence = f"{item} of {subject}: {was.outcome} → {now.outcome}: {now.sentence}"
        yield _Detail(told, item, subject, sentence)
    for pairing in moved:
        limit = limits[pairing.kind]
        higher = pairing.log_ratio > limit.middle
        good = higher != is_lower_better(pairing.after.unit)
        sentence = _moved(item, subject, pairing, limit)
        yield _Detail(Trend.BETTER if good else Trend.WORSE, item, subject, sentence)


def _turn(was: Verdict, now: Verdict, *, quiet: bool) -> Trend | None:
    """
    What the two outcomes say. `quiet`: there are figures in both runs, and none left its noise.

    Then a warning that comes or goes lay near its limit both times. And a figure that has too few
    peers to be judged by was not lost.
    """
    outcomes = {was.outcome, now.outcome}
    if quiet and outcomes == {Outcome.PASS, Outcome.WARN}:
        return None
    open_by_nature = any(v.outcome is Outcome.UNKNOWN and not v.required for v in (was, now))
    if open_by_nature and Outcome.FAIL not in outcomes:
        return None
    return trend(was.outcome, now.outcome)


def _moved(item: str, subject: Subject, pairing: Pairing, limit: Bounds) -> str:
    figures = f"{figure_text(pairing.before)} → {figure_text(pairing.after)}"
    others = f"; the {limit.count} of its kind {_percent(limit.middle)}" if limit.count > 1 else ""
    return f"{item} of {subject}: {figures} ({_percent(pairing.log_ratio)}{others})"


def _percent(log_ratio: float) -> str:
    return f"{_share(log_ratio):+.0f} %".replace("-", "−")


def _share(log_ratio: float) -> float:
    return 100 * math.expm1(log_ratio)


def _appeared(
    old: Mapping[Key, Verdict], new: Mapping[Key, Verdict], hidden: Set[str]
) -> Iterator[tuple[Component, _Detail]]:
    """Devices that are in one run alone, of exercises that both did. Pairs are drawn anew."""
    common = {item for item, _ in old} & {item for item, _ in new}
    for verdicts, others, told in ((old, new, Trend.UNTESTED), (new, old, Trend.TESTED)):
        for (item, subject), verdict in verdicts.items():
            alone = (item, subject) not in others and item in common and not subject.peer
            if alone and subject.node and not hidden & _nodes(subject):
                where = "the first run" if told is Trend.UNTESTED else "the second run"
                sentence = f"{item} of {subject} is in {where} alone: {verdict.sentence}"
                yield _component(subject), _Detail(told, item, subject, sentence)


@dataclass(frozen=True)
class _End:
    """A node's port that began, or ceased, to be at fault; `direction` None: both."""

    node: str
    direction: str | None
    trend: Trend
    sentence: str

    def explains(self, detail: _Detail) -> bool:
        subject = detail.subject
        if detail.trend is not self.trend or self.node not in _nodes(subject) or not subject.peer:
            return False
        if self.direction is None or detail.item != "tcp.rate":
            return True  # a path or a latency has no direction
        return (subject.node if self.direction == "send" else subject.peer) == self.node


def _ends(before: Judgement, after: Judgement) -> list[_End]:
    old, new = _port_findings(before), _port_findings(after)
    worse = [_end(new[s], Trend.WORSE) for s in new if s not in old]
    return worse + [_end(old[s], Trend.BETTER) for s in old if s not in new]


def _port_findings(judgement: Judgement) -> dict[Subject, Finding]:
    return {
        finding.subject: finding
        for finding in judgement.findings
        if finding.code.startswith("AIC-NET") and finding.outcome is Outcome.FAIL
        and finding.subject.node and not finding.subject.peer
    }  # fmt: skip


def _end(finding: Finding, told: Trend) -> _End:
    subject = finding.subject
    gone = "" if told is Trend.WORSE else "no longer: "
    return _End(subject.node or "", subject.direction, told, f"{gone}{finding.sentence}")


def _blamed(ends: Iterable[_End]) -> Iterator[Change]:
    for end in ends:
        subject = Subject.model_validate({"node": end.node, "direction": end.direction})
        yield Change(end.trend, Kind.NODE, str(subject), (end.sentence,))


def _grouped(details: Mapping[Component, list[_Detail]], ends: Iterable[_End]) -> Iterator[Change]:
    known = tuple(ends)
    for (kind, name), found in details.items():
        left = [each for each in found if not any(end.explains(each) for end in known)]
        if left:
            sentences = tuple(dict.fromkeys(each.sentence for each in left))
            yield Change(worst_trend(each.trend for each in left), kind, name, sentences)


def _shifts(limits: Mapping[tuple[str, str, str], Bounds]) -> Iterator[Shift]:
    for (item, metric, unit), limit in limits.items():
        if limit.is_shift:
            good = (limit.middle > 0) != is_lower_better(unit)
            told = Trend.BETTER if good else Trend.WORSE
            yield Shift(told, item, metric, round(_share(limit.middle), 1), limit.count)


def _notes(
    before: Judgement, after: Judgement, old: Mapping[Key, Verdict], new: Mapping[Key, Verdict]
) -> Iterator[str]:
    requirements = ({v.id for v in each.requirements} for each in (before, after))
    for name in sorted(set.symmetric_difference(*requirements)):
        yield f"requirement {name} was checked in one of the runs alone"
    items = [{item for item, _ in each} for each in (old, new)]
    for item in sorted(items[0] ^ items[1]):
        where = "first" if item in items[0] else "second"
        yield f"{item} is in the {where} run alone and was not compared"
    pairs = [{s for item, s in each if item == "tcp.rate"} for each in (old, new)]
    if apart := len(pairs[0] ^ pairs[1]):
        yield f"{apart} directions between nodes were measured in one of the runs alone"
