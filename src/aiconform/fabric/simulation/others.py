"""The known schedules that test pairs. Each judges as it does where it comes from."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from aiconform.fabric.pairing import circle_length, circle_round, random_matching, shuffled
from aiconform.fabric.rounds import Pair, PairTest, Round, pair_of
from aiconform.fabric.simulation.faults import Key
from aiconform.fabric.simulation.network import PORT_GBIT_PER_S, SimulatedNetwork
from aiconform.fabric.simulation.outcome import PAIR_S, TRAFFIC_S, Outcome

LOW = 0.80  # of what is expected, or of the median
MESH = 8
MANY = 0.5

Port = tuple[str, int, bool]  # node, rail, does it send?


def all_pairs(network: SimulatedNetwork, seed: int) -> Outcome:
    """Everybody meets everybody; a port is low when its median over all partners is."""
    rng, order = random.Random(seed), list(network.nodes)
    length = circle_length(len(order))
    values: dict[Port, list[float]] = defaultdict(list)
    tests = 0
    for index in range(length):
        result = network.run(Round(index, "circle", circle_round(order, index)), rng)
        tests += len(result.tests)
        for test in result.tests:
            for port, value in _ports(test):
                values[port].append(value)
    medians = {port: median(own) for port, own in values.items()}
    return _outcome(network, _worst_ports(network, medians), length, tests)


def _worst_ports(network: SimulatedNetwork, medians: Mapping[Port, float]) -> frozenset[Key]:
    """Low ports, told as rails or leaf switches where most of those are low."""
    usual = median(medians.values()) if medians else 0.0
    low = {port for port, value in medians.items() if value < LOW * usual}
    blamed: set[Key] = set()
    for rail in range(network.rails):
        own = {node for node, r, _ in low if r == rail}
        if 2 * len(own) > len(network.nodes):
            blamed.add(("rail", str(rail)))
            continue
        for unit, nodes in network.topology.units.items():
            ill = own.intersection(nodes)
            if len(nodes) > 2 and 2 * len(ill) > len(nodes):
                blamed.add(("switch", unit, str(rail)))
            else:
                blamed |= {("node", node) for node in ill}
    return frozenset(blamed)


def suspects_with_good(network: SimulatedNetwork, seed: int) -> Outcome:
    """Low in the first round, and low again with a node that was good: ill."""
    rng = random.Random(seed)
    first = network.run(
        Round(0, "matching", random_matching(network.nodes, seed=str(seed))), rng
    ).tests
    low = _low_tests(network, first)
    suspects = shuffled({node for test in low for node in test.pair}, seed=f"{seed}/s")
    good = shuffled(set(network.nodes) - set(suspects), seed=f"{seed}/g")
    pairs = [pair_of(*two) for two in zip(suspects, good, strict=False)]
    if not pairs:
        return _outcome(network, frozenset(), 1, len(first))
    second = network.run(Round(1, "confirm", tuple(sorted(pairs))), rng).tests
    # In a round of suspects the good ones of the first round are the measure.
    ill = _low_tests(network, second, usual=_usual(first))
    blamed = {("node", node) for test in ill for node in test.pair if node in suspects}
    return _outcome(network, frozenset(blamed), 2, len(first) + len(second))


def fast_with_slow(network: SimulatedNetwork, seed: int) -> Outcome:
    """Ordered by the first round, the slowest meet the fastest; low both times: ill."""
    rng = random.Random(seed)
    first = network.run(
        Round(0, "matching", random_matching(network.nodes, seed=str(seed))), rng
    ).tests
    speed = {node: _speed(test) for test in first for node in test.pair}
    order = sorted(speed, key=lambda node: (speed[node], node))
    pairs = [pair_of(order[i], order[-1 - i]) for i in range(len(order) // 2)]
    second = network.run(Round(1, "matching", tuple(sorted(pairs))), rng).tests
    low = [
        {node for test in _low_tests(network, tests) for node in test.pair}
        for tests in (first, second)
    ]
    blamed = {("node", node) for node in low[0] & low[1]}
    return _outcome(network, frozenset(blamed), 2, len(first) + len(second))


def reference(network: SimulatedNetwork, seed: int) -> Outcome:
    """The first node against each other, one test at a time; low: ill."""
    rng, (first, *others) = random.Random(seed), network.nodes
    tests = [
        network.run(Round(n, "reference", (pair_of(first, other),)), rng).tests[0]
        for n, other in enumerate(others)
    ]
    low = _low_tests(network, tests, usual=PORT_GBIT_PER_S)
    blamed = {("node", node) for test in low for node in test.pair if node != first}
    return _outcome(network, frozenset(blamed), len(tests), len(tests))


def mesh_groups(network: SimulatedNetwork, seed: int) -> Outcome:
    """All pairs in groups of 8, groups side by side; low with at least half of the group: ill."""
    rng = random.Random(seed)
    order = shuffled(network.nodes, seed=str(seed))
    groups = [order[start : start + MESH] for start in range(0, len(order), MESH)]
    length = max(circle_length(len(group)) for group in groups)
    low: dict[str, int] = defaultdict(int)
    met: dict[str, int] = defaultdict(int)
    tests = 0
    for index in range(length):
        pairs: list[Pair] = []
        for group in groups:
            if index < circle_length(len(group)):
                pairs += circle_round(group, index)
        done = network.run(Round(index, "mesh", tuple(sorted(pairs))), rng).tests
        tests += len(done)
        for test in done:
            for node in test.pair:
                met[node] += 1
        for test in _low_tests(network, done):
            for node in test.pair:
                low[node] += 1
    blamed = {("node", node) for node in met if low[node] >= MANY * met[node]}
    return _outcome(network, frozenset(blamed), length, tests)


def _low_tests(
    network: SimulatedNetwork, tests: Sequence[PairTest], *, usual: float | None = None
) -> list[PairTest]:
    line = LOW * (usual if usual is not None else _usual(tests))
    return [test for test in tests if _speed(test) < line]


def _usual(tests: Iterable[PairTest]) -> float:
    speeds = [_speed(test) for test in tests]
    return median(speeds) if speeds else 0.0


def _speed(test: PairTest) -> float:
    """Of a pair's collective: as fast as its slowest flow on its slowest rail."""
    one, other = test.rates(test.a), test.rates(test.b)
    return min(*(one.slowest or one.by_rail), *(other.slowest or other.by_rail))


def _ports(test: PairTest) -> Iterable[tuple[Port, float]]:
    for sender, receiver in (test.pair, test.pair[::-1]):
        for rail, value in enumerate(test.rates(sender).by_rail):
            yield (sender, rail, True), value
            yield (receiver, rail, False), value


def _outcome(network: SimulatedNetwork, blamed: frozenset[Key], rounds: int, tests: int) -> Outcome:
    rate = network.rails * 2 * PORT_GBIT_PER_S / 8
    return Outcome(blamed, rounds, tests, rounds * PAIR_S, tests * TRAFFIC_S * rate)
