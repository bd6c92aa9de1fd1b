"""Which node's sending or receiving is low with partners that are themselves fine?"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from aiconform.fabric.localisation import Blamed, Link, LinkState
from aiconform.fabric.rounds import Direction, Pair, Sample

MIN_PARTNERS = 2
MIN_LOW_TESTS = 3

Ends = Mapping[tuple[str, Direction], Sequence[Link]]


def ends_of(links: Mapping[Pair, Link]) -> Ends:
    """The links of each direction of each node."""
    ends: dict[tuple[str, Direction], list[Link]] = defaultdict(list)
    for link in links.values():
        ends[link.sender, "send"].append(link)
        ends[link.receiver, "receive"].append(link)
    return ends


def accused_ports(ends: Ends) -> Iterator[Blamed]:
    """
    Directions that are low, in every repeat, with two partners and half of all partners.

    Only partners count that do well in that direction with someone else.
    """
    for (node, direction), own in sorted(ends.items()):
        low = [link for link in own if link.state is LinkState.LOW]
        if len(low) < MIN_PARTNERS or 2 * len(low) < len(own):
            continue
        proofs = {link: _partner_proof(link, node, direction, ends) for link in low}
        accusing = [link for link, proof in proofs.items() if proof]
        tests = tuple(sample for link in accusing for sample in link.samples)
        if len(accusing) >= MIN_PARTNERS and len(tests) >= MIN_LOW_TESTS:
            yield Blamed(
                kind="port",
                node=node,
                direction=direction,
                low=tests,
                clean=tuple(sample for link in accusing for sample in proofs[link]),
                typical_gbit_per_s=accusing[0].typical_gbit_per_s,
            )


def merged(ports: Iterable[Blamed]) -> tuple[Blamed, ...]:
    """A node whose two directions are both at fault is one component."""
    by_node: dict[str, list[Blamed]] = defaultdict(list)
    for port in ports:
        by_node[port.node].append(port)
    return tuple(own[0] if len(own) == 1 else _both(own) for own in by_node.values())


def _both(own: Sequence[Blamed]) -> Blamed:
    return replace(
        own[0],
        kind="node",
        direction=None,
        low=tuple(sample for port in own for sample in port.low),
        clean=tuple(sample for port in own for sample in port.clean),
    )


def _partner_proof(low: Link, node: str, direction: Direction, ends: Ends) -> tuple[Sample, ...]:
    """Tests in which the partner of a low link does well, in that direction, with someone else."""
    partner = low.receiver if direction == "send" else low.sender
    opposite: Direction = "receive" if direction == "send" else "send"
    return tuple(
        sample
        for link in ends[partner, opposite]
        if node not in (link.sender, link.receiver) and link.state is not LinkState.LOW
        for sample in link.samples
    )
