"""
What each trial proves (pure), by the order of the watch.

One pod of a gang that does not fit, placed for one moment, is a FAIL. Nothing placed is no proof
either, unless the solution says that it looked at the gang and that it waits for room.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiconform.checks.framework import Answer, errored, failed, passed, unknown, warned
from aiconform.checks.gang_scheduling.adapters import Adapter
from aiconform.checks.gang_scheduling.meetings import meeting_trouble, rivals_trouble
from aiconform.checks.gang_scheduling.timeline import first, of

Facts = Mapping[str, Any]
WINDOW_MS = 10_000
# Seen once, these are broken whatever else was seen.
BROKEN = frozenset({"PartialPlacement", "PartialAfterAdmission", "GroupDropped"})


def calm(facts: Facts, judge: Callable[[Facts], Answer]) -> Answer:
    """What depends on how much is free counts only when nobody else changed that."""
    answer = judge(facts)
    before, after, slots = facts["slots_before"], facts["slots_after"], facts["slots"]
    if before == after == slots or answer.reason in BROKEN:
        return answer
    return unknown(
        "CapacityMoved",
        f"others took or freed slots meanwhile: {before} were free before, {after} after, {slots} "
        "when the gang's size was chosen",
    )


def control(facts: Facts) -> Answer:
    entries, slots = facts["timeline"][: facts["mark"]], facts["slots"]
    if gated := first(entries, "gated"):
        return errored(
            "ControlInvalid", f"{len(gated)} pods without a gang were gated: they are no control"
        )
    if facts["schedulers"] != ["default-scheduler"] and facts["schedulers"] != [""]:
        told = ", ".join(facts["schedulers"])
        return errored("ControlInvalid", f"pods without a gang were given to scheduler {told}")
    bound, refused = first(entries, "bound"), first(entries, "unschedulable")
    left = set(first(entries, "created")) - set(bound)
    if len(bound) == slots and len(left) == 1 and left <= set(refused):
        return passed(f"without a gang {slots} of {slots + 1} pods are placed: in part is possible")
    return errored(
        "ControlInvalid",
        f"of {facts['size']} pods without a gang {len(bound)} were placed, not {slots}: that a "
        "gang is placed or not would prove nothing",
    )


def together(facts: Facts, adapter: Adapter) -> Answer:
    if answer := _strays(facts):
        return answer
    size, entries = facts["size"], of(facts["timeline"], facts["gang"])
    bound = sorted(first(entries, "bound").values())
    if len(bound) < size:
        if facts["group"] is None:
            return unknown("GroupNotMade", f"{adapter.name} did not take the gang up at all")
        standing = adapter.standing(facts["group"])
        return failed(
            "NotPlaced",
            f"of a gang of {size} that fits {len(bound)} pods were placed; {adapter.name} says: "
            f"{standing.state} {standing.reason} {standing.message}".rstrip(),
        )
    if bound[size - 1] - bound[0] > WINDOW_MS:
        spread = (bound[size - 1] - bound[0]) / 1000
        return failed("Scattered", f"its {size} pods were placed over {spread:.1f} s, not together")
    if trouble := meeting_trouble(facts.get("barrier", ()), facts, gang=facts["gang"], size=size):
        return _not_met(entries, trouble)
    return passed(
        f"all {size} pods were placed within {(bound[size - 1] - bound[0]) / 1000:.2f} s, and each "
        "met all others twice"
    )


def refused(facts: Facts, adapter: Adapter) -> Answer:
    if answer := _strays(facts):
        return answer
    size, entries = facts["size"], of(facts["timeline"][: facts["mark"]], facts["gang"])
    created, bound = first(entries, "created"), first(entries, "bound")
    if bound:
        return _placed(facts, adapter, bound=len(bound), size=size, entries=entries)
    if len(created) < size and adapter.name != "kueue":
        return unknown("NotCreated", f"only {len(created)} of its {size} pods were seen")
    if facts["watched_s"] < facts["limit_s"] - 1:
        return unknown("NotWatched", f"it was watched for {facts['watched_s']} s only")
    if set(facts["nodes_after"]) - set(facts["nodes_before"]):
        return unknown("NodeAdded", "a node was added meanwhile")
    if answer := _not_waiting(facts, adapter, entries):
        return answer
    told = adapter.standing(facts["group"])
    return passed(
        f"of a gang of {size} on {facts['slots']} slots no pod was placed in "
        f"{facts['watched_s']:.0f} s: {told.reason or 'Unschedulable'}"
    )


def _placed(
    facts: Facts, adapter: Adapter, *, bound: int, size: int, entries: Sequence[Facts]
) -> Answer:
    """A gang that does not fit, and some of it was placed."""
    if bound >= size and size <= facts["slots"]:
        return unknown("Borrowed", f"all {size} pods were placed: more quota than the queue's own")
    if bound >= size:
        told = f"all {size} pods of a gang were placed, on what was {facts['slots']} slots"
        return failed("NotRefused", told)
    evicted = adapter.standing(facts["group"]).state == "evicted"
    over = set(first(entries, "deleted")) | set(first(entries, "failed"))
    told = f"{bound} of {size} pods of a gang that does not fit were placed"
    if evicted and over >= set(first(entries, "bound")):
        return warned("TimeBased", f"{told}, and taken back as a whole by a timeout")
    if adapter.name == "kueue":
        told = f"{told}: its quota let in what the nodes cannot hold"
        return failed("PartialAfterAdmission", told)
    return failed("PartialPlacement", told)


def _not_waiting(facts: Facts, adapter: Adapter, entries: Sequence[Facts]) -> Answer | None:
    """The solution must have considered the gang, and said "not now", not "never"."""
    unschedulable = set(first(entries, "unschedulable"))
    created = set(first(entries, "created"))
    group = facts["group"]
    if isinstance(group, Mapping) and "podGroups" in (group.get("spec") or {}):
        # The Workload of 1.35 has no status.
        if created <= unschedulable:
            return None
        return unknown("NoRefusalSeen", "not every pod says that it waits for room")
    standing = adapter.standing(group)
    if standing.state == "misconfigured":
        return unknown(
            "RefusedForever",
            f"{adapter.name} says {standing.reason} ({standing.message}): that is not for want of "
            "room now",
        )
    if standing.state != "waiting":
        return unknown(
            "NoRefusalSeen",
            f"no pod was placed, but {adapter.name} does not say that the gang waits for room: "
            f"{standing.state} {standing.reason} {standing.message}".rstrip(),
        )
    if adapter.name in {"native", "coscheduling"} and not unschedulable:
        return unknown("NoRefusalSeen", "no pod of the gang was looked at by a scheduler")
    return None


def released(facts: Facts, adapter: Adapter) -> Answer:
    if not facts["blocked"]:
        return errored("ControlInvalid", "the pod that is to hold one slot was not placed")
    if answer := _strays(facts):
        return answer
    size, gang = facts["size"], facts["gang"]
    early = first(of(facts["timeline"][: facts["mark"]], gang), "bound")
    if early:
        return failed(
            "PartialPlacement",
            f"{len(early)} of {size} pods were placed while one slot of {size} was taken",
        )
    entries = of(facts["timeline"], gang)
    if answer := _not_waiting(facts, adapter, entries):
        return answer
    bound = first(entries, "bound")
    if len(bound) < size:
        return failed(
            "NotReleased", f"{len(bound)} of {size} pods were placed after the slot was given back"
        )
    if trouble := meeting_trouble(facts.get("barrier", ()), facts, gang=gang, size=size):
        return _not_met(entries, trouble)
    late = (max(bound.values()) - facts["released_ms"]) / 1000
    return passed(f"it waited, and was placed {late:.1f} s after the slot was given back")


def rivalry(facts: Facts) -> Answer:
    trouble = rivals_trouble(facts["timeline"], facts["gangs"], size=facts["size"])
    if trouble:
        return failed(*trouble)
    for gang in facts["gangs"]:
        told = facts["barriers"][gang]
        if why := meeting_trouble(told, facts, gang=gang, size=facts["size"]):
            return _not_met(of(facts["timeline"], gang), why)
    return passed(f"of two gangs of {facts['size']} one came after the other, and both ended well")


def _strays(facts: Facts) -> Answer | None:
    if not facts["stray"]:
        return None
    return failed(
        "GroupDropped", f"pods lost their gang when they were created: {', '.join(facts['stray'])}"
    )


def _not_met(entries: Sequence[Facts], trouble: str) -> Answer:
    """All were placed. Whose fault it is that they did not meet, their ends tell."""
    ended_by_others = [e for e in entries if e["what"] == "failed" and e["detail"]]
    if ended_by_others:
        return failed(
            "GangBroken", f"a pod of a running gang was ended ({ended_by_others[0]['detail']})"
        )
    return errored("NotMet", f"all pods were placed, but did not meet: {trouble}")
