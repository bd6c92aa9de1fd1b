"""Judge read results anew. A damaged journal never makes a run that passes."""

from collections.abc import Sequence
from datetime import date

from aiconform.checks.framework.registry import evaluators
from aiconform.journal import no_cycles
from aiconform.judge import judge
from aiconform.model.reference import SiteReference
from aiconform.model.verdict import Judgement, RunVerdict
from aiconform.model.waiver import Waiver
from aiconform.report.load import Results

_PASSES = frozenset({RunVerdict.PASS, RunVerdict.PASS_WITH_WARNINGS})


def judge_again(
    results: Results,
    *,
    references: Sequence[SiteReference] | None = None,
    checklist: str = "",
    waivers: Sequence[Waiver] | None = None,
    on: date | None = None,
) -> Judgement:
    """
    The judgement of the sound part; INCOMPLETE at best when anything is damaged.

    Args:
        references: The site's own figures in place of those that the run was given.
        checklist: Version of the checklist that requirements are judged against, "1.36"; empty: the
            one that the run was given, else the cluster's own.
        waivers: In place of those that the run was given.
        on: The day that decides which have expired; None: that of the run.
    """
    with no_cycles():
        judgement = judge(
            results.entries,
            references=references,
            evaluators=evaluators(),
            checklist=checklist,
            waivers=waivers,
            on=on,
        )
    return with_damage(judgement, results.damage)


def with_damage(judgement: Judgement, damage: tuple[str, ...]) -> Judgement:
    if not damage or judgement.counted not in _PASSES:
        return judgement
    told = f"the journal is damaged in {len(damage)} places; of the rest: {judgement.sentence}"
    changes = {"sentence": told}
    if judgement.counts_as is not None:
        changes["counts_as"] = RunVerdict.INCOMPLETE
    if judgement.verdict in _PASSES:
        changes["verdict"] = RunVerdict.INCOMPLETE
    return judgement.model_copy(update=changes)
