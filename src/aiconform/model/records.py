"""The facts that a journal holds, each a typed record. Everything else is derived from them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from aiconform.model.base import Count, Frozen, Name, ReasonCode, Sentence, Text
from aiconform.model.plan import NodeFacts, Plan, RunConfig
from aiconform.model.requirement import EvidencePath, RequirementId, StepName
from aiconform.model.wire import AgentRecord

SCHEMA_VERSION = 1

Stage = Literal["survey", "plan", "checks", "deploy", "self", "rounds", "judge", "archive", "hold"]


class RunOpened(Frozen):
    """The first record of every journal."""

    kind: Literal["run_opened"] = "run_opened"
    schema_version: Literal[1] = 1
    run: Name
    version: Text  # of aiconform
    config: RunConfig


class RunResumed(Frozen):
    """Another coordinator goes on where an earlier one stopped."""

    kind: Literal["run_resumed"] = "run_resumed"
    pod: Text
    sentence: Sentence = ""


class StageEntered(Frozen):
    kind: Literal["stage_entered"] = "stage_entered"
    stage: Stage


class Surveyed(Frozen):
    """The cluster as the survey found it; what was not permitted is named, never guessed."""

    kind: Literal["surveyed"] = "surveyed"
    server_version: Text
    nodes: tuple[NodeFacts, ...]
    not_permitted: tuple[Sentence, ...] = ()  # "list pods: free accelerators cannot be counted"
    api_groups: tuple[Text, ...] = ()


class Planned(Frozen):
    kind: Literal["planned"] = "planned"
    plan: Plan


NodeState = Literal["waiting", "starting", "reporting", "finished", "failed", "lost"]


class NodeChanged(Frozen):
    """
    A planned node moved on, or got stuck. Its last record of this kind counts.

    `failed`: its agent never came to work (Unschedulable, ImagePullBackOff, Busy, …);
    `lost`: it worked and then went silent (NodeLost, NotReady, Evicted, AgentSilent, Deadline).
    """

    kind: Literal["node_changed"] = "node_changed"
    node: Name
    state: NodeState
    reason: ReasonCode = "Ok"
    sentence: Sentence = ""


class Delivered(Frozen):
    """A record of an agent, whose identity the token has proven."""

    kind: Literal["delivered"] = "delivered"
    pod: Text
    record: AgentRecord


class Refused(Frozen):
    """
    Something was sent to the collector that it did not take.

    Malformed records count as consumed: then `boot` and `stream` name where, and `next_seq` is the
    number that the stream goes on with, so that a resumed collector asks for nothing twice.
    """

    kind: Literal["refused"] = "refused"
    node: Name | None
    status: int
    problem: Sentence
    boot: Text | None = None
    stream: Text | None = None
    next_seq: Count | None = None


class RoundOpened(Frozen):
    """Disjoint pair probes that run at the same time."""

    kind: Literal["round_opened"] = "round_opened"
    round: Count
    purpose: Text  # "matching", "confirm", …
    pairs: tuple[tuple[Name, Name], ...]


class PairNotRun(Frozen):
    pair: tuple[Name, Name]
    reason: ReasonCode
    sentence: Sentence = ""


class RoundClosed(Frozen):
    kind: Literal["round_closed"] = "round_closed"
    round: Count
    not_run: tuple[PairNotRun, ...] = ()


class CheckBegan(Frozen):
    """A check of one requirement begins. After an interruption it begins again from the start."""

    kind: Literal["check_began"] = "check_began"
    check: RequirementId
    time_box_s: float


class StepProblem(Frozen):
    """
    Why a step could not be carried out. It says nothing about the platform.

    `forbidden`: we lack a right; `time_box`: the check's time was up; `image`: our own image could
    not be started; `refused`: the API server did not take a request; `api`: it cannot be reached;
    `unavailable`: what the step needs (a free device) is not there; `broken`: a defect of ours.
    """

    kind: Literal["forbidden", "time_box", "image", "refused", "api", "unavailable", "broken"]
    reason: ReasonCode
    sentence: Sentence


class Sighted(Frozen):
    """
    What a check saw in one step; told twice, the last counts. Times are Unix seconds.

    `facts` may be there with a problem, too: what was seen before it.
    """

    kind: Literal["sighted"] = "sighted"
    check: RequirementId
    step: StepName
    began: float
    ended: float
    facts: dict[str, Any] = {}
    problem: StepProblem | None = None


EVIDENCE_CHARACTERS = 256 * 1024


class EvidenceFile(Frozen):
    """A file of a check's directory: an object, a log. Of two with one path the last counts."""

    kind: Literal["evidence_file"] = "evidence_file"
    check: RequirementId
    path: EvidencePath
    text: Annotated[str, Field(max_length=EVIDENCE_CHARACTERS)]
    truncated: bool = False


class CheckEnded(Frozen):
    """
    A check is over and has cleaned up; it is not run again when the run resumes.

    `leftovers`: objects of ours that did not go, or that could not be listed. `waited_s`: of its
    time, the seconds in which it only waited for the platform.
    """

    kind: Literal["check_ended"] = "check_ended"
    check: RequirementId
    how: Literal["complete", "time_box", "broken"]
    sentence: Sentence = ""
    leftovers: Annotated[tuple[Sentence, ...], Field(max_length=100)] = ()
    waited_s: Annotated[float, Field(ge=0)] = 0.0


class RoundsStopped(Frozen):
    """Rounds of pair probes that were planned and not begun; what is left is named by purpose."""

    kind: Literal["rounds_stopped"] = "rounds_stopped"
    reason: ReasonCode  # Budget
    sentence: Sentence
    left: tuple[Text, ...] = ()  # purposes, one for each round


class Trouble(Frozen):
    """The run itself had trouble: verdicts that depend on it are ERROR or UNKNOWN."""

    kind: Literal["trouble"] = "trouble"
    where: Text
    sentence: Sentence
    hint: Sentence = ""
    detail: dict[str, Any] = {}


class RunClosed(Frozen):
    """The last record before judgement."""

    kind: Literal["run_closed"] = "run_closed"
    how: Literal["complete", "deadline", "interrupted", "dry_run", "broken"]
    sentence: Sentence = ""


JournalRecord = Annotated[
    RunOpened
    | RunResumed
    | StageEntered
    | Surveyed
    | Planned
    | NodeChanged
    | Delivered
    | Refused
    | RoundOpened
    | RoundClosed
    | RoundsStopped
    | CheckBegan
    | Sighted
    | EvidenceFile
    | CheckEnded
    | Trouble
    | RunClosed,
    Field(discriminator="kind"),
]


class Entry(Frozen):
    """A record as the journal keeps it: numbered from 0, and stamped by the coordinator's clock."""

    n: Count
    at: float
    record: JournalRecord

    @property
    def id(self) -> str:
        return f"j{self.n}"
