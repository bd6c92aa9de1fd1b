"""
The shapes of the JSON that a run leaves and that commands print; docs/schemas is made from them.

Files of thousands of nodes are written item by item, never as one of these; a test holds what is
written to them.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from aiconform.model.base import Count, Frozen, Name, Sentence, Text
from aiconform.model.outcome import Outcome
from aiconform.model.plan import NodeFacts
from aiconform.model.records import Entry, NodeChanged, StepProblem
from aiconform.model.requirement import Level, RequirementId, StepName
from aiconform.model.verdict import Finding, Judgement, RunVerdict, Verdict
from aiconform.model.wire import (
    Counters,
    Evidence,
    Hello,
    Inventory,
    KnownAnswer,
    Measurement,
    Pair,
    Telemetry,
)


class TroubleTold(Frozen):
    """Trouble of the run itself."""

    where: Text
    sentence: Sentence
    hint: Sentence


class RunFacts(Frozen):
    """What a run was. Times are Unix seconds; None: it never came to that."""

    version: Text | None  # of aiconform
    profile: Text | None
    server_version: Text | None
    not_permitted: tuple[Sentence, ...]
    node_count: Count | None
    planned_node_count: Count | None
    round_count: Count
    started_at: float | None
    finished_at: float | None
    closed: Text | None
    troubles: tuple[TroubleTold, ...]


class Summary(Judgement):
    """summary.json, and what `-o json` of run, fetch, report and local prints."""

    schema_version: Literal[1] = 1
    facts: RunFacts


class NodeFile(Frozen):
    """nodes/<node>.json: what one node said, in order, and what was concluded of it."""

    node: Name
    run: Name
    group: Text | None
    facts: NodeFacts | None
    changes: tuple[NodeChanged, ...]
    agent: Hello | None
    inventory: Inventory | None
    known_answers: tuple[KnownAnswer, ...]
    measurements: tuple[Measurement, ...]
    pairs: tuple[Pair, ...]
    counters: tuple[Counters, ...]
    telemetry: tuple[Telemetry, ...]
    evidence: tuple[Evidence, ...]
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]


class JournalLine(Entry):
    """A line of journal.ndjson.gz. `crc`: CRC-32 of the number, the time and the record's text."""

    crc: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]


class StepLine(Frozen):
    """A line of checks/<requirement>/steps.jsonl: when, what was seen, what it was judged to be."""

    step: StepName
    record: Annotated[str, Field(pattern=r"^j[0-9]+$")]  # in the journal
    began: float
    ended: float
    facts: dict[str, Any]
    problem: StepProblem | None
    outcome: Outcome | None  # None: it was not judged
    sentence: Sentence | None
    mandatory: bool


class Compared(Frozen):
    """One of the two runs that are compared."""

    run: Name
    verdict: RunVerdict


TrendName = Literal["worse", "not_tested_any_more", "tested_now", "better"]


class ChangeTold(Frozen):
    """One component that is not as it was."""

    trend: TrendName
    kind: Literal["requirement", "node", "device", "link"]
    name: str
    details: tuple[str, ...]


class ShiftTold(Frozen):
    """All of one kind moved together; `percent` is how far, in the middle of `count` of them."""

    trend: TrendName
    item: Text
    metric: Text
    percent: float
    count: Count


class DiffDocument(Frozen):
    """What `aiconform diff -o json` prints."""

    schema_version: Literal[1] = 1
    before: Compared
    after: Compared
    counts: dict[TrendName, Count]
    compared: Count
    changes: tuple[ChangeTold, ...]
    shifts: tuple[ShiftTold, ...]
    notes: tuple[str, ...]


Granted = Literal["yes", "no", "unknown"]


class InstallRight(Frozen):
    """A right that whoever installs needs."""

    right: str
    why: str
    granted: Granted


class RunRight(Frozen):
    """
    A right of the coordinator.

    `namespace` None: it holds in the whole cluster. `switch`: the value of the chart that leaves it
    out. `grantable`: may the account of the kubeconfig grant it?
    """

    right: str
    namespace: str | None
    why: str
    lost_without: str
    switch: str | None
    granted: Granted
    grantable: Granted


class Namespaces(Frozen):
    """Of a run itself, and those that its checks work in."""

    own: Name
    work: Name
    probe: Name


class RightsDocument(Frozen):
    """What `aiconform rights -o json` prints."""

    namespaces: Namespaces
    install: tuple[InstallRight, ...]
    run: tuple[RunRight, ...]


class RemarkTold(Frozen):
    """What lint says of a submission; advice leaves it clean."""

    rule: str
    where: str
    problem: str
    mend: str
    severity: Literal["error", "advice"]


class LintDocument(Frozen):
    """What `aiconform submission --lint DIR --format json` prints."""

    clean: bool
    findings: tuple[RemarkTold, ...]


class ClaimTold(Frozen):
    """A requirement in a submission; an empty `status` claims nothing."""

    id: RequirementId
    level: Level
    status: Literal["Implemented", "Partially Implemented", "Not Implemented", "N/A", ""]
    reason: str
    sentence: str
    evidence: tuple[str, ...]
    notes: str


class SubmissionDocument(Frozen):
    """What `aiconform submission --format json` prints. `complete`: every MUST is claimed."""

    directory: str
    version: str
    complete: bool
    unclaimed_musts: tuple[RequirementId, ...]
    requirements: tuple[ClaimTold, ...]
    remarks: tuple[str, ...]
    lint: tuple[RemarkTold, ...]


class SimulationDocument(Frozen):
    """What `aiconform simulate -o json` prints: over all trials; from `rounds` on, medians."""

    nodes: Count
    schedule: str
    kind: str
    precision: float | None  # None: nothing was blamed
    recall: float | None  # None: nothing was planted
    innocents_per_run: float
    rounds: float  # until all that was blamed was named
    rounds_in_all: float
    pair_tests: float
    minutes_to_name: float
    minutes: float
    gigabytes: float
    trials: Count
