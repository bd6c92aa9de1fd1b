"""What a run concludes: verdicts, findings and the ledger of what was tested."""

from enum import StrEnum
from typing import Literal

from pydantic import model_validator

from aiconform.model.action import Action as Action
from aiconform.model.base import Count, Frozen, Name, ReasonCode, Sentence, Text
from aiconform.model.outcome import Outcome as Outcome
from aiconform.model.outcome import worst as worst
from aiconform.model.requirement import RequirementVerdict
from aiconform.model.waiver import Waiver as Waiver
from aiconform.model.waiver import WaiverUse as WaiverUse


class Subject(Frozen):
    """
    What a verdict or a finding speaks of; absent parts are None.

    A link is directed: `node` sends, `peer` receives.
    """

    node: Name | None = None
    device: Text | None = None
    peer: Name | None = None
    direction: Literal["send", "receive"] | None = None
    # Of a network whose switches are known: a leaf switch, or the two leaves that a path joins.
    leaf: Text | None = None
    peer_leaf: Text | None = None
    rail: Count | None = None

    def __str__(self) -> str:
        name = self.node or (f"leaf {self.leaf}" if self.leaf else "cluster")
        if self.peer:
            name += f" → {self.peer}"
        if self.peer_leaf:
            name += f" ↔ leaf {self.peer_leaf}"
        if self.rail is not None:
            name += f" rail {self.rail}"
        if self.device:
            name += f" {self.device}"
        if self.direction:
            name += {"send": " sending", "receive": " receiving"}[self.direction]
        return name


class Figure(Frozen):
    """A number that a verdict rests on, with what it was compared to. The unit is spelled out."""

    metric: Text
    value: float
    unit: Text
    compared_with: Sentence = ""


class Verdict(Frozen):
    """One item judged. A PASS names the journal records it rests on."""

    item: Text  # "tcp.rate", "gemm.known_answer", "node", "coverage.nodes"
    subject: Subject = Subject()
    outcome: Outcome
    reason: ReasonCode
    sentence: Sentence
    required: bool = True
    figures: tuple[Figure, ...] = ()
    rests_on: tuple[str, ...] = ()  # journal record ids, "j17"
    waived: Waiver | None = None  # all that makes it bad is; the outcome stays

    @model_validator(mode="after")
    def _a_pass_is_earned(self) -> "Verdict":
        if self.outcome is Outcome.PASS and not self.rests_on:
            raise ValueError(f"{self.item} of {self.subject} passes but rests on no record")
        return self


class Finding(Frozen):
    """What is wrong, where, why we say so, and what to do next."""

    code: Text  # "AIC-NET-001": each has a page in the docs
    subject: Subject
    outcome: Literal[Outcome.FAIL, Outcome.WARN, Outcome.UNKNOWN, Outcome.ERROR]
    sentence: Sentence
    action_kind: Action
    action: Sentence  # how, in words
    rests_on: tuple[str, ...] = ()
    waived: Waiver | None = None


class LedgerState(StrEnum):
    """What became of a thing that might have been tested."""

    TESTED = "tested"
    COVERED = "covered"
    UNTESTED = "untested"
    NOT_RUN = "not_run"
    EXCLUDED = "excluded"
    BUSY = "busy"


class LedgerEntry(Frozen):
    """One line per node, accelerator, planned pair and leaf: what was tested, what not and why."""

    kind: Literal["node", "accelerator", "pair", "leaf", "round"]
    name: Text
    state: LedgerState
    reason: ReasonCode | None = None
    sentence: Sentence = ""


class RunVerdict(StrEnum):
    """The run in one word."""

    PASS = "pass"
    PASS_WITH_WARNINGS = "pass_with_warnings"
    FAIL = "fail"
    INCOMPLETE = "incomplete"
    ERROR = "error"

    @property
    def exit_code(self) -> int:
        return {"pass": 0, "pass_with_warnings": 0, "fail": 1, "incomplete": 3, "error": 4}[
            self.value
        ]


FailOn = Literal["fail", "incomplete", "warn", "never"]


def exit_code(verdict: RunVerdict, fail_on: FailOn = "incomplete") -> int:
    """
    The exit code of a command or of the coordinator; `fail_on` moves the line.

    A run that broke is 4 wherever the line is. `never`: all else is 0. `fail`: only a FAIL counts.
    `incomplete`: what could not be tested counts, too. `warn`: so do warnings, as 1.
    """
    if verdict is RunVerdict.ERROR:
        return verdict.exit_code
    if verdict is RunVerdict.PASS_WITH_WARNINGS:
        return 1 if fail_on == "warn" else 0
    if fail_on == "never" or (fail_on == "fail" and verdict is not RunVerdict.FAIL):
        return 0
    return verdict.exit_code


class Judgement(Frozen):
    """
    Everything that follows from one journal.

    `counts_as`: the run in one word with what is waived set aside, never better than a pass with
    warnings; None: nothing is waived. Exit codes follow it.
    """

    run: str
    verdict: RunVerdict
    sentence: Sentence
    counts_as: RunVerdict | None = None
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    ledger: tuple[LedgerEntry, ...]
    requirements: tuple[RequirementVerdict, ...] = ()  # of those whose checks were switched on
    waivers: tuple[WaiverUse, ...] = ()

    @property
    def counted(self) -> RunVerdict:
        return self.counts_as or self.verdict
