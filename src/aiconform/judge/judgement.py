"""From a journal to everything that follows from it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

from aiconform.judge.answers import is_answer, judge_answers
from aiconform.judge.counters import Counted
from aiconform.judge.coverage import judge_coverage
from aiconform.judge.facts import Facts, gather
from aiconform.judge.findings import find
from aiconform.judge.inventory import Defects, inventory_defects, judge_inventory
from aiconform.judge.ledger import make_ledger
from aiconform.judge.network import Network, judge_network
from aiconform.judge.nodes import judge_nodes
from aiconform.judge.rates import judge_rates
from aiconform.judge.requirements import judge_requirements, must_verdicts
from aiconform.judge.run import conclude
from aiconform.judge.sightings import Evaluator
from aiconform.judge.waiving import Waiving, uses, waive_findings, waive_requirements
from aiconform.model.records import Entry
from aiconform.model.reference import SiteReference
from aiconform.model.verdict import Judgement, Outcome, RunVerdict, Verdict
from aiconform.model.waiver import Waiver

_LAST_S = 253_402_300_799.0  # the end of 9999


def judge(
    entries: Iterable[Entry],
    *,
    references: Sequence[SiteReference] | None = None,
    evaluators: Mapping[str, Evaluator] | None = None,
    checklist: str = "",
    waivers: Sequence[Waiver] | None = None,
    on: date | None = None,
) -> Judgement:
    """
    Judge a journal.

    Args:
        references: The site's own figures, which win over the catalogue's; None: those that the
            run was given.
        evaluators: What judges each requirement; without it a planned check is UNKNOWN.
        checklist: The version to judge requirements against; empty: the cluster's own.
        waivers: What the site accepts for a while; None: those that the run was given.
        on: The day that decides which waivers have expired; None: that of the journal's last word.

    Any journal is judged, a damaged or a hostile one too: what it does not prove is UNKNOWN. The
    order of the entries in memory is of no account, their numbers are.
    """
    entries = tuple(entries)
    facts = gather(entries)
    network = Network(facts)
    defects = inventory_defects(facts)
    own = _own(facts, defects, _site(facts) if references is None else references)
    counted = Counted(network)
    nodes = tuple(judge_nodes(facts, network, (*own, *counted.of_nodes)))
    between = (*judge_network(network), *counted.verdicts, *_lone_node(facts))
    verdicts = (*nodes, *own, *between)
    verdicts = (*verdicts, judge_coverage(facts, network, verdicts))
    findings = find(facts, network, counted, verdicts, defects)
    requirements = judge_requirements(facts, evaluators or {}, checklist=checklist)
    verdict, sentence = conclude(facts, (*verdicts, *must_verdicts(requirements)), findings)
    judgement = Judgement(
        run=facts.opened.record.run if facts.opened else "unknown",
        verdict=verdict,
        sentence=sentence,
        verdicts=verdicts,
        findings=findings,
        ledger=make_ledger(facts, network, verdicts),
        requirements=requirements,
    )
    given = (facts.config.site_waivers if facts.config else ()) if waivers is None else waivers
    if not given:
        return judgement
    return _waived(judgement, facts, network, defects, given, on or _last_day(entries))


def _waived(
    judgement: Judgement,
    facts: Facts,
    network: Network,
    defects: Defects,
    waivers: Sequence[Waiver],
    on: date,
) -> Judgement:
    """The same judgement, with what is waived marked and set aside."""
    findings = waive_findings(judgement.findings, waivers, on)
    requirements = waive_requirements(judgement.requirements, waivers, on)
    told = judgement.model_copy(
        update={
            "findings": findings,
            "requirements": requirements,
            "waivers": uses(waivers, findings, requirements, on),
        }
    )
    if not any(f.waived for f in findings) and not any(r.waived for r in requirements):
        return told
    waiving = Waiving(facts, network, findings, judgement.verdicts, defects)
    counting = [each for each in requirements if each.waived is None]
    left = [each for each in findings if each.waived is None]
    counts_as, _ = conclude(facts, (*waiving.counted(), *must_verdicts(counting)), left)
    if counts_as is RunVerdict.PASS:
        counts_as = RunVerdict.PASS_WITH_WARNINGS
    return told.model_copy(update={"verdicts": waiving.marked(), "counts_as": counts_as})


def _last_day(entries: Sequence[Entry]) -> date:
    """In UTC; a clock that is beyond all calendars is taken for their end."""
    at = max((entry.at for entry in entries), default=0.0)
    return datetime.fromtimestamp(min(max(at, 0.0), _LAST_S), tz=UTC).date()


def _site(facts: Facts) -> Sequence[SiteReference]:
    return facts.config.site_references if facts.config else ()


def _own(facts: Facts, defects: Defects, site: Sequence[SiteReference]) -> Sequence[Verdict]:
    """Verdicts on what each planned node is and does alone."""
    exercises = facts.plan.exercises if facts.plan else ()
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
