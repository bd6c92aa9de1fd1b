"""
The study of a large network whose switches are known: which round comes next, and who is to blame.

Nodes that are doubted meet proven partners in every round, beside what the round is for. So doubts
are settled while the others go on, and rounds for doubts alone come only at the end. A study takes
in each finished round once, and can be made again from all of them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from aiconform.fabric.digest import Crossing, LowTest, Measure, Measures, digest
from aiconform.fabric.evidence import Doubts, Evidence
from aiconform.fabric.folding import confirm_round, folds, inside_round, leaf_round, leaf_rounds
from aiconform.fabric.leaves import Crossed, SlowPaths, confirmed, crossed, explain, slow_line
from aiconform.fabric.noise import MIN_ROUND
from aiconform.fabric.pairing import shuffled
from aiconform.fabric.rounds import Pair, Round, RoundResult, pair_of
from aiconform.fabric.topology import Topology

SWEEPS = {"quick": 1, "standard": 5, "thorough": 9}  # tests of each link of a torus
SOAK = {"quick": 0, "standard": 8, "thorough": 16}  # more matchings inside leaves
CHASES = {"quick": 4, "standard": 24, "thorough": 32}  # rounds for doubts alone, at most
LEAF_CONFIRMS = 3
FOLD_ROUNDS = 2  # matchings of leaves whose switch is suspected, when the course has no more
FEW_PARTNERS = 8  # in a leaf of so many nodes, who has met all looks elsewhere for more
MOST_PARTNERS = 300  # to choose from: more than a leaf has
REFUSALS = 4  # tests with partners that did not run before a node is left alone
PATH_TESTS = 5  # of a path that is low whenever it is tested
# Rounds that only ask "low or not" can do with short tests: one size, no latency.
BRIEF = frozenset({"soak", "fold", "chase", "recheck"})


@dataclass(frozen=True)
class Course:
    """The rounds that a network has in any case: purposes in order."""

    purposes: tuple[str, ...]
    fold: int

    @classmethod
    def of(cls, topology: Topology, *, profile: str) -> "Course":
        if topology.torus is not None:
            rounds, sweeps = len(topology.torus.rounds), SWEEPS[profile]
            return cls(("matching",) * rounds + ("soak",) * (rounds * (sweeps - 1)), 1)
        sizes = sorted(len(nodes) for nodes in topology.units.values())
        typical = sizes[len(sizes) // 2] if sizes else 1
        count = leaf_rounds(len(sizes), typical, profile=profile)
        soak = ("soak",) * SOAK[profile]
        return cls(("matching", *soak, *("leaf",) * count), folds(len(sizes), typical))


@dataclass(frozen=True)
class Judged:
    """What the tests of one round were judged by, and which of them were low."""

    measure: Measure
    low: frozenset[Pair]


class Study:
    """
    One run's tests, and what follows from them.

    Args:
        nodes: All nodes of the run.
        seed: Chooses partners; the same seed gives the same rounds.
        profile: quick, standard or thorough.
    """

    def __init__(
        self, nodes: Iterable[str], topology: Topology, *, seed: int, profile: str
    ) -> None:
        self.nodes = tuple(sorted(set(nodes)))
        self.topology = topology.of(self.nodes)
        self.course = Course.of(self.topology, profile=profile)
        self.evidence = Evidence()
        self.rails = 1
        self.judged: dict[int, Judged] = {}
        self._seed, self._profile = str(seed), profile
        self._purposes: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._number = 0
        self._measures = Measures()

    def add(self, result: RoundResult) -> None:
        """Take in a finished round."""
        found = digest(
            result,
            self.topology,
            measures=self._measures,
            ignored=self.evidence.switches,
        )
        self.rails = max(self.rails, found.rails)
        low = frozenset(low.test.pair for low in found.lows)
        self.judged[found.number] = Judged(found.measure, low)
        self.evidence.add(found)
        self._purposes[found.purpose] += 1
        self._number = max(self._number, found.number + 1)
        self._refused.update(n for t in result.tests if not t.ran for n in t.pair)
        outdated = [
            "doubts",
            *(("slow_paths", "confirmed_paths", "slow_below") if found.crossings else ()),
        ]
        for cached in outdated:
            self.__dict__.pop(cached, None)

    @cached_property
    def doubts(self) -> Doubts:
        return Doubts(self.evidence, node_count=len(self.nodes), is_shared=self._is_shared)

    @cached_property
    def slow_paths(self) -> SlowPaths:
        """Leaves and pairs of leaves that are suspected."""
        sizes = sorted(len(nodes) for nodes in self.topology.units.values())
        met = self._crossed(c for crossings in self.evidence.crossings for c in crossings)
        return explain(
            met.paths,
            met.slow,
            rails=self.rails,
            leaf_size=sizes[len(sizes) // 2] if sizes else 1,
        )

    @cached_property
    def confirmed_paths(self) -> SlowPaths:
        """Those of them that are blamed."""
        again = self._crossed(self.evidence.again)
        return confirmed(self.slow_paths, again.paths, again.slow, rails=self.rails)

    @cached_property
    def slow_below(self) -> float:
        """Gbit/s of a rail's slowest flows across leaves, below which they are slow."""
        return slow_line(self.evidence.crossings)

    def _crossed(self, crossings: Iterable[Crossing]) -> Crossed:
        return crossed(crossings, below=self.slow_below, rails=self.rails)

    @property
    def named(self) -> frozenset[object]:
        """All that is blamed after the rounds so far: nodes, paths, switches, uplinks, leaves."""
        sure = self.confirmed_paths
        paths = {pair for pair, _ in self.doubts.blamed_paths()}
        return frozenset(
            {*self.doubts.blamed, *paths, *self.evidence.switches, *sure.uplinks, *sure.pairs}
        )

    def next_round(self, alive: Iterable[str]) -> Round | None:
        """
        The next round of disjoint pairs, or None when nothing more needs to be asked.

        Args:
            alive: Nodes that can be tested now.
        """
        able = sorted(set(alive).intersection(self.nodes) - self.doubts.blamed.keys())
        done = sum(self._purposes[purpose] for purpose in {*self.course.purposes})
        # In a torus everybody meets all neighbours in any case, and others would share their links.
        waits = self.topology.torus is not None and done < len(self.course.purposes)
        asked, free = ([], set(able)) if waits else self._doubt_pairs(able)
        if done < len(self.course.purposes):
            purpose = self.course.purposes[done]
            pairs = self._course_pairs(purpose, self._purposes[purpose], free)
            return self._round(purpose, asked + list(pairs))
        if (pairs := self._fold_pairs(free)) and self._purposes["fold"] < FOLD_ROUNDS:
            return self._round("fold", asked + list(pairs))
        if (pairs := self._confirm_pairs(free)) and self._purposes["leaf-confirm"] < LEAF_CONFIRMS:
            return self._round("leaf-confirm", asked + list(pairs))
        if asked and self._purposes["chase"] < CHASES[self._profile]:
            return self._round("chase", asked)
        if paths := self._path_pairs(able):
            return self._round("recheck", paths)
        return None

    def _is_shared(self, low: LowTest) -> bool:
        """Does a test go over a pair of leaves that is suspected?"""
        if low.inside or not self.slow_paths.pairs:
            return False
        one, other = sorted(self.topology.unit_of.get(node, "") for node in low.test.pair)
        return (one, other) in self.slow_paths.pairs

    def _round(self, purpose: str, pairs: Iterable[Pair]) -> Round:
        return Round(self._number, purpose, tuple(sorted(pairs)))

    def _course_pairs(self, purpose: str, index: int, free: set[str]) -> tuple[Pair, ...]:
        units, torus = self.topology.units, self.topology.torus
        if torus is not None:
            number = index + len(torus.rounds) * (purpose == "soak")
            return torus.round(number, free=free)
        if purpose == "leaf":
            left = {unit: [n for n in nodes if n in free] for unit, nodes in units.items()}
            return leaf_round(left, index, fold=self.course.fold, seed=self._seed)
        number = index + (purpose == "soak")
        return inside_round(units, number, free=free, seed=self._seed)

    def _doubt_pairs(self, able: Sequence[str]) -> tuple[list[Pair], set[str]]:
        """Doubted nodes with partners that did well, from the same leaf if there is one."""
        free = set(able)
        if not self._number:
            return [], free
        doubted = [node for node in (*self.doubts.doubted, *self._never_met(able)) if node in free]
        proven = free.difference(doubted)
        pairs: list[Pair] = []
        everyone: list[str] | None = None
        for node in doubted:
            near = self._near(node)
            partner = self._partner(node, near, proven)
            if partner is None:
                again = len(near) > FEW_PARTNERS or self.topology.torus is not None
                partner = self._partner(node, near, proven, again=again)
            if partner is None:
                everyone = everyone or shuffled(able, seed=f"{self._seed}/{self._number}")
                partner = self._partner(node, everyone, proven)
            if partner is not None:
                proven.discard(partner)
                free -= {node, partner}
                pairs.append(pair_of(node, partner))
        return pairs, free

    def _near(self, node: str) -> Sequence[str]:
        """Partners whose tests say most: of the same leaf, or neighbours."""
        if self.topology.torus is not None:
            return self.topology.torus.neighbours(node)
        return self.topology.units.get(self.topology.unit_of.get(node, ""), ())

    def _partner(
        self, node: str, among: Iterable[str], free: set[str], *, again: bool = False
    ) -> str | None:
        """One that did well; a new one, unless `again`."""
        met = self.evidence.met[node] if not again else ()
        good = (
            n
            for n in among
            if n in free and n not in met and n != node and self.evidence.did_well(n)
        )
        few = islice(good, MOST_PARTNERS)
        return next(iter(shuffled(few, seed=f"{self._seed}/{self._number}/{node}")), None)

    def _never_met(self, able: Iterable[str]) -> list[str]:
        """Byes, late ones, and those whose partners were lost."""
        return [
            node
            for node in able
            if not self.evidence.met.get(node) and self._refused[node] < REFUSALS
        ]

    def _fold_pairs(self, free: set[str]) -> tuple[Pair, ...]:
        """Leaves whose switch was low in one matching, with other partners."""
        if self.topology.torus is not None:
            return ()  # its course meets each partner again
        folds, blamed = self.evidence.folds, self.evidence.switches
        units = {unit for unit, rail in folds.keys() - blamed}
        among = {u: own for u, own in self.topology.units.items() if u in units}
        able = {node for own in among.values() for node in own if node in free}
        number = self._purposes["soak"] + self._purposes["fold"] + 1
        return inside_round(among, number, free=able, seed=self._seed)

    def _confirm_pairs(self, free: set[str]) -> tuple[Pair, ...]:
        """Suspected uplinks, until confirmed, and suspected pairs of leaves, once."""
        paths, sure = self.slow_paths, self.confirmed_paths
        asked = {crossing.units for crossing in self.evidence.again}
        units = {u: [n for n in own if n in free] for u, own in self.topology.units.items()}
        return confirm_round(
            units,
            (unit for unit, rail in paths.uplinks if (unit, rail) not in sure.uplinks),
            (pair for pair in paths.pairs if pair not in asked),
            seed=f"{self._seed}/{self._number}",
        )

    def _path_pairs(self, able: Iterable[str]) -> list[Pair]:
        """Paths that are low whenever tested, while both ends are fine with others."""
        evidence, free = self.evidence, set(able)
        blamed = {pair for pair, _ in self.doubts.blamed_paths()}
        pairs: list[Pair] = []
        for pair, lows in sorted(self.doubts.low_paths().items()):
            fine = all(evidence.did_well(node) for node in pair)
            wanted = fine and evidence.ran[pair] == len(lows) < PATH_TESTS
            willing = max(self._refused[node] for node in pair) < REFUSALS
            if wanted and willing and pair not in blamed and free.issuperset(pair):
                free.difference_update(pair)
                pairs.append(pair)
        return pairs


def study_of(
    nodes: Iterable[str],
    done: Sequence[RoundResult],
    topology: Topology,
    *,
    seed: int = 0,
    profile: str = "standard",
) -> Study:
    """The study of a run from all its finished rounds; seed and profile choose what comes next."""
    seen = {node for result in done for pair in result.round.pairs for node in pair}
    study = Study({*nodes, *seen}, topology, seed=seed, profile=profile)
    for result in done:
        study.add(result)
    return study


def can_study(
    topology: Topology | None, nodes: Iterable[str], done: Sequence[RoundResult] = ()
) -> bool:
    """
    Are there enough tests inside of leaves for a round to be judged by itself?

    Args:
        nodes: Those that take part, while no round is done; after that, its first round says.
    """
    if topology is None:
        return False
    first = next((result for result in done if result.round.purpose == "matching"), None)
    if first is not None:
        inside = sum(topology.is_inside(*pair) for pair in first.round.pairs)
        rails = max((len(test.rates(test.a).by_rail) for test in first.tests), default=1)
    else:
        inside = topology.of(nodes).pairs_at_once
        rails = topology.rails
    return 2 * rails * inside >= MIN_ROUND
