"""How the coordinator's pod fares, from its Job, its pods and their events (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from aiconform.cluster.facts import PodFacts, pod_facts
from aiconform.cluster.trouble import mapping, mappings

Json = Mapping[str, Any]


class Phase(Enum):
    """Where the coordinator is between its Job and its end."""

    GONE = "gone"  # there is no Job
    AWAITED = "awaited"  # not yet at work
    AT_WORK = "at_work"
    ENDED = "ended"


@dataclass(frozen=True)
class Coordinator:
    """`final`: waiting longer is of no use. `sentence` names what hinders it."""

    phase: Phase
    pod: str | None = None
    reason: str = ""
    sentence: str = ""
    final: bool = False


def coordinator(job: Json | None, pods: Sequence[Json], events: Sequence[Json] = ()) -> Coordinator:
    """
    Args:
        job: The Job as JSON; None when there is none.
        pods: Pods with the coordinator's role.
        events: Events of the Job; they alone tell why no pod could be made.
    """
    if job is None:
        return Coordinator(Phase.GONE, reason="NoJob", sentence="its Job is gone", final=True)
    newest = _newest(pods)
    facts = pod_facts(newest) if newest else None
    if ended := _ended(job, facts):
        return ended
    if newest is None or facts is None:
        return _podless(job, events)
    if facts.phase == "Running" and not facts.trouble and not facts.terminating:
        return Coordinator(Phase.AT_WORK, pod=facts.name)
    return _awaited(newest, facts)


def _newest(pods: Sequence[Json]) -> Json | None:
    def made(pod: Json) -> str:
        return str(mapping(pod.get("metadata")).get("creationTimestamp", ""))

    return max(pods, key=made, default=None)


def _ended(job: Json, facts: PodFacts | None) -> Coordinator | None:
    conditions = mappings(mapping(job.get("status")).get("conditions"))
    for condition in conditions:
        if condition.get("status") != "True":
            continue
        if condition.get("type") in {"Failed", "FailureTarget"}:
            trouble = facts.trouble if facts else None
            told = trouble.sentence if trouble else str(condition.get("message", ""))
            reason = trouble.reason if trouble else str(condition.get("reason", "Failed"))
            return Coordinator(Phase.ENDED, _name(facts), reason, told, final=True)
        if condition.get("type") == "Complete":
            return Coordinator(Phase.ENDED, _name(facts), "Complete", "it ended well", final=True)
    return None


def _podless(job: Json, events: Sequence[Json]) -> Coordinator:
    """Quota, admission and a missing account show in events alone."""
    refused = [e for e in events if e.get("reason") == "FailedCreate" and e.get("message")]
    if refused:
        told = " ".join(str(refused[-1]["message"]).split())
        return Coordinator(
            Phase.AWAITED, reason="FailedCreate", sentence=f"its pod is refused: {told}"
        )
    if mapping(job.get("spec")).get("suspend") is True:
        return Coordinator(Phase.AWAITED, reason="Suspended", sentence="its Job is suspended")
    return Coordinator(Phase.AWAITED, reason="NoPod", sentence="its Job has made no pod yet")


def _awaited(pod: Json, facts: PodFacts) -> Coordinator:
    trouble = facts.trouble
    if trouble is None:
        told = "its pod is going away" if facts.terminating else _on_its_way(facts)
        return Coordinator(Phase.AWAITED, facts.name, facts.phase, told)
    sentence = trouble.sentence
    if trouble.reason == "Unschedulable":
        sentence = f"no node takes its pod: {_scheduler_says(pod)}"
    # A pod that failed is replaced by its Job, so only troubles before its start are final here.
    final = trouble.final and facts.phase == "Pending"
    return Coordinator(Phase.AWAITED, facts.name, trouble.reason, sentence, final)


def _on_its_way(facts: PodFacts) -> str:
    if not facts.scheduled:
        return "its pod waits for a node"
    return f"its pod is being started on {facts.node} (its image may have to be pulled)"


def _scheduler_says(pod: Json) -> str:
    for condition in mappings(mapping(pod.get("status")).get("conditions")):
        if condition.get("type") == "PodScheduled":
            return " ".join(str(condition.get("message", "")).split())
    return "no reason given"


def _name(facts: PodFacts | None) -> str | None:
    return facts.name if facts else None
