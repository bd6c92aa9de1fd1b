"""Judge read results anew. A damaged journal never makes a run that passes."""

from collections.abc import Sequence

from aiconform.checks.framework.registry import evaluators
from aiconform.judge import judge
from aiconform.model.reference import SiteReference
from aiconform.model.verdict import Judgement, RunVerdict
from aiconform.report.load import Results

_PASSES = frozenset({RunVerdict.PASS, RunVerdict.PASS_WITH_WARNINGS})


def judge_again(
    results: Results,
    *,
    references: Sequence[SiteReference] | None = None,
    checklist: str = "",
) -> Judgement:
    """
    The judgement of the sound part; INCOMPLETE at best when anything is damaged.

    Args:
        references: The site's own figures in place of those that the run was given.
        checklist: Version of the checklist that requirements are judged against, "1.36"; empty: the
            one that the run was given, else the cluster's own.
    """
    judgement = judge(
        results.entries, references=references, evaluators=evaluators(), checklist=checklist
    )
    return with_damage(judgement, results.damage)


def with_damage(judgement: Judgement, damage: tuple[str, ...]) -> Judgement:
    if not damage or judgement.verdict not in _PASSES:
        return judgement
    told = f"the journal is damaged in {len(damage)} places; of the rest: {judgement.sentence}"
    return judgement.model_copy(update={"verdict": RunVerdict.INCOMPLETE, "sentence": told})
