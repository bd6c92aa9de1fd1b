"""Judge read results anew. A damaged journal never makes a run that passes."""

from aiconform.judge import judge
from aiconform.model.verdict import Judgement, RunVerdict
from aiconform.report.load import Results

_PASSES = frozenset({RunVerdict.PASS, RunVerdict.PASS_WITH_WARNINGS})


def judge_again(results: Results) -> Judgement:
    """The judgement of the sound part; INCOMPLETE at best when anything is damaged."""
    return with_damage(judge(results.entries), results.damage)


def with_damage(judgement: Judgement, damage: tuple[str, ...]) -> Judgement:
    if not damage or judgement.verdict not in _PASSES:
        return judgement
    told = f"the journal is damaged in {len(damage)} places; of the rest: {judgement.sentence}"
    return judgement.model_copy(update={"verdict": RunVerdict.INCOMPLETE, "sentence": told})
