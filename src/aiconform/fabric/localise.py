"""
Which component makes tests low: a node's sending, its receiving, the node, or one path?

Each direction is judged apart: a low test from a to b is evidence against a's sending or b's
receiving. A direction of a node is blamed when it is low, in every repeat, with at least two
partners and half of all its partners, while those partners do well in that direction with someone
else. A path is blamed when both of its ends do well with others. Tests that did not run say
nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median

from aiconform.fabric.localisation import Blamed, Link, LinkState, Localisation
from aiconform.fabric.noise import Yardstick, yardsticks
from aiconform.fabric.rounds import (
    Direction,
    Pair,
    RoundResult,
    Sample,
    pair_of,
    planned_pairs,
    samples,
)

MIN_PARTNERS = 2
MIN_LOW_TESTS = 3
MIN_SILENT_TESTS = 2  # of a path over which nothing came through
MIN_PAIR_TESTS = 4  # of a path that is only slow: two low tests of one pair may be chance
DIRECTIONS: tuple[Direction, Direction] = ("send", "receive")

Links = Mapping[Pair, Link]


def localise(nodes: Iterable[str], done: Sequence[RoundResult]) -> Localisation:
    """
    Judge all tests together.

    Args:
        nodes: Those that the run means to test; nodes seen only in tests are judged as well.
        done: Finished rounds.
    """
    found = tuple(samples(done))
    sticks = yardsticks(found)
    links = _links(found, sticks)
    ports = _merged(_blamed_ports(links))
    blamed = (*ports, *_blamed_pairs(links, ports))
    low = tuple(s for s in found if _is_low(s, sticks))
    unexplained = {
        node
        for s in low
        if not any(b.explains(s.sender, s.receiver) for b in blamed)
        for node in (s.sender, s.receiver)
    }
    proven = _proven(links, blamed, suspects=unexplained)
    tested = frozenset(pair_of(*link) for link in links)
    missing = frozenset(planned_pairs(nodes, done)) - tested
    covered = frozenset(pair for pair in missing if proven.issuperset(pair))
    return Localisation(
        blamed=blamed,
        links=links,
        suspects=tuple(sorted(unexplained - {b.node for b in ports})),
        suspect_pairs=tuple(
            pair_of(low[0].sender, low[0].receiver)
            for low in _lone_low_links(links, ports)
            if all(len(link.samples) < _pair_tests_needed(link) for link in low)
        ),
        proven=tuple(sorted(proven)),
        low=low,
        tested=tested,
        covered=covered,
        untested=missing - covered,
    )


def _links(found: Iterable[Sample], sticks: Mapping[int, Yardstick | None]) -> dict[Pair, Link]:
    by_link: dict[Pair, list[Sample]] = defaultdict(list)
    for sample in found:
        by_link[sample.sender, sample.receiver].append(sample)
    return {link: _link(link, tests, sticks) for link, tests in sorted(by_link.items())}


def _link(link: Pair, tests: Sequence[Sample], sticks: Mapping[int, Yardstick | None]) -> Link:
    values = [s.gbit_per_s for s in tests if s.gbit_per_s is not None]
    typical = [stick.gbit_per_s for s in tests if (stick := sticks[s.test.round])]
    lows = [_is_low(s, sticks) for s in tests]
    if all(lows):
        state = LinkState.LOW
    elif any(lows):
        state = LinkState.UNSTABLE
    else:
        state = LinkState.CLEAN if len(typical) == len(tests) else LinkState.UNJUDGED
    return Link(
        *link,
        state=state,
        gbit_per_s=median(values) if values else None,
        typical_gbit_per_s=median(typical) if typical else None,
        samples=tuple(tests),
    )


def _is_low(sample: Sample, sticks: Mapping[int, Yardstick | None]) -> bool:
    """Without peers only silence is low: a value has nothing to be compared with."""
    stick = sticks[sample.test.round]
    return stick.is_low(sample.gbit_per_s) if stick else sample.gbit_per_s is None


def _blamed_ports(links: Links) -> Iterator[Blamed]:
    ends: dict[tuple[str, Direction], list[Link]] = defaultdict(list)
    for link in links.values():
        ends[link.sender, "send"].append(link)
        ends[link.receiver, "receive"].append(link)
    for (node, direction), own in sorted(ends.items()):
        low = [link for link in own if link.state is LinkState.LOW]
        if len(low) < MIN_PARTNERS or 2 * len(low) < len(own):
            continue
        proofs = {link: _partner_proof(link, node, direction, ends) for link in low}
        accusing = [link for link, proof in proofs.items() if proof]
        tests = tuple(s for link in accusing for s in link.samples)
        if len(accusing) < MIN_PARTNERS or len(tests) < MIN_LOW_TESTS:
            continue
        yield Blamed(
            kind="port",
            node=node,
            direction=direction,
            low=tests,
            clean=tuple(s for link in accusing for s in proofs[link]),
            typical_gbit_per_s=accusing[0].typical_gbit_per_s,
        )


def _partner_proof(
    low: Link,
    node: str,
    direction: Direction,
    ends: Mapping[tuple[str, Direction], Sequence[Link]],
) -> tuple[Sample, ...]:
    """Tests in which the partner of a low link does well, in that direction, with someone else."""
    partner = low.receiver if direction == "send" else low.sender
    opposite: Direction = "receive" if direction == "send" else "send"
    return tuple(
        sample
        for link in ends[partner, opposite]
        if node not in (link.sender, link.receiver) and link.state is not LinkState.LOW
        for sample in link.samples
    )


def _merged(ports: Iterable[Blamed]) -> tuple[Blamed, ...]:
    """A node whose two directions are both at fault is one component."""
    by_node: dict[str, list[Blamed]] = defaultdict(list)
    for port in ports:
        by_node[port.node].append(port)
    return tuple(
        replace(
            two[0],
            kind="node",
            direction=None,
            low=tuple(s for port in two for s in port.low),
            clean=tuple(s for port in two for s in port.clean),
        )
        if len(two) == len(DIRECTIONS)
        else two[0]
        for two in by_node.values()
    )


def _blamed_pairs(links: Links, ports: Sequence[Blamed]) -> Iterator[Blamed]:
    for low in _lone_low_links(links, ports):
        if any(len(link.samples) >= _pair_tests_needed(link) for link in low):
            yield Blamed(
                kind="pair",
                node=low[0].sender,
                peer=low[0].receiver,
                direction="send" if len(low) == 1 else None,
                low=tuple(s for link in low for s in link.samples),
                clean=tuple(
                    s
                    for link in links.values()
                    if link.state is not LinkState.LOW
                    and (link.sender == low[0].sender or link.receiver == low[0].receiver)
                    for s in link.samples
                ),
                typical_gbit_per_s=low[0].typical_gbit_per_s,
            )


def _lone_low_links(links: Links, ports: Sequence[Blamed]) -> Iterator[tuple[Link, ...]]:
    """By pair: links that are low, while no port explains it and both ends do well with others."""
    well = [link for link in links.values() if link.state is not LinkState.LOW]
    senders, receivers = {link.sender for link in well}, {link.receiver for link in well}
    lone: dict[Pair, list[Link]] = defaultdict(list)
    for link in (link for link in links.values() if link.state is LinkState.LOW):
        explained = any(port.explains(link.sender, link.receiver) for port in ports)
        if not explained and link.sender in senders and link.receiver in receivers:
            lone[pair_of(link.sender, link.receiver)].append(link)
    yield from (tuple(low) for low in lone.values())


def _pair_tests_needed(link: Link) -> int:
    silent = all(sample.gbit_per_s is None for sample in link.samples)
    return MIN_SILENT_TESTS if silent else MIN_PAIR_TESTS


def _proven(links: Links, blamed: Iterable[Blamed], *, suspects: set[str]) -> set[str]:
    """Nodes that did well at least once, and have no low test that a known fault leaves open."""
    did_well = {
        n
        for link in links.values()
        if link.state is LinkState.CLEAN
        for n in (link.sender, link.receiver)
    }
    return did_well - suspects - {b.node for b in blamed if b.kind != "pair"}
