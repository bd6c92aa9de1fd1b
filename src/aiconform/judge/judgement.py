"""From a journal to everything that follows from it."""

from collections.abc import Iterable, Mapping, Sequence

from aiconform.judge.answers import is_answer, judge_answers
from aiconform.judge.coverage import judge_coverage
from aiconform.judge.facts import Facts, gather
from aiconform.judge.findings import find
from aiconform.judge.inventory import inventory_defects, judge_inventory
from aiconform.judge.ledger import make_ledger
from aiconform.judge.network import Network, judge_network
from aiconform.judge.nodes import judge_nodes
from aiconform.judge.rates import judge_rates
from aiconform.judge.requirements import judge_requirements, must_verdicts
from aiconform.judge.run import conclude
from aiconform.judge.sightings import Evaluator
from aiconform.model.records import Entry
from aiconform.model.reference import SiteReference
from aiconform.model.verdict import Judgement, Outcome, Verdict


def judge(
    entries: Iterable[Entry],
    *,
    references: Sequence[SiteReference] | None = None,
    evaluators: Mapping[str, Evaluator] | None = None,
    checklist: str = "",
) -> Judgement:
    """
    Judge a journal.

    Args:
        references: The site's own figures, which win over the catalogue's; None: those that the
            run was given.
        evaluators: What judges each requirement; without it a planned check is UNKNOWN.
        checklist: The version to judge requirements against; empty: the cluster's own.

    Any journal is judged, a damaged or a hostile one too: what it does not prove is UNKNOWN. The
    order of the entries in memory is of no account, their numbers are.
    """
    facts = gather(entries)
    network = Network(facts)
    own = _own(facts, _site(facts) if references is None else references)
    nodes = tuple(judge_nodes(facts, network, own))
    verdicts = (*nodes, *own, *judge_network(network), *_lone_node(facts))
    verdicts = (*verdicts, judge_coverage(facts, network, verdicts))
    findings = find(facts, network, verdicts)
    requirements = judge_requirements(facts, evaluators or {}, checklist=checklist)
    verdict, sentence = conclude(facts, (*verdicts, *must_verdicts(requirements)), findings)
    return Judgement(
        run=facts.opened.record.run if facts.opened else "unknown",
        verdict=verdict,
        sentence=sentence,
        verdicts=verdicts,
        findings=findings,
        ledger=make_ledger(facts, network, verdicts),
        requirements=requirements,
    )


def _site(facts: Facts) -> Sequence[SiteReference]:
    return facts.config.site_references if facts.config else ()


def _own(facts: Facts, site: Sequence[SiteReference]) -> Sequence[Verdict]:
    """Verdicts on what each planned node is and does alone."""
    exercises = facts.plan.exercises if facts.plan else ()
    defects = inventory_defects(facts)
    return (
        *(judge_inventory(node, facts, defects.get(node, ())) for node in facts.nodes),
        *(
            verdict
            for exercise in exercises
            if is_answer(exercise)
            for node in facts.nodes
            for verdict in judge_answers(node, exercise, facts)
        ),
        *judge_rates(facts, site),
    )


def _lone_node(facts: Facts) -> tuple[Verdict, ...]:
    """Between nodes there is nothing to test when there is one."""
    if not facts.config or not facts.config.probes.tcp or len(facts.nodes) != 1:
        return ()
    return (
        Verdict(
            item="tcp.path",
            outcome=Outcome.UNKNOWN,
            reason="OneNode",
            sentence="one node takes part: there is no path between nodes to test",
            required=False,
        ),
    )
