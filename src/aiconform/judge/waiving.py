"""
What waivers change: nothing of what was found, only what counts towards the exit code.

A finding is waived by its code and subject, a requirement by its id. Any other verdict is set aside
only when everything that makes it bad is waived: a fault beside a waived one counts as before.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from aiconform.fabric import Blamed, Pair, pair_of
from aiconform.judge.blame import subject_of
from aiconform.judge.coverage import coverage_gaps
from aiconform.judge.facts import Facts
from aiconform.judge.findings import NETWORK_CODES
from aiconform.judge.inventory import Defects
from aiconform.judge.network import Network
from aiconform.judge.nodes import Part, node_parts
from aiconform.judge.noticed import COUNTER_CODES
from aiconform.judge.words import clip
from aiconform.model.requirement import RequirementVerdict
from aiconform.model.verdict import Finding, Outcome, Subject, Verdict, worst
from aiconform.model.waiver import Waiver, WaiverUse

BAD = frozenset({Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.WARN})
# Of a node that could not be tested, or not completely; all that is open on it follows.
OPEN_NODE = frozenset({"AIC-NODE-001", "AIC-NODE-002", "AIC-NODE-003", "AIC-NODE-004"})
# What lacks in the coverage because of single nodes and pairs.
OPEN_PARTS = frozenset({"NodesUntested", "PairsUntested"})
MOST_PLACES = 20
CLUSTER = str(Subject())


def waive_findings(
    findings: Sequence[Finding], waivers: Sequence[Waiver], on: date
) -> tuple[Finding, ...]:
    return tuple(
        each.model_copy(update={"waived": _of(each.code, str(each.subject), waivers, on)})
        for each in findings
    )


def waive_requirements(
    found: Sequence[RequirementVerdict], waivers: Sequence[Waiver], on: date
) -> tuple[RequirementVerdict, ...]:
    return tuple(
        each.model_copy(update={"waived": _of(each.id, CLUSTER, waivers, on)})
        if each.outcome in BAD
        else each
        for each in found
    )


def uses(
    waivers: Sequence[Waiver],
    findings: Sequence[Finding],
    requirements: Sequence[RequirementVerdict],
    on: date,
) -> tuple[WaiverUse, ...]:
    """What each waiver did, in their order; of two that cover the same place both did."""
    there = [(each.code, str(each.subject)) for each in findings]
    there += [(each.id, CLUSTER) for each in requirements if each.outcome in BAD]
    return tuple(_use(waiver, there, on) for waiver in waivers)


def _use(waiver: Waiver, there: Sequence[tuple[str, str]], on: date) -> WaiverUse:
    where = [place for found, place in there if waiver.covers(found, place)][:MOST_PLACES]
    if waiver.has_expired(on):
        return WaiverUse(waiver=waiver, state="expired", where=tuple(where))
    return WaiverUse(waiver=waiver, state="used" if where else "unused", where=tuple(where))


def _of(found: str, place: str, waivers: Sequence[Waiver], on: date) -> Waiver | None:
    """The one that holds longest."""
    holding = [w for w in waivers if w.covers(found, place) and not w.has_expired(on)]
    return max(holding, key=lambda waiver: waiver.expiry, default=None)


@dataclass(frozen=True)
class Waiving:
    """Verdicts in the light of findings that are waived, or not."""

    facts: Facts
    network: Network
    findings: Sequence[Finding]
    verdicts: Sequence[Verdict]
    defects: Defects

    def marked(self) -> tuple[Verdict, ...]:
        """All verdicts; those that are set aside say by which waiver. No outcome changes."""
        return tuple(
            each.model_copy(update={"waived": waiver}) if (waiver := self._aside(each)) else each
            for each in self.verdicts
        )

    def counted(self) -> tuple[Verdict, ...]:
        """Those that count; of a node in part waived, what is left of it."""
        return tuple(
            self._rest_of_node(each) if each.item == "node" else each
            for each in self.verdicts
            if self._aside(each) is None
        )

    def _aside(self, verdict: Verdict) -> Waiver | None:
        # No finding speaks of latency: it is told, and decides nothing.
        if verdict.outcome not in BAD or verdict.item == "tcp.latency":
            return None
        if verdict.item == "node":
            return self._node(verdict)
        if verdict.item == "coverage":
            return self._coverage(verdict)
        if verdict.item == "counters":
            return _first([each.waived for each in self._counted(verdict.subject)])
        if verdict.subject.peer:
            return self._link(verdict)
        return self._own(verdict)

    def _node(self, verdict: Verdict) -> Waiver | None:
        bad = self._bad_parts(verdict.subject.node or "")
        if not bad:
            return self._open(verdict.subject.node)  # not planned: it has no parts
        return _first([self._part(part, verdict.subject.node) for part in bad])

    def _rest_of_node(self, verdict: Verdict) -> Verdict:
        node = verdict.subject.node
        parts = self._bad_parts(node or "")
        rest = [part for part in parts if self._part(part, node) is None]
        if len(rest) == len(parts):
            return verdict
        outcome = worst(part.outcome for part in rest)
        first = next(part for part in rest if part.outcome is outcome)
        return verdict.model_copy(
            update={"outcome": outcome, "reason": first.reason, "sentence": first.sentence}
        )

    def _bad_parts(self, node: str) -> Sequence[Part]:
        if node not in self.facts.nodes:
            return ()
        parts = node_parts(node, self.facts, self.network, self._own_of.get(node, ()))
        return [part for part in parts if part.outcome in BAD]

    @cached_property
    def _own_of(self) -> Mapping[str, Sequence[Verdict]]:
        found: dict[str, list[Verdict]] = defaultdict(list)
        for verdict in self.verdicts:
            own = verdict.subject.node and not verdict.subject.peer and verdict.item != "node"
            if own and verdict.required:
                found[verdict.subject.node or ""].append(verdict)
        return found

    def _part(self, part: Part, node: str | None) -> Waiver | None:
        match part.source:
            case Verdict() as verdict:
                return self._aside(verdict)
            case Blamed() as blamed:
                return self._blamed(blamed)
            case tuple() as pairs:
                return _first([self._aside(self.network.paths[pair]) for pair in pairs])
            case None:
                return self._open(node) if part.outcome is Outcome.UNKNOWN else None

    def _own(self, verdict: Verdict) -> Waiver | None:
        subject = verdict.subject
        if verdict.item == "inventory":
            told = [self._finding(c, s, said) for c, s, said in self._defects_of(subject.node)]
        else:
            told = list(self._alike(verdict))
        if told:
            return _first([each.waived if each else None for each in told])
        return self._open(subject.node) if verdict.outcome is Outcome.UNKNOWN else None

    def _alike(self, verdict: Verdict) -> Iterator[Finding]:
        """Findings that are made from this very verdict, or from it and others."""
        for finding in self._by_subject.get(verdict.subject, ()):
            # What a finding rests on holds all that each of its verdicts rests on.
            # Not so what is open: that may rest on the end of a report alone.
            among = verdict.outcome is not Outcome.UNKNOWN and verdict.rests_on
            of_several = among and set(verdict.rests_on) <= set(finding.rests_on)
            said = finding.sentence == clip(verdict.sentence)
            if (said or of_several) and finding.code not in OPEN_NODE:
                yield finding

    def _defects_of(self, node: str | None) -> list[tuple[str, Subject, str]]:
        own = self.defects.get(node, ())
        return [(d.code, Subject(node=node, device=d.device), clip(d.sentence)) for d in own]

    def _link(self, verdict: Verdict) -> Waiver | None:
        sender, receiver = verdict.subject.node or "", verdict.subject.peer or ""
        pair = pair_of(sender, receiver)
        if verdict.outcome is Outcome.FAIL:
            ways = [(sender, receiver)]
            if verdict.item == "tcp.path":
                ways.append((receiver, sender))
            guilty = [
                b for b in self.network.located.blamed if any(b.explains(*way) for way in ways)
            ]
            if guilty:
                return _first([self._blamed(each) for each in guilty])
        own = self._of_pair.get(pair, ())
        if own:
            return _first([each.waived for each in own])
        if verdict.outcome is Outcome.UNKNOWN and verdict.item == "tcp.path":
            ends = [node for node in pair if node in self._open_nodes]
            return _first([self._open(node) for node in ends])
        return None

    def _counted(self, subject: Subject) -> Sequence[Finding]:
        """What the item `counters` of this node, path or cluster is made of."""
        place = (subject.node, subject.peer)
        return [
            finding
            for finding in self.findings
            if finding.code in COUNTER_CODES
            and (finding.subject.node, finding.subject.peer) == place
        ]

    def _coverage(self, verdict: Verdict) -> Waiver | None:
        gaps = {reason for reason, _ in coverage_gaps(self.facts, self.network, self.verdicts)}
        if not gaps or not gaps <= OPEN_PARTS:
            return None
        nodes = [v for v in self.verdicts if v.item == "node" and self._is_open(v)]
        paths = [v for v in self.network.paths.values() if v.outcome is Outcome.UNKNOWN]
        return _first([self._aside(each) for each in (*nodes, *paths)])

    def _is_open(self, verdict: Verdict) -> bool:
        """Not tested to the end, and that not on purpose."""
        return verdict.outcome is Outcome.UNKNOWN or verdict.subject.node in self._open_nodes

    @cached_property
    def _open_nodes(self) -> frozenset[str]:
        unfinished = {
            node
            for node in self.facts.nodes
            if node not in self.facts.states or self.facts.states[node].record.state != "finished"
        }
        return frozenset(unfinished | self._open_findings.keys())

    def _open(self, node: str | None) -> Waiver | None:
        """Of a node that is told as one that could not be tested."""
        return _first([each.waived for each in self._open_findings.get(node or "", ())])

    @cached_property
    def _open_findings(self) -> Mapping[str, Sequence[Finding]]:
        found: dict[str, list[Finding]] = defaultdict(list)
        for finding in self.findings:
            if finding.code in OPEN_NODE:
                found[finding.subject.node or ""].append(finding)
        return found

    def _blamed(self, blamed: Blamed) -> Waiver | None:
        """By its place alone: what was lost there may stand in its sentence, too."""
        code = NETWORK_CODES[blamed.kind]
        alike = self._by_subject.get(subject_of(blamed), ())
        return next((each.waived for each in alike if each.code == code), None)

    def _finding(self, code: str, subject: Subject, sentence: str) -> Finding | None:
        alike = self._by_subject.get(subject, ())
        return next((f for f in alike if f.code == code and f.sentence == sentence), None)

    @cached_property
    def _by_subject(self) -> Mapping[Subject, Sequence[Finding]]:
        found: dict[Subject, list[Finding]] = defaultdict(list)
        for finding in self.findings:
            found[finding.subject].append(finding)
        return found

    @cached_property
    def _of_pair(self) -> Mapping[Pair, Sequence[Finding]]:
        """Findings on a path alone."""
        elsewhere = COUNTER_CODES.union(NETWORK_CODES.values())
        found: dict[Pair, list[Finding]] = defaultdict(list)
        for finding in self.findings:
            node, peer = finding.subject.node, finding.subject.peer
            if node and peer and finding.code not in elsewhere:
                found[pair_of(node, peer)].append(finding)
        return found


def _first(waivers: Sequence[Waiver | None]) -> Waiver | None:
    """The one that ends first; None unless there are some and every part has its own."""
    held = [waiver for waiver in waivers if waiver is not None]
    if not held or len(held) < len(waivers):
        return None
    return min(held, key=lambda waiver: waiver.expiry)
