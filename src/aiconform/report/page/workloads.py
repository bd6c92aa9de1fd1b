"""Kinds of workload: will they run here, and what is missing?"""

from dataclasses import dataclass

from aiconform.model.verdict import Judgement
from aiconform.report.readiness import WORDS, answers


@dataclass(frozen=True)
class NeedLine:
    outcome: str
    name: str
    helps: bool
    why: str
    sentence: str


@dataclass(frozen=True)
class Line:
    """One profile."""

    id: str
    title: str
    about: str
    outcome: str
    answer: str
    sentence: str
    needs: tuple[NeedLine, ...]


def workload_lines(judgement: Judgement) -> list[Line]:
    """In the catalogue's order; none when no requirement was checked."""
    return [
        Line(
            id=each.profile.id,
            title=each.profile.title,
            about=each.profile.about,
            outcome=each.outcome.value,
            answer=WORDS[each.outcome],
            sentence=each.sentence,
            needs=tuple(
                NeedLine(a.outcome.value, a.need.name, a.need.helps, a.need.why, a.sentence)
                for a in each.needs
            ),
        )
        for each in answers(judgement)
    ]
