"""What a journal holds on one check, and what an evaluator makes of it: both sides of judging."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiconform.model.outcome import Outcome
from aiconform.model.records import StepProblem
from aiconform.model.requirement import Level, Step

STEPS_FILE = "steps.jsonl"  # written from the records of every check


@dataclass(frozen=True)
class Sighting:
    """One step as it was seen. `problem`: why it could not be carried out to its end."""

    id: str  # of the journal's record, "j17"
    step: str
    began: float
    ended: float
    facts: Mapping[str, Any]
    problem: StepProblem | None = None


@dataclass(frozen=True)
class Sightings:
    """
    Everything that one check saw, by step.

    Attributes:
        files: Paths of the evidence that is there, `steps.jsonl` among them.
        version: Of the checklist that counts, "1.37".
        level: How binding the requirement is there; None: that version does not have it.
        settings: The site's, from `run.checks.settings.<id>`.
    """

    check: str
    steps: Mapping[str, Sighting]
    files: frozenset[str] = frozenset()
    version: str = ""
    level: Level | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def get(self, step: str) -> Sighting | None:
        return self.steps.get(step)

    def facts(self, step: str) -> Mapping[str, Any]:
        """Empty when the step was never carried out."""
        found = self.steps.get(step)
        return found.facts if found else {}


@dataclass(frozen=True)
class Conclusion:
    """What an evaluator says; id, level, times and the common rules are added to it."""

    outcome: Outcome
    reason: str
    sentence: str
    steps: tuple[Step, ...] = ()
    evidence: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


Evaluator = Callable[[Sightings], Conclusion]
