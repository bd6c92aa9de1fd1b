"""Was everything looked at that should be? All selected nodes, accelerators and planned pairs."""

from collections.abc import Iterator, Sequence

from aiconform.judge.answers import is_known_answer
from aiconform.judge.facts import Facts
from aiconform.judge.network import Network
from aiconform.judge.states import LEFT_OUT, trouble_of
from aiconform.judge.words import clip, counted
from aiconform.model.verdict import Figure, Outcome, Verdict


def judge_coverage(facts: Facts, network: Network, verdicts: Sequence[Verdict]) -> Verdict:
    """PASS only when the survey, the plan and the end of the run are there and nothing is left."""
    gaps = list(coverage_gaps(facts, network, verdicts))
    nodes = len(facts.nodes)
    figures = (
        _figure("nodes", nodes - _untested(facts), nodes),
        _figure("pairs", _tested_pairs(network), len(network.pairs)),
        *_leaf_pairs(network),
    )
    if gaps:
        reason, sentence = gaps[0]
        sentence = "; ".join(dict.fromkeys(each for _, each in gaps))
        return _verdict(Outcome.UNKNOWN, reason, sentence, figures)
    if facts.checks_only:
        said = "no probe was switched on"
        return _verdict(Outcome.PASS, "Complete", said, figures, _evidence(facts))
    said = f"all of {counted(nodes, 'node')} and {counted(len(network.pairs), 'pair')} were tested"
    left_out = len(facts.plan.excluded) if facts.plan else 0
    if left_out:
        said += f"; {counted(left_out, 'node')} left out on purpose"
    return _verdict(Outcome.PASS, "Complete", said, figures, _evidence(facts))


def busy_accelerators(facts: Facts) -> Iterator[tuple[str, str, int]]:
    """(node, resource, count) of accelerators that planned nodes have and agents did not get."""
    if not facts.surveyed or not facts.plan or not _wants_accelerators(facts):
        return
    asked = {node: group.resources for group in facts.plan.groups for node in group.nodes}
    for node in facts.surveyed.record.nodes:
        for resource, count in sorted(node.accelerators.items()):
            missing = count - asked.get(node.name, {}).get(resource, 0)
            if node.name in asked and missing > 0:
                yield node.name, resource, missing


def _wants_accelerators(facts: Facts) -> bool:
    plan, config = facts.plan, facts.config
    if plan is None or config is None or not config.accelerators.claim:
        return False
    return any(is_known_answer(exercise) for exercise in plan.exercises)


def coverage_gaps(
    facts: Facts, network: Network, verdicts: Sequence[Verdict]
) -> Iterator[tuple[str, str]]:
    for name, fact in (
        ("the run's configuration", facts.opened),
        ("the survey", facts.surveyed),
        ("the plan", facts.planned),
        ("the end of the run", facts.closed),
    ):
        if fact is None:
            yield "JournalIncomplete", f"the journal lacks {name}"
    planned = facts.plan is not None and (facts.plan.exercises or facts.plan.pair_probe)
    if facts.plan is not None and not planned and not facts.checks_only:
        yield "NothingPlanned", "no probe was planned"
    open_nodes = [
        v
        for v in verdicts
        if v.item == "node" and v.outcome is Outcome.UNKNOWN and v.reason not in LEFT_OUT
    ]
    if open_nodes:
        yield "NodesUntested", f"{counted(len(open_nodes), 'node')} could not be tested completely"
    if not open_nodes and (unfinished := _untested(facts)):
        yield "NodesUntested", f"{counted(unfinished, 'node')} did not come to the end"
    untested = len(network.pairs) - _tested_pairs(network)
    if untested:
        yield "PairsUntested", f"{counted(untested, 'pair')} could not be tested"
    if facts.stopped:
        yield "BudgetSpent", facts.stopped.record.sentence
    for node, resource, count in busy_accelerators(facts):
        yield "AcceleratorsBusy", f"{node}: {count} {resource} were in use"


def _untested(facts: Facts) -> int:
    return sum(trouble_of(node, facts) is not None for node in facts.nodes)


def _tested_pairs(network: Network) -> int:
    return sum(path.outcome is not Outcome.UNKNOWN for path in network.paths.values())


def _leaf_pairs(network: Network) -> Iterator[Figure]:
    met = network.located.leaves_met
    if len(met) > 1:
        yield _figure("leaf_pairs", sum(met.values()) // 2, len(met) * (len(met) - 1) // 2)


def _evidence(facts: Facts) -> tuple[str, ...]:
    whole = (facts.opened, facts.surveyed, facts.planned, facts.closed)
    ends = (facts.states[node] for node in facts.nodes)
    return (*(fact.id for fact in whole if fact), *(fact.id for fact in ends))


def _figure(metric: str, value: int, of: int) -> Figure:
    return Figure(metric=f"{metric}_tested", value=value, unit="count", compared_with=f"of {of}")


def _verdict(
    outcome: Outcome,
    reason: str,
    sentence: str,
    figures: tuple[Figure, ...],
    rests_on: tuple[str, ...] = (),
) -> Verdict:
    return Verdict(
        item="coverage",
        outcome=outcome,
        reason=reason,
        sentence=clip(sentence),
        figures=figures,
        rests_on=rests_on,
    )
