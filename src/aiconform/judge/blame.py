"""How a fault in the network is told: what is low, with whom, against what, and who is excluded."""

from statistics import median

from aiconform.fabric import Blamed
from aiconform.judge.words import clip, counted, listed, number
from aiconform.model.verdict import Subject

DOING = {"send": "sending", "receive": "receiving"}


def subject_of(blamed: Blamed) -> Subject:
    """A path is named by both its nodes, a port by its node and direction."""
    direction = blamed.direction if blamed.kind == "port" else None
    return Subject(node=blamed.node, peer=blamed.peer, direction=direction)


def ids_of(blamed: Blamed) -> tuple[str, ...]:
    """The journal records of the tests that accuse it."""
    return tuple(dict.fromkeys(i for sample in blamed.low for i in sample.test.record_ids))


def sentence_of(blamed: Blamed) -> str:
    """`node3 sending: 0.3 Gbit/s where 6.1 is typical, in all 6 tests with node1 and node2; …`."""
    partners = sorted(
        {end for s in blamed.low for end in (s.sender, s.receiver)} - {blamed.node, blamed.peer}
    )
    tests = {(s.test.round, s.test.pair) for s in blamed.low}
    values = [s.gbit_per_s for s in blamed.low if s.gbit_per_s is not None]
    typical = blamed.typical_gbit_per_s
    rate = f"{number(median(values))} Gbit/s" if values else "no data came through"
    against = f" where {number(typical)} is typical" if values and typical else ""
    in_all = f"in all {counted(len(tests), 'test')}"
    if blamed.kind == "pair":
        way = "to" if blamed.direction else "and"
        where = f"{blamed.node} {way} {blamed.peer}"
        return clip(f"{where}: {rate}{against}, {in_all}; both are fine with others")
    doing = f" {DOING[blamed.direction]}" if blamed.direction else " in both directions"
    with_whom = f"{in_all} with {listed(partners)}, which are fine with others"
    return clip(f"{blamed.node}{doing}: {rate}{against}, {with_whom}")
