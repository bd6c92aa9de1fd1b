"""
Whose fault are the low tests? Every test of a node counts, for it or against it.

A node that is ill in a part of its tests and a sound one that met a spoilt test differ in how often
they are low. The log of how much likelier its tests are when it is ill is summed over all of a
node's tests (Wald's sequential test). A spoilt test accuses both its ends once; only an ill node
collects low tests with partners that are themselves fine.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from aiconform.fabric.digest import Crossing, Digest, LowTest, Switch
from aiconform.fabric.rounds import Pair

ILL = (0.3, 0.9)  # parts of its tests in which an ill node is low: now and then, or always
RARE = 0.005  # never take tests for more reliable than one spoilt of 200
SOUND = 0.75  # part of the nodes that is taken for sound when chance is estimated
FEWER = 1.5  # the least of all have fewer low tests than all would have, by about so much
MOST_SPOILT = 0.2  # where more are, low tests prove nothing
FALSE_BLAME = 0.02  # chance, over all nodes of a run, that a sound one is blamed
CLEARED = -2.0  # evidence below which a node that was low once is no longer doubted
MIN_LOW_TESTS = 3  # with as many partners
FOLDS = 2  # rounds with other partners in which a leaf is low before its switch is blamed


@dataclass(frozen=True)
class Accused:
    """A node at fault, with the tests that say so; `ports` are common to all of them."""

    node: str
    lows: tuple[LowTest, ...]
    ports: frozenset[tuple[int | None, bool]]


@dataclass
class Evidence:
    """All rounds so far, kept as what they say of each node, path and switch."""

    clean: Counter[tuple[str, bool]] = field(default_factory=Counter)  # (node, inside?)
    lows: dict[str, list[LowTest]] = field(default_factory=lambda: defaultdict(list))
    low_pairs: dict[Pair, list[LowTest]] = field(default_factory=lambda: defaultdict(list))
    ran: Counter[Pair] = field(default_factory=Counter)
    met: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    tests: Counter[bool] = field(default_factory=Counter)  # inside? → clean and low tests
    folds: dict[Switch, set[int]] = field(default_factory=lambda: defaultdict(set))
    crossings: list[list[Crossing]] = field(default_factory=list)  # by round
    again: list[Crossing] = field(default_factory=list)  # in confirming rounds

    def add(self, found: Digest) -> None:
        """Take in one judged round."""
        for a, b, inside in found.clean:
            self.clean[a, inside] += 1
            self.clean[b, inside] += 1
            self.tests[inside] += 1
        for each in found.lows:
            self.tests[each.inside] += 1
            self.low_pairs[each.test.pair].append(each)
            for node in each.test.pair:
                self.lows[node].append(each)
        ran = [*((a, b) for a, b, _ in found.clean), *found.vague]
        for a, b in (*ran, *(each.test.pair for each in found.lows)):
            self.ran[a, b] += 1
            self.met[a].add(b)
            self.met[b].add(a)
        for switch in found.folded:
            self.folds[switch].add(found.number)
        if found.purpose == "leaf-confirm":
            self.again += found.crossings
        elif found.crossings:
            self.crossings.append(found.crossings)

    @property
    def switches(self) -> frozenset[Switch]:
        """Leaf switches that were low with two different matchings."""
        return frozenset(s for s, rounds in self.folds.items() if len(rounds) >= FOLDS)

    def did_well(self, node: str) -> bool:
        return bool(self.clean[node, True] or self.clean[node, False])

    def tests_of(self, node: str) -> int:
        """Tests that speak for or against a node."""
        return self.clean[node, True] + self.clean[node, False] + len(self.lows.get(node, ()))

    def spoilt_part(self, inside: bool) -> float:
        """
        How often tests are low by chance.

        From nodes that were low once at most, and from the three quarters of all nodes that were
        low least: where most nodes are low again and again, it is not the nodes. A low test counts
        for that end that was low more often, so that ill nodes do not make their partners look so.
        """
        count = {node: len(found) for node, found in self.lows.items()}
        once, own = 0, Counter[str]()
        for found in self.low_pairs.values():
            for each in found:
                a, b = each.test.pair
                once += each.inside == inside and count[a] == count[b] == 1
                own.update(node for node in (a, b) if count[node] == max(count[a], count[b]))
        least = sorted(own[node] for node in self.met)[: math.ceil(SOUND * len(self.met))]
        tests = sum(self.tests.values())
        usual = FEWER * sum(least) / SOUND / tests if tests else 0.0
        return min(MOST_SPOILT, max(RARE, once / max(self.tests[inside], 1), usual))


class Doubts:
    """
    Who is blamed and who is still doubted, from evidence.

    Args:
        node_count: Of the whole run: among many, more sound nodes have bad luck.
        is_shared: Is a low test the fault of what many nodes share?
    """

    def __init__(
        self,
        evidence: Evidence,
        *,
        node_count: int,
        is_shared: Callable[[LowTest], bool] = lambda low: False,
    ) -> None:
        self._evidence, self._is_shared = evidence, is_shared
        self._sure = math.log(max(node_count, 2) / FALSE_BLAME)
        self._spoilt = {inside: evidence.spoilt_part(inside) for inside in (True, False)}
        self.blamed: dict[str, Accused] = {}
        self._accuse()

    def unexplained(self, node: str) -> list[LowTest]:
        """
        Low tests of a node that nothing blamed explains, one for each partner.

        More with the same partner may be the fault of the path between the two.
        """
        others = self.blamed.keys() - {node}
        by_partner = {
            low.partner(node): low
            for low in self._evidence.lows.get(node, ())
            if low.partner(node) not in others and not self._is_shared(low)
        }
        return list(by_partner.values())

    def score(self, node: str, lows: Iterable[LowTest] | None = None) -> float:
        """How much likelier the node's tests are if it is ill, as a natural log."""
        found = tuple(self.unexplained(node) if lows is None else lows)
        return max(self._likelihood(node, found, part) for part in ILL)

    @property
    def doubted(self) -> list[str]:
        """Nodes with low tests that nothing explains, most doubted first."""
        scores = {
            node: score
            for node in self._evidence.lows
            if node not in self.blamed
            and (lows := self.unexplained(node))
            and (score := self.score(node, lows)) > CLEARED
        }
        return sorted(scores, key=lambda node: (-scores[node], node))

    def low_paths(self) -> dict[Pair, list[LowTest]]:
        """Pairs with low tests of which neither end is blamed."""
        return {
            pair: lows
            for pair, lows in self._evidence.low_pairs.items()
            if not self.blamed.keys() & {*pair} and not any(map(self._is_shared, lows))
        }

    def blamed_paths(self) -> Iterator[tuple[Pair, list[LowTest]]]:
        """Paths that are low whenever tested, so often that it is no chance; both ends are fine."""
        evidence = self._evidence
        sure = math.log(max(sum(evidence.tests.values()), 2) / FALSE_BLAME)
        for pair, lows in sorted(self.low_paths().items()):
            luck = sum(-math.log(self._spoilt[low.inside]) for low in lows)
            fine = all(evidence.did_well(node) for node in pair)
            always = len(lows) == evidence.ran[pair] >= MIN_LOW_TESTS
            if fine and luck > sure and always:
                yield pair, lows

    def _likelihood(self, node: str, lows: Iterable[LowTest], part: float) -> float:
        against = sum(math.log(part / self._spoilt[low.inside]) for low in lows)
        return against + sum(
            self._evidence.clean[node, inside] * math.log((1 - part) / (1 - self._spoilt[inside]))
            for inside in (True, False)
        )

    def _accuse(self) -> None:
        """The likeliest first: what it explains no longer speaks against its partners."""
        candidates = {n for n, lows in self._evidence.lows.items() if len(lows) >= MIN_LOW_TESTS}
        while candidates:
            scored = {node: self._case(node) for node in candidates}
            node, (score, lows) = max(sorted(scored.items()), key=lambda each: each[1][0])
            if score < self._sure:
                return
            self.blamed[node] = Accused(node, lows, _common_ports(node, lows))
            candidates = {n for n in candidates - {node} if scored[n][0] >= self._sure}

    def _case(self, node: str) -> tuple[float, tuple[LowTest, ...]]:
        lows = tuple(
            low for low in self.unexplained(node) if self._evidence.did_well(low.partner(node))
        )
        if len(lows) < MIN_LOW_TESTS:
            return -math.inf, lows
        return self.score(node, lows), lows


def _common_ports(node: str, lows: Iterable[LowTest]) -> frozenset[tuple[int | None, bool]]:
    """What all of a node's low tests share; inside tests know the rail, others do not."""
    told = [low.ports(node) for low in lows if low.inside] or [low.ports(node) for low in lows]
    return frozenset.intersection(*told)
