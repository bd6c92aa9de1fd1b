"""
Segments that TCP had to send again: on which links, and which node's port explains them.

A sender knows how many of its segments it sent again. One node is named when most of its links in
one direction lose, with two partners at least. So nobody is named by one other node's word alone.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from aiconform.fabric import Blamed, PairTest
from aiconform.fabric.rounds import Direction
from aiconform.judge.blame import DOING
from aiconform.judge.carriage import Shown
from aiconform.judge.network import Network
from aiconform.judge.noticed import Noticed
from aiconform.judge.rounds import sample_of
from aiconform.judge.words import counted, listed, number
from aiconform.model.verdict import Outcome, Subject

# TCP finds the rate of a link by losing: up to some tenths of a percent are usual, and a sound
# cluster of virtual nodes on two cores shows 0.03 % at most. Of datagrams, the specification of
# the probes bears 1 % at most.
LOSSY = 0.01
FEW_SEGMENTS = 100  # sent again: fewer may be one burst
Link = tuple[str, str]  # sender, receiver


@dataclass(frozen=True)
class LinkLoss:
    """What one directed link lost, over its tests that tell."""

    link: Link
    tests: tuple[PairTest, ...]
    again: int
    segments: int
    lossy_count: int  # tests

    @property
    def share(self) -> float:
        return self.again / self.segments

    @property
    def is_lossy(self) -> bool:
        """In most tests, and in sum."""
        return self.share >= LOSSY and 2 * self.lossy_count > len(self.tests)


@dataclass(frozen=True)
class Loser:
    """A node in one direction or both, and its links that lose."""

    node: str
    directions: tuple[Direction, ...]
    links: tuple[LinkLoss, ...]


@dataclass(frozen=True)
class Losses:
    """What every link of a network lost."""

    network: Network

    @cached_property
    def links(self) -> Mapping[Link, LinkLoss]:
        """Of every directed link whose sender told its segments."""
        found: dict[Link, list[tuple[PairTest, int, int]]] = defaultdict(list)
        for pair, tests in self.network.tests.items():
            for test in tests:
                for sender, receiver in (pair, pair[::-1]) if test.outcome == "ok" else ():
                    if told := self._told(test, sender):
                        found[sender, receiver].append((test, *told))
        return {link: _summed(link, told) for link, told in found.items()}

    def noticed(self) -> Iterator[Noticed]:
        """Nodes, then single links that no node explains; not what is told with a low rate."""
        losers, single = _attributed(self.links)
        if losers and not self._has_witness({loser.node for loser in losers}):
            yield _everywhere(self.links)
            return
        for loser in losers:
            if not self._explained(loser.links):
                yield _of_node(loser, self._interface(loser.node))
        for loss in single:
            if loss.lossy_count > 1 and not self._explained((loss,)):
                yield _of_link(loss)

    def told_with(self, blamed: Blamed) -> str:
        """Of a component with a low rate: `; 3 % of the segments were sent again …`, or nothing."""
        lossy = [
            loss for link, loss in self.links.items() if loss.is_lossy and _speaks_for(blamed, link)
        ]
        if not lossy:
            return ""
        interface = self._interface(blamed.node)
        return f"; {_shown(lossy)}{f', over {interface} of {blamed.node}' if interface else ''}"

    def _told(self, test: PairTest, sender: str) -> tuple[int, int] | None:
        """Segments sent again, and all; None: the sender does not know, or is not credible."""
        report = self.network.sides.of(test, sender).report
        sample = sample_of(report, "send") if report else None
        if sample is None or sample.retransmits is None or not sample.segments:
            return None
        if sample.retransmits > sample.segments:
            return None
        return sample.retransmits, sample.segments

    def _has_witness(self, named: set[str]) -> bool:
        """Is any link clean whose ends are both not named? Else all links are alike."""
        return any(
            named.isdisjoint(link) and not loss.is_lossy for link, loss in self.links.items()
        )

    def _explained(self, links: Sequence[LinkLoss]) -> bool:
        """Is all of it told with a component that is blamed for its rate?"""
        blamed = self.network.located.blamed
        return all(any(_speaks_for(each, loss.link) for each in blamed) for loss in links)

    def _interface(self, node: str) -> str:
        """What carried this node's bytes in all tests that tell it; empty when it is open."""
        tests = [t for t in self.network.tests_of.get(node, ()) if t.outcome == "ok"]
        seen = [self.network.sides.carriage(test, node) for test in tests]
        carriers = {each.carrier for each in seen if each.shown is not Shown.OPEN}
        return carriers.pop() if len(carriers) == 1 else ""


def _speaks_for(blamed: Blamed, link: Link) -> bool:
    """A node, its port or a path speaks for all its links, a switch for those that accuse it."""
    if blamed.kind in {"node", "port", "pair"}:
        return blamed.explains(*link)
    return any((sample.sender, sample.receiver) == link for sample in blamed.low)


def _summed(link: Link, told: Sequence[tuple[PairTest, int, int]]) -> LinkLoss:
    return LinkLoss(
        link=link,
        tests=tuple(test for test, _, _ in told),
        again=sum(again for _, again, _ in told),
        segments=sum(segments for _, _, segments in told),
        lossy_count=sum(
            again >= FEW_SEGMENTS and again >= LOSSY * segments for _, again, segments in told
        ),
    )


def _attributed(found: Mapping[Link, LinkLoss]) -> tuple[list[Loser], list[LinkLoss]]:
    """Whom to name, the one who explains most links first; and the links that are left."""
    left = {link: loss for link, loss in found.items() if loss.is_lossy}
    of_end: dict[tuple[str, Direction], set[Link]] = defaultdict(set)
    for sender, receiver in found:
        of_end[sender, "send"].add((sender, receiver))
        of_end[receiver, "receive"].add((sender, receiver))
    named: dict[str, dict[Direction, list[LinkLoss]]] = defaultdict(dict)
    while True:
        by_end = {end: sorted(links & left.keys()) for end, links in of_end.items()}
        able = [
            end
            for end, links in by_end.items()
            if len(links) > 1 and 2 * len(links) > len(of_end[end])
        ]
        if not able:
            break
        node, direction = max(sorted(able), key=lambda end: len(by_end[end]))
        named[node][direction] = [left.pop(link) for link in by_end[node, direction]]
    losers = [
        Loser(node, tuple(by), tuple(loss for losses in by.values() for loss in losses))
        for node, by in sorted(named.items())
    ]
    return losers, [left[link] for link in sorted(left)]


def _of_node(loser: Loser, interface: str) -> Noticed:
    doing = DOING[loser.directions[0]] if len(loser.directions) == 1 else "sending and receiving"
    partners = sorted({end for loss in loser.links for end in loss.link} - {loser.node})
    where = f"{loser.node} {interface}" if interface else loser.node
    return Noticed(
        outcome=Outcome.WARN,
        code="AIC-NET-012",
        reason="SegmentsLost",
        subject=Subject(
            node=loser.node,
            device=interface or None,
            direction=loser.directions[0] if len(loser.directions) == 1 else None,
        ),
        sentence=f"{where} {doing}: {_shown(loser.links)}, with {listed(partners)}",
        rests_on=_ids(loser.links),
    )


def _of_link(loss: LinkLoss) -> Noticed:
    sender, receiver = loss.link
    return Noticed(
        outcome=Outcome.WARN,
        code="AIC-NET-012",
        reason="SegmentsLost",
        subject=Subject(node=sender, peer=receiver),
        sentence=f"{sender} to {receiver}: {_shown([loss])}; neither end is alone in it",
        rests_on=_ids([loss]),
    )


def _everywhere(found: Mapping[Link, LinkLoss]) -> Noticed:
    links = [loss for loss in found.values() if loss.is_lossy]
    said = f"{_shown(links)}, on {len(links)} of {counted(len(found), 'link')}; no node stands out"
    return Noticed(Outcome.WARN, "AIC-NET-012", "SegmentsLost", Subject(), said, _ids(links))


def _shown(links: Sequence[LinkLoss]) -> str:
    again, segments = sum(e.again for e in links), sum(e.segments for e in links)
    tests = counted(sum(loss.lossy_count for loss in links), "test")
    share = number(100 * again / segments)
    return f"{share} % of the segments were sent again (usual: below {100 * LOSSY:g} %) in {tests}"


def _ids(links: Sequence[LinkLoss]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(i for loss in links for test in loss.tests for i in test.record_ids))
