"""
In a small cluster whose nodes have several NICs: is a rail slow, or something on one rail alone?

Each rail is judged as a network of its own, so a port or a path that is slow on one rail is named
with it. A rail is blamed where all nodes are low on it while another rail does well; with one leaf
that cannot be told from the switch on which the rail hangs, and both are said.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from aiconform.fabric.localisation import Blamed, Localisation
from aiconform.fabric.noise import Yardstick, yardstick_of_few
from aiconform.fabric.rounds import PairTest, Rates, RoundResult, Sample, samples

MIN_TESTS = 2  # of each rail that is judged; a single one may be spoilt
MOSTLY = 0.8  # of a rail's samples are low when it is the rail's fault

Judge = Callable[[Sequence[RoundResult]], Localisation]


def rail_count(done: Iterable[RoundResult]) -> int:
    return max((len(t.rates(t.a).by_rail) for r in done for t in r.tests if t.ran), default=1)


def blamed_rails(done: Sequence[RoundResult]) -> Iterator[Blamed]:
    """Rails on which everybody is low, whichever node is left out, while another does well."""
    count = rail_count(done)
    by_rail: list[list[Sample]] = [[] for _ in range(count)]
    for sample in samples(done):
        if sample.test.outcome == "ok" and sample.rail < count:
            by_rail[sample.rail].append(sample)
    sticks = [s for own in by_rail if (s := _stick(own)) is not None]
    if count < 2 or not sticks:
        return
    best = max(sticks, key=lambda stick: stick.centre)
    for rail, own in enumerate(by_rail):
        nodes = frozenset(node for sample in own for node in sample.test.pair)
        if _is_low_for_all(own, nodes, best):
            yield Blamed(
                kind="rail",
                rail=rail,
                members=nodes,
                low=tuple(sample for sample in own if best.is_low(sample.gbit_per_s)),
                typical_gbit_per_s=best.gbit_per_s,
                instead="the switch it hangs on" if len(nodes) > 2 else "its switch or ports",
            )


def blamed_on_rails(
    done: Sequence[RoundResult], judge: Judge, *, whole: Sequence[Blamed], ill: Sequence[Blamed]
) -> Iterator[tuple[Localisation, tuple[Blamed, ...]]]:
    """
    What each rail says by itself, and what of it is to blame.

    Args:
        judge: Judges rounds of tests with one rail.
        whole: Blamed on all rails together, and not again on one.
        ill: Rails at fault; what hangs on them is not judged.
    """
    tests = {(test.round, test.pair): test for result in done for test in result.tests}

    def told(sample: Sample, rail: int) -> Sample:
        return replace(sample, test=tests[sample.test.round, sample.test.pair], rail=rail)

    known = {(b.kind, b.node, b.peer, b.direction) for b in whole}
    nodes = {b.node for b in whole if b.kind == "node"}
    for rail in sorted(set(range(rail_count(done))) - {b.rail for b in ill}):
        found = judge([_on(rail, result) for result in done])
        yield (
            found,
            tuple(
                replace(
                    b,
                    kind="port" if b.kind == "node" else b.kind,
                    rail=rail,
                    low=tuple(told(s, rail) for s in b.low),
                    clean=tuple(told(s, rail) for s in b.clean),
                )
                for b in found.blamed
                if b.node not in nodes and (b.kind, b.node, b.peer, b.direction) not in known
            ),
        )


def _stick(own: Sequence[Sample]) -> Yardstick | None:
    values = [s.gbit_per_s for s in own if s.gbit_per_s is not None]
    return yardstick_of_few(values)


def _is_low_for_all(own: Sequence[Sample], nodes: frozenset[str], best: Yardstick) -> bool:
    """A node that is ill is low with all others, so none may be needed to say so."""
    rests = [[s for s in own if node not in s.test.pair] for node in nodes if len(nodes) > 2]
    return all(
        len({id(s.test) for s in rest}) >= MIN_TESTS
        and sum(best.is_low(s.gbit_per_s) for s in rest) >= MOSTLY * len(rest)
        for rest in (own, *rests)
    )


def _on(rail: int, result: RoundResult) -> RoundResult:
    return replace(result, tests=tuple(_test_on(rail, test) for test in result.tests))


def _test_on(rail: int, test: PairTest) -> PairTest:
    ways = [test.rates(node) for node in test.pair]
    forward, backward = (w.by_rail[rail] if rail < len(w.by_rail) else 0.0 for w in ways)
    return replace(test, forward=Rates((forward,)), backward=Rates((backward,)))
