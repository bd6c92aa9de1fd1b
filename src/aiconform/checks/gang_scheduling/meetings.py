"""Did the ranks of a gang meet, and did rivals keep out of each other's way? (pure)"""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.gang_scheduling.shapes import word_of
from aiconform.checks.gang_scheduling.timeline import first, of, placed_at_each

Facts = Mapping[str, Any]
ROUNDS = 2


def meeting_trouble(told: Sequence[Facts], facts: Facts, *, gang: str, size: int) -> str:
    """
    Why what the ranks say does not prove that all met all, twice; "" when it does.

    Args:
        told: {"pod", "phase", "told"} of each pod.
        facts: Of the step: its nonce, and the watch's own UIDs of the pods.
    """
    uids = set(first(of(facts["timeline"], gang), "bound"))
    if len(told) != size:
        return f"{len(told)} pods tell of {size} ranks"
    ranks = set()
    for each in told:
        said = each["told"]
        if said is None:
            return f"pod {each['pod']} tells nothing ({each['phase']})"
        if said["nonce"] != word_of(facts["nonce"], gang) or said["ranks"] != size:
            return f"pod {each['pod']} tells of another gang"
        if not said["met_all"] or each["phase"] != "Succeeded":
            why = said.get("troubles") or said.get("doubts") or said.get("missing")
            return f"rank {said['rank']} did not meet all others ({each['phase']}): {why}"
        others = sorted(uids - {said["pod_uid"]})
        if said["pod_uid"] not in uids or said["met"] != [others] * ROUNDS:
            return f"rank {said['rank']} met other pods than those of its gang"
        ranks.add(said["rank"])
    return "" if ranks == set(range(size)) else f"ranks {sorted(ranks)} are not all of {size}"


def rivals_trouble(
    entries: Sequence[Facts], gangs: Sequence[str], *, size: int
) -> tuple[str, str] | None:
    """
    (reason, sentence) when two gangs were placed in part beside each other, or did not both end.

    A gang may begin only when no other is placed, or when the other one is complete and ends: of
    its pods one has ended, and given its slot back.
    """
    bound: dict[str, set[str]] = {gang: set() for gang in gangs}
    ended: dict[str, set[str]] = {gang: set() for gang in gangs}
    for entry, placed in zip(entries, placed_at_each(entries), strict=True):
        gang = str(entry["gang"])
        if gang not in bound:
            continue
        if entry["what"] == "bound":
            bound[gang].add(str(entry["uid"]))
        elif entry["what"] in {"succeeded", "failed"}:
            ended[gang].add(str(entry["uid"]))
        if len(placed.keys() & bound.keys()) < len(gangs):
            continue
        if not any(len(bound[g]) == size and ended[g] for g in gangs):
            counts = " and ".join(str(len(placed[g])) for g in gangs)
            return "PartialPlacement", f"of two gangs of {size} {counts} pods were placed at once"
    short = [g for g in gangs if len(first(of(entries, g), "succeeded")) < size]
    if short:
        return "NotBoth", f"not both of two gangs that fit one after the other ended: {short[0]}"
    return None
