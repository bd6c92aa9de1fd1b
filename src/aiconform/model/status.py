"""Where a run stands, as a ConfigMap shows it to whoever follows."""

from typing import Annotated

from pydantic import Field

from aiconform.model.base import Count, Frozen, Name, ReasonCode, Sentence, Text
from aiconform.model.records import Stage


class Awaited(Frozen):
    """One thing that the run waits for: which object, why, and until when at the latest."""

    object: Text  # "node node3"
    reason: ReasonCode
    sentence: Sentence
    since: float  # Unix seconds
    until: float | None = None


class Status(Frozen):
    """The run at one moment. Times are Unix seconds of the coordinator's clock."""

    run: Name
    stage: Stage
    since: float
    at: float
    message: Sentence = ""
    nodes: dict[Text, Count] = {}  # node state → how many nodes
    # The first few only: at thousands of nodes a ConfigMap has no room for all.
    waiting: Annotated[tuple[Awaited, ...], Field(max_length=20)] = ()
    waiting_count: Count = 0
    rounds_done: Count = 0
    rounds_expected: Count = 0
    deadline: float | None = None  # of the run as a whole
    tarball: Text | None = None
    sha256: Text | None = None
    verdict: Text | None = None
    sentence: Sentence = ""
