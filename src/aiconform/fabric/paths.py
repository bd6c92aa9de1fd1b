"""Which path is low while both of its ends do well with others?"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from aiconform.fabric.localisation import Blamed, Link, LinkState
from aiconform.fabric.rounds import Pair, pair_of

Links = Mapping[Pair, Link]


def lone_low_links(links: Links, ports: Sequence[Blamed]) -> Iterator[tuple[Link, ...]]:
    """By pair: low links that no blamed port explains, of ends that do well with others."""
    well = [link for link in links.values() if link.state is not LinkState.LOW]
    senders, receivers = {link.sender for link in well}, {link.receiver for link in well}
    lone: dict[Pair, list[Link]] = defaultdict(list)
    for link in (link for link in links.values() if link.state is LinkState.LOW):
        explained = any(port.explains(link.sender, link.receiver) for port in ports)
        if not explained and link.sender in senders and link.receiver in receivers:
            lone[pair_of(link.sender, link.receiver)].append(link)
    yield from (tuple(low) for low in lone.values())


def path_of(low: Sequence[Link], links: Links) -> Blamed:
    """The blamed path of low links, with the tests that excuse its ends."""
    first = low[0]
    return Blamed(
        kind="pair",
        node=first.sender,
        peer=first.receiver,
        direction="send" if len(low) == 1 else None,
        low=tuple(sample for link in low for sample in link.samples),
        clean=tuple(
            sample
            for link in links.values()
            if link.state is not LinkState.LOW
            and (link.sender == first.sender or link.receiver == first.receiver)
            for sample in link.samples
        ),
        typical_gbit_per_s=first.typical_gbit_per_s,
    )
