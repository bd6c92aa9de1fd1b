"""
Which component makes tests low: a node's sending, its receiving, the node, or one path?

Each direction is judged apart: a low test from a to b is evidence against a's sending or b's
receiving. A direction is blamed when it is low with several partners that are fine with others, a
path when both of its ends are fine with others, and either only when it is no chance. Tests that
did not run say nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from statistics import median

from aiconform.fabric.chance import Chance, Sticks, chance_of, is_low
from aiconform.fabric.localisation import Blamed, Link, LinkState, Localisation
from aiconform.fabric.located import located
from aiconform.fabric.noise import yardsticks
from aiconform.fabric.paths import lone_low_links, path_of
from aiconform.fabric.ports import Ends, accused_ports, ends_of, merged
from aiconform.fabric.rails import blamed_on_rails, blamed_rails, rail_count
from aiconform.fabric.rounds import (
    Pair,
    RoundResult,
    Sample,
    is_large,
    pair_of,
    planned_pairs,
    samples,
)
from aiconform.fabric.study import can_study, study_of
from aiconform.fabric.topology import Topology

Links = Mapping[Pair, Link]


def localise(
    nodes: Iterable[str], done: Sequence[RoundResult], *, topology: Topology | None = None
) -> Localisation:
    """
    Judge all tests together.

    Args:
        nodes: Those that the run means to test; nodes seen only in tests are judged as well.
        done: Finished rounds.
        topology: Which nodes share switches. In a small network it makes no difference.
    """
    if topology is not None and is_large(done) and can_study(topology, nodes, done):
        return located(study_of(nodes, done, topology), done)
    everyone = tuple(nodes)
    found = _together(everyone, done)
    if is_large(done) or rail_count(done) < 2:
        return found
    return _by_rail(everyone, done, found)


def _by_rail(
    nodes: Sequence[str], done: Sequence[RoundResult], whole: Localisation
) -> Localisation:
    """What all rails say together, and what each says by itself."""
    ill = tuple(blamed_rails(done))
    told = tuple(blamed_on_rails(done, partial(_together, nodes), whole=whole.blamed, ill=ill))
    blamed = (*ill, *whole.blamed, *(each for _, own in told for each in own))
    low = tuple(dict.fromkeys((*whole.low, *(s for b in blamed for s in b.low))))
    # One rail has few samples; all together say better which single test was low.
    suspects = {
        node
        for sample in whole.low
        if not _explained(sample, blamed)
        for node in (sample.sender, sample.receiver)
    } - {b.node for b in blamed}
    pairs = {
        pair for found in (whole, *(found for found, _ in told)) for pair in found.suspect_pairs
    }
    return replace(
        whole,
        blamed=blamed,
        low=low,
        suspects=tuple(sorted(suspects)),
        suspect_pairs=tuple(
            sorted(
                p for p in pairs if not any(b.explains(*p) or b.explains(*p[::-1]) for b in blamed)
            )
        ),
        proven=tuple(n for n in whole.proven if n not in suspects | {b.node for b in blamed}),
    )


def _together(nodes: Sequence[str], done: Sequence[RoundResult]) -> Localisation:
    """All rails of a test as one."""
    found = tuple(samples(done))
    sticks = yardsticks(found)
    links = _links(found, sticks)
    ends = ends_of(links)
    accused = tuple(accused_ports(ends))
    ports = merged(_sure_ports(accused, ends, _chance(found, accused, sticks)))
    lone = tuple(path_of(low, links) for low in lone_low_links(links, ports))
    paths = _sure_paths(lone, links, _chance(found, (*accused, *lone), sticks))
    blamed = (*ports, *paths)
    low = tuple(sample for sample in found if is_low(sample, sticks))
    unexplained = {
        node for s in low if not _explained(s, blamed) for node in (s.sender, s.receiver)
    }
    proven = _proven(links, ports) - unexplained
    tested = frozenset(pair_of(*link) for link in links)
    missing = frozenset(planned_pairs(nodes, done)) - tested
    covered = frozenset(pair for pair in missing if proven.issuperset(pair))
    return Localisation(
        blamed=blamed,
        links=links,
        suspects=tuple(sorted(unexplained - {port.node for port in ports})),
        suspect_pairs=_suspect_pairs(links, blamed),
        proven=tuple(sorted(proven)),
        low=low,
        tested=tested,
        covered=covered,
        untested=missing - covered,
    )


def _links(found: Iterable[Sample], sticks: Sticks) -> dict[Pair, Link]:
    by_link: dict[Pair, list[Sample]] = defaultdict(list)
    for sample in found:
        by_link[sample.sender, sample.receiver].append(sample)
    return {link: _link(link, tests, sticks) for link, tests in sorted(by_link.items())}


def _link(link: Pair, tests: Sequence[Sample], sticks: Sticks) -> Link:
    values = [s.gbit_per_s for s in tests if s.gbit_per_s is not None]
    typical = [stick.gbit_per_s for s in tests if (stick := sticks[s.test.round])]
    lows = [is_low(s, sticks) for s in tests]
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


def _chance(found: Iterable[Sample], accused: Sequence[Blamed], sticks: Sticks) -> Chance:
    return chance_of((s for s in found if not _explained(s, accused)), sticks)


def _sure_ports(accused: Iterable[Blamed], ends: Ends, chance: Chance) -> list[Blamed]:
    return [
        port
        for port in accused
        if port.direction
        and chance.excludes(
            (s for link in ends[port.node, port.direction] for s in link.samples),
            components=len(ends),
        )
    ]


def _sure_paths(lone: Iterable[Blamed], links: Links, chance: Chance) -> list[Blamed]:
    """One direction of a path is enough to blame it; both of its ends are fine with others."""
    return [
        path
        for path in lone
        if any(
            chance.excludes(links[link].samples, components=len(links))
            for link in {(sample.sender, sample.receiver) for sample in path.low}
        )
    ]


def _suspect_pairs(links: Links, blamed: Sequence[Blamed]) -> tuple[Pair, ...]:
    """Pairs that are low whenever they are tested, while nothing blamed explains it."""
    low = (link for link in links.values() if link.state is LinkState.LOW)
    pairs = {
        pair_of(link.sender, link.receiver)
        for link in low
        if not any(b.explains(link.sender, link.receiver) for b in blamed)
    }
    return tuple(sorted(pairs))


def _explained(sample: Sample, blamed: Sequence[Blamed]) -> bool:
    return any(
        component.explains(sample.sender, sample.receiver) and component.rail in {None, sample.rail}
        for component in blamed
    )


def _proven(links: Links, ports: Iterable[Blamed]) -> set[str]:
    """Nodes that did well at least once and are not blamed."""
    clean = [link for link in links.values() if link.state is LinkState.CLEAN]
    did_well = {node for link in clean for node in (link.sender, link.receiver)}
    return did_well - {port.node for port in ports}
