"""How a fault in the network is told: what is low, with whom, against what, and who is excluded."""

from statistics import median

from aiconform.fabric import Blamed
from aiconform.judge.words import clip, counted, listed, number
from aiconform.model.verdict import Subject

DOING = {"send": "sending", "receive": "receiving"}


def subject_of(blamed: Blamed) -> Subject:
    """A path is named by both its nodes, a port by its node and direction, a switch by its leaf."""
    return Subject(
        node=blamed.node or None,
        peer=blamed.peer,
        direction=blamed.direction if blamed.kind == "port" else None,
        leaf=blamed.leaf,
        peer_leaf=blamed.peer_leaf,
        rail=blamed.rail,
    )


def ids_of(blamed: Blamed) -> tuple[str, ...]:
    """The journal records of the tests that accuse it."""
    return tuple(dict.fromkeys(i for sample in blamed.low for i in sample.test.record_ids))


def sentence_of(blamed: Blamed) -> str:
    """`node3 sending: 0.3 Gbit/s where 6.1 is typical, in all 6 tests with node1 and node2; …`."""
    values = [s.gbit_per_s for s in blamed.low if s.gbit_per_s is not None]
    typical = blamed.typical_gbit_per_s
    rate = f"{number(median(values))} Gbit/s" if values else "no data came through"
    against = f" where {number(typical)} is typical" if values and typical else ""
    name = f"{_name(blamed)}, or {blamed.instead}" if blamed.instead else _name(blamed)
    return clip(f"{name}: {rate}{against}, {_tests(blamed)}{_neighbours(blamed)}")


def _name(blamed: Blamed) -> str:
    rail = f" rail {blamed.rail}" if blamed.rail is not None else ""
    match blamed.kind:
        case "pair":
            between, joined = ("from ", "to") if blamed.direction else ("between ", "and")
            link = f"the link along {blamed.axis} {between}" if blamed.axis else ""
            return f"{link}{blamed.node} {joined} {blamed.peer}"
        case "switch":
            return f"the switch of leaf {blamed.leaf}{rail}"
        case "uplink":
            return f"an uplink of leaf {blamed.leaf}{rail}"
        case "rail":
            among = f"among all {counted(len(blamed.members), 'node')}"
            return f"rail {blamed.rail} {among if blamed.members else 'in most leaves'}"
        case "leaf_pair":
            return f"the path between leaf {blamed.leaf} and leaf {blamed.peer_leaf}"
        case _:
            doing = f" {DOING[blamed.direction]}" if blamed.direction else " in both directions"
            return f"{blamed.node}{rail}{doing}"


def _tests(blamed: Blamed) -> str:
    low = len({(s.test.round, s.test.pair) for s in blamed.low})
    if blamed.test_count is not None and blamed.test_count > low:
        return f"in {low} of {counted(blamed.test_count, 'test')}"
    constant = blamed.kind in {"node", "port", "pair"}
    return f"in {'all ' if constant else ''}{counted(low, 'test')}"


def _neighbours(blamed: Blamed) -> str:
    """Who is not to blame."""
    match blamed.kind:
        case "pair":
            return "; both are fine with others"
        case "switch":
            return f" among its {counted(len(blamed.members), 'node')}; its peers are fine"
        case "uplink":
            return f" of its {counted(len(blamed.members), 'node')} with other leaves"
        case "rail":
            return "; the other rails are fine"
        case "leaf_pair":
            return "; both leaves are fine with others"
        case _:
            ends = {end for s in blamed.low for end in (s.sender, s.receiver)}
            partners = sorted(ends - {blamed.node})
            return f" with {listed(partners)}, which are fine with others"
