"""
One collective over everybody, and where it breaks when it does: halving, on failure only.

Three tries, of which one success is a pass. After three failures the nodes are halved in the order
of the topology, halves side by side; a single node meets a proven one, twice. When both halves pass
the whole is run again, and if it fails again the cut between them is to blame.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TRIES = 3
SINGLE_TESTS = 2

Group = tuple[str, ...]


@dataclass(frozen=True)
class Trial:
    """One collective that was run; `ok`: right results, in time, fast enough."""

    nodes: Group
    ok: bool


@dataclass(frozen=True)
class GroupVerdict:
    """
    What the trials say.

    `passed`: None while nothing is decided. `cuts`: halves that do well apart and not together.
    `flaky`: it failed three times, and nothing smaller fails.
    """

    passed: bool | None
    nodes: Group = ()
    cuts: tuple[tuple[Group, Group], ...] = ()
    flaky: bool = False


def next_groups(
    order: Sequence[str], trials: Iterable[Trial], *, proven: Sequence[str] = ()
) -> tuple[Group, ...]:
    """
    Disjoint groups to run side by side next; none when all is decided.

    Args:
        order: All nodes, neighbours in the topology next to each other.
        trials: All that was run so far.
        proven: Nodes known to be fine, to meet single nodes.
    """
    search = _Search(tuple(order), tuple(trials), tuple(proven))
    whole = search.order
    if len(whole) < 2:
        return ()
    if search.count(whole, ok=True) == 0 and search.count(whole) < TRIES:
        return (whole,)
    if search.count(whole, ok=True):
        return ()
    return search.wanted()


def group_verdict(
    order: Sequence[str], trials: Iterable[Trial], *, proven: Sequence[str] = ()
) -> GroupVerdict:
    """What the trials say so far; arguments as of `next_groups`."""
    search = _Search(tuple(order), tuple(trials), tuple(proven))
    whole = search.order
    if search.count(whole, ok=True):
        return GroupVerdict(passed=True)
    if search.count(whole) < TRIES:
        return GroupVerdict(passed=None)
    nodes, cuts = search.blamed()
    open_still = bool(search.wanted())
    return GroupVerdict(
        passed=False,
        nodes=tuple(sorted(nodes)),
        cuts=tuple(cuts),
        flaky=not nodes and not cuts and not open_still,
    )


class _Search:
    def __init__(self, order: Group, trials: tuple[Trial, ...], proven: Group) -> None:
        self.order, self._proven = order, proven
        self._known: dict[frozenset[str], list[bool]] = {}
        for trial in trials:
            self._known.setdefault(frozenset(trial.nodes), []).append(trial.ok)

    def count(self, group: Group, *, ok: bool | None = None) -> int:
        results = self._known.get(frozenset(group), [])
        return len(results) if ok is None else results.count(ok)

    def wanted(self) -> tuple[Group, ...]:
        """What has to be run next below the groups that failed; disjoint."""
        used: set[str] = set()
        wanted: list[Group] = []
        for group in self._open(self.order):
            if not used.intersection(group):
                used.update(group)
                wanted.append(group)
        return tuple(wanted)

    def blamed(self) -> tuple[set[str], list[tuple[Group, Group]]]:
        nodes: set[str] = set()
        cuts: list[tuple[Group, Group]] = []
        self._blame(self.order, nodes, cuts)
        return nodes, cuts

    def _open(self, group: Group) -> Iterable[Group]:
        if len(group) == 1:
            yield from self._single(group[0])
            return
        if not self.count(group):
            yield group
            return
        if not self._failed(group):
            return
        halves = _halves(group)
        undecided = [each for half in halves for each in self._open(half)]
        yield from undecided
        fine = not undecided and not any(self._failed(half) for half in halves)
        if fine and self.count(group) < self._tries(group) + 1:
            yield group  # the whole again: the cut, or chance

    def _blame(self, group: Group, nodes: set[str], cuts: list[tuple[Group, Group]]) -> None:
        if not self._failed(group):
            return
        if len(group) == 1:
            nodes.add(group[0])
            return
        one, other = _halves(group)
        if self._failed(one) or self._failed(other):
            self._blame(one, nodes, cuts)
            self._blame(other, nodes, cuts)
        elif self.count(group) > self._tries(group):
            cuts.append((one, other))

    def _tries(self, group: Group) -> int:
        return TRIES if group == self.order else 1

    def _failed(self, group: Group) -> bool:
        """A group fails when it never passed; a node when it failed with proven partners twice."""
        if len(group) > 1:
            return self.count(group) > 0 and not self.count(group, ok=True)
        tested = [
            ok
            for partner in self._proven
            if partner != group[0]
            for ok in self._known.get(frozenset({group[0], partner}), ())
        ]
        return len(tested) >= SINGLE_TESTS and not any(tested)

    def _single(self, node: str) -> Iterable[Group]:
        partners = [partner for partner in self._proven if partner != node]
        tested = [p for p in partners if frozenset({node, p}) in self._known]
        passed = any(any(self._known[frozenset({node, p})]) for p in tested)
        if node in self._proven or passed or len(tested) >= SINGLE_TESTS:
            return
        # A partner that is not taken yet by another single node in this step.
        start = self.order.index(node) % len(partners) if partners else 0
        for partner in (*partners[start:], *partners[:start]):
            if partner not in tested:
                yield (node, partner)
                return


def _halves(group: Group) -> tuple[Group, Group]:
    middle = (len(group) + 1) // 2
    return group[:middle], group[middle:]
