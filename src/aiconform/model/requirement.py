"""What a run concludes about one requirement of AI conformance, with the steps that show it."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from aiconform.model.base import Frozen, ReasonCode, Sentence
from aiconform.model.outcome import Outcome
from aiconform.model.waiver import Waiver

# An id as the checklists have it: gang_scheduling.
RequirementId = Annotated[str, Field(max_length=64, pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
# A sub-test's name in go test; a space or slash would make it another test.
StepName = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]

# Written for every requirement, and recognised by these very names wherever they lie.
OWN_FILES = frozenset({"verdict.json", "junit.xml", "e2e.log", "results.json"})


def _not_our_own(path: str) -> str:
    if path.rpartition("/")[2].lower() in OWN_FILES:
        raise ValueError(f"{path} has a name that is kept for the requirement's own artifacts")
    return path


# A path inside checks/<id>/. No part of it begins with a dot, so it cannot lead out.
EvidencePath = Annotated[
    str,
    Field(max_length=255, pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$"),
    AfterValidator(_not_our_own),
]

UnixTime = Annotated[float, Field(ge=0, le=1e10)]
Duration = Annotated[float, Field(ge=0, le=1e9)]


class Level(StrEnum):
    """How binding a requirement is."""

    MUST = "MUST"
    SHOULD = "SHOULD"


class Step(Frozen):
    """
    One thing that a check did. A mandatory step decides; any other is told and decides nothing.

    Times are Unix seconds. `duration_s` None: the step was not executed.
    """

    name: StepName
    outcome: Outcome
    sentence: Sentence
    mandatory: bool = True
    started_at: UnixTime | None = None
    duration_s: Duration | None = None


class RequirementVerdict(Frozen):
    """
    One requirement judged.

    `evidence` names the files in the requirement's directory that the verdict rests on. `notes`
    are for whoever reviews it: what was only read, which adapter was used.
    """

    schema_version: Literal[1] = 1
    id: RequirementId
    level: Level
    outcome: Outcome
    reason: ReasonCode
    sentence: Sentence
    notes: tuple[Sentence, ...] = ()
    evidence: tuple[EvidencePath, ...] = ()
    steps: tuple[Step, ...] = ()
    started_at: UnixTime | None = None
    duration_s: Duration | None = None
    # False: artifacts and tests under names that no one takes for the upstream suite's.
    upstream_names: bool = True
    waived: Waiver | None = None  # the outcome stays, and a submission claims nothing by it

    @property
    def mandatory(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.mandatory)

    @model_validator(mode="after")
    def _steps_differ(self) -> "RequirementVerdict":
        names = [step.name for step in self.steps]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.id} has two steps of one name")
        return self

    @model_validator(mode="after")
    def _earned(self) -> "RequirementVerdict":
        """PASS and WARN rest on executed steps that met their rule, and on evidence."""
        met = {Outcome.PASS: {Outcome.PASS}, Outcome.WARN: {Outcome.PASS, Outcome.WARN}}
        if self.outcome not in met:
            return self
        if not self.evidence:
            raise ValueError(f"{self.id} is {self.outcome} but rests on no evidence")
        if not self.mandatory:
            raise ValueError(f"{self.id} is {self.outcome} but no mandatory step was executed")
        for step in self.mandatory:
            if step.outcome not in met[self.outcome]:
                raise ValueError(f"{self.id} is {self.outcome} but {step.name} is {step.outcome}")
        return self
