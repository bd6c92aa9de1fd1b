"""
What one round says, with switches known: which tests were low, and which paths were slow.

Inside a leaf every rate is compared with all inside rates of the round, rail by rail. Across leaves
hashed flows collide, so rates scatter widely: there a node is judged by all that it moved, and only
where a node at half speed would have been seen; the slowest flows speak for the paths alone.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from aiconform.fabric.noise import Yardstick, yardstick_of
from aiconform.fabric.rounds import PairTest, RoundResult
from aiconform.fabric.topology import Topology

FOLD_PAIRS = 3  # inside pairs that a leaf needs, for its switch to be suspected
ACROSS_LOW = 0.60  # of what a node moves inside its leaf; a node at half speed stays below
ACROSS_WELL = 0.65  # and never comes above
INSIDE = frozenset({"matching", "soak"})  # rounds in which everybody meets one of its leaf

UnitPair = tuple[str, str]
Port = tuple[int | None, bool]  # rail, None for all together; forward (a sends)?
Switch = tuple[str, int | None]  # unit, rail


@dataclass(frozen=True, slots=True)
class Crossing:
    """A test between two units: Gbit/s of the slowest flows, rail by rail, one way, then back."""

    units: UnitPair
    gbit_per_s: tuple[float, ...]


@dataclass(frozen=True)
class LowTest:
    """A test with low samples; `low` says on which rails and in which directions."""

    test: PairTest
    low: frozenset[Port]
    inside: bool

    def ports(self, node: str) -> frozenset[tuple[int | None, bool]]:
        """As the node sees it: (rail, does it send?)."""
        is_a = node == self.test.a
        return frozenset((rail, forward == is_a) for rail, forward in self.low)

    def partner(self, node: str) -> str:
        return self.test.b if node == self.test.a else self.test.a


@dataclass(frozen=True)
class Measure:
    """
    What the rates of a round are judged by; None where there were too few to say.

    `inside`: one rail of one direction. `across`: all rails of one direction.
    """

    inside: Yardstick | None = None
    across: Yardstick | None = None


class Measures:
    """
    What rounds are judged by, one after the other.

    Rounds for everybody give the usual rate; the spread is the median of theirs, since that of one
    small round may be small by chance. Rounds that ask about suspects are judged by the last round
    for everybody: half of their own tests may be low.
    """

    def __init__(self) -> None:
        self._last = Measure()
        self._spreads: dict[str, list[float]] = {"inside": [], "across": []}

    def of(self, purpose: str, *, inside: Sequence[float], across: Sequence[float]) -> Measure:
        """
        The measure of the next round.

        Args:
            inside: Gbit/s of each rail and direction.
            across: Gbit/s of all rails of each direction.
        """
        self._last = Measure(
            inside=self._stick(self._last.inside, inside, "inside", own=purpose in INSIDE),
            across=self._stick(self._last.across, across, "across", own=purpose == "leaf"),
        )
        return self._last

    def _stick(
        self, last: Yardstick | None, values: Sequence[float], tier: str, *, own: bool
    ) -> Yardstick | None:
        if last is not None and not own:
            return last
        stick = yardstick_of(values)
        if stick is None:
            return last
        if own:
            self._spreads[tier].append(stick.spread)
        return Yardstick(stick.centre, median(self._spreads[tier] or [stick.spread]))


@dataclass
class Digest:
    """One round, judged."""

    number: int
    purpose: str
    lows: list[LowTest] = field(default_factory=list)
    clean: list[tuple[str, str, bool]] = field(default_factory=list)  # a, b, inside?
    vague: list[tuple[str, str]] = field(default_factory=list)  # ran, and accuses or excuses nobody
    folded: set[Switch] = field(default_factory=set)
    crossings: list[Crossing] = field(default_factory=list)  # tests between two units
    rails: int = 1
    measure: Measure = field(default_factory=Measure)


def digest(
    result: RoundResult,
    topology: Topology,
    *,
    measures: Measures,
    ignored: Iterable[Switch] = (),
) -> Digest:
    """
    Judge a round.

    Args:
        measures: What earlier rounds were judged by; this one is added.
        ignored: Switches that are blamed; what they carry says nothing of nodes.
    """
    ran = [test for test in result.tests if test.ran]
    unit_of = topology.unit_of
    if topology.torus is not None:
        inside = [test for test in ran if topology.is_inside(*test.pair)]
    else:
        inside = [t for t in ran if (u := unit_of.get(t.a)) is not None and u == unit_of.get(t.b)]
    among = set(map(id, inside))
    across = [test for test in ran if id(test) not in among]
    found = Digest(result.round.number, result.round.purpose)
    found.rails = max((len(test.rates(test.a).by_rail) for test in ran[:1]), default=1)
    found.measure = measures.of(
        result.round.purpose,
        inside=[v for test in inside for v in _rails_of(test)],
        across=[sum(test.rates(node).by_rail) for test in across for node in test.pair],
    )
    _judge_inside(found, inside, topology, frozenset(ignored))
    _judge_across(found, across, topology, frozenset(ignored))
    found.crossings += _crossings(across, topology)
    return found


def _rails_of(test: PairTest) -> tuple[float, ...]:
    return test.rates(test.a).by_rail + test.rates(test.b).by_rail


def _judge_inside(
    found: Digest,
    tests: Sequence[PairTest],
    topology: Topology,
    ignored: frozenset[Switch],
) -> None:
    stick = found.measure.inside
    floor = stick.low_below if stick else 0.0
    lows: list[tuple[PairTest, frozenset[Port]]] = []
    sizes: Counter[str] = Counter()
    for test in tests:
        sizes[topology.unit_of[test.a]] += 1
        forward, backward = test.rates(test.a).by_rail, test.rates(test.b).by_rail
        least = min(min(forward), min(backward))
        if least >= floor and least > 0:
            if stick:
                found.clean.append((*test.pair, True))
            else:
                found.vague.append(test.pair)
        else:
            ports: list[Port] = [(r, True) for r, v in enumerate(forward) if v < floor or not v]
            ports += [(r, False) for r, v in enumerate(backward) if v < floor or not v]
            lows.append((test, frozenset(ports)))
    found.folded |= _folded(lows, sizes, topology, found.rails)
    hidden = found.folded | ignored
    for test, low in lows:
        unit = topology.unit_of[test.a]
        left = frozenset(
            port for port in low if not hidden.intersection({(unit, port[0]), (unit, None)})
        )
        if left:
            found.lows.append(LowTest(test, left, inside=True))
        elif (unit, None) not in hidden:
            found.clean.append((*test.pair, True))


def _folded(
    lows: Iterable[tuple[PairTest, frozenset[Port]]],
    sizes: Counter[str],
    topology: Topology,
    rails: int,
) -> set[Switch]:
    """Rails on which at least half of a leaf's pairs are low while another rail is fine."""
    hits: dict[str, Counter[int | None]] = defaultdict(Counter)
    for test, low in lows:
        unit = topology.unit_of[test.a]
        hits[unit].update({rail for rail, _ in low})
        hits[unit][None] += 1
    folded, whole = set[Switch](), set[Switch]()
    for unit, found in hits.items():
        pairs = sizes[unit]
        if pairs < FOLD_PAIRS:
            continue
        ill = [rail for rail in range(rails) if 2 * found[rail] >= pairs]
        if ill and len(ill) < rails:
            folded |= {(unit, rail) for rail in ill}
        elif ill and 4 * found[None] >= 3 * pairs:
            whole.add((unit, None))  # no other rail to compare with, so nearly all must be low
    # Where most leaves are ill as a whole, it is the yardstick that is wrong.
    return folded | (whole if 2 * len(whole) <= len(sizes) else set())


def _judge_across(
    found: Digest,
    tests: Sequence[PairTest],
    topology: Topology,
    ignored: frozenset[Switch],
) -> None:
    """By all that was moved in each direction, against the round and against inside rates."""
    moved = [(t, sum(t.rates(t.a).by_rail), sum(t.rates(t.b).by_rail)) for t in tests]
    stick, among = found.measure.across, found.measure.inside
    inside = among.gbit_per_s * found.rails if among else None
    low_below = stick.low_below if stick else 0.0
    if inside is not None:
        low_below = min(low_below, ACROSS_LOW * inside)
    # A node is cleared only where each of its rails did well.
    well_from = ACROSS_WELL * among.gbit_per_s if among else math.inf
    lows: list[LowTest] = []
    tests_of: Counter[str] = Counter()
    lows_of: Counter[str] = Counter()
    for test, forward, backward in moved:
        units = [topology.unit_of.get(n, n) for n in test.pair]
        keys = (*units, "\0".join(sorted(units)))
        tests_of.update(keys)
        if min(forward, backward) < low_below or not (forward and backward):
            lows_of.update(keys)
            ways = ((True, forward), (False, backward))
            low = frozenset((None, way) for way, v in ways if v < low_below or not v)
            lows.append(LowTest(test, low, inside=False))
        elif min(_rails_of(test)) >= well_from:
            found.clean.append((*test.pair, False))
        else:
            found.vague.append(test.pair)
    for each in lows:
        units = [topology.unit_of.get(n, n) for n in each.test.pair]
        keys = (*units, "\0".join(sorted(units)))
        # Half of what a leaf, or a pair of leaves, has to do with is low: that is no node's fault.
        shared = any(lows_of[key] >= 2 and 2 * lows_of[key] >= tests_of[key] for key in keys)
        if shared or ignored.intersection((unit, None) for unit in units):
            found.vague.append(each.test.pair)
        else:
            found.lows.append(each)


def _crossings(tests: Iterable[PairTest], topology: Topology) -> Iterator[Crossing]:
    """Tests between two units, with what speaks for their paths in each direction."""
    for test in tests:
        one, other = topology.unit_of.get(test.a), topology.unit_of.get(test.b)
        if one is not None and other is not None and one != other and test.outcome == "ok":
            forward, backward = test.rates(test.a), test.rates(test.b)
            pair = (one, other) if one < other else (other, one)
            ways = (forward.slowest or forward.by_rail) + (backward.slowest or backward.by_rail)
            yield Crossing(pair, ways)
