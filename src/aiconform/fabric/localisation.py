"""What localisation concludes: which component is to blame, and the state of every link."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from aiconform.fabric.rounds import Direction, Pair, Sample


class LinkState(StrEnum):
    """What the tests of one directed link say when they are compared with their peers."""

    CLEAN = "clean"  # no test was low
    LOW = "low"  # every test was low, or nothing came through
    UNSTABLE = "unstable"  # some tests were low, others not
    UNJUDGED = "unjudged"  # too few tests in the cluster to compare with


@dataclass(frozen=True)
class Link:
    """One directed link with the tests that ran over it."""

    sender: str
    receiver: str
    state: LinkState
    gbit_per_s: float | None  # median of its tests
    typical_gbit_per_s: float | None  # of its peers; None when there are too few
    samples: tuple[Sample, ...]


Component = Literal["node", "port", "pair", "switch", "uplink", "rail", "leaf_pair"]


@dataclass(frozen=True)
class Blamed:
    """
    A component at fault, and the tests that say so.

    `node`: both directions of a node. `port`: one direction of it, or one rail, or both. `pair`:
    the path between two nodes that are both fine with others; `node` sends and `peer` receives
    when only one direction is low. `switch`: a leaf on a rail, among its own nodes. `uplink`: what
    leads from a leaf to others. `rail`: a rail in most leaves. `leaf_pair`: the path between two.
    `axis`: in a torus, the one along which the two nodes of a path are neighbours.
    """

    kind: Component
    node: str = ""
    peer: str | None = None
    direction: Direction | None = None
    low: tuple[Sample, ...] = ()  # what accuses it
    clean: tuple[Sample, ...] = ()  # what excludes its neighbours
    typical_gbit_per_s: float | None = None
    rail: int | None = None  # None: all of them, or rails are not told apart
    leaf: str | None = None
    peer_leaf: str | None = None
    members: frozenset[str] = frozenset()  # nodes of the leaf
    peer_members: frozenset[str] = frozenset()
    axis: str | None = None
    instead: str = ""  # what it may be as well, in words: tests cannot tell the two apart
    test_count: int | None = None  # all tests of the component, low and clean, when counted

    def explains(self, sender: str, receiver: str) -> bool:
        """Would this fault alone make the link `sender` → `receiver` low?"""
        if self.kind == "pair":
            return {sender, receiver} == {self.node, self.peer}
        if self.kind == "rail":
            return True
        ends = [end in self.members for end in (sender, receiver)]
        if self.kind == "switch":
            return any(ends)
        if self.kind == "uplink":
            return ends[0] != ends[1]
        if self.kind == "leaf_pair":
            others = [end in self.peer_members for end in (receiver, sender)]
            return any(one and other for one, other in zip(ends, others, strict=True))
        sending = sender == self.node and self.direction != "receive"
        return sending or (receiver == self.node and self.direction != "send")


@dataclass(frozen=True)
class Localisation:
    """Everything that the tests of a run say about its links and nodes."""

    blamed: tuple[Blamed, ...]
    links: Mapping[Pair, Link]  # (sender, receiver) of every link that was tested
    suspects: tuple[str, ...]  # nodes with low tests that nothing explains
    suspect_pairs: tuple[Pair, ...]  # low whenever tested, and nothing blamed explains it
    proven: tuple[str, ...]  # nodes with clean tests only
    low: tuple[Sample, ...]
    tested: frozenset[Pair]  # pairs that ran at least once
    covered: frozenset[Pair]  # pairs that did not run, between proven nodes
    untested: frozenset[Pair]  # the other planned pairs
    # With switches known: leaf → how many other leaves it met; and how many there are.
    leaves_met: Mapping[str, int] = field(default_factory=dict)

    def explained(self, sender: str, receiver: str) -> Blamed | None:
        """The blamed component that makes this link low, if there is one."""
        return next((b for b in self.blamed if b.explains(sender, receiver)), None)
