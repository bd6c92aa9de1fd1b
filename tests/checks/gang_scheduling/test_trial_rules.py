"""Each trial's rule on facts alone: what looks like a pass and is none, and the reverse."""

from typing import Any

import pytest

from aiconform.checks.framework import Answer, Change
from aiconform.checks.gang_scheduling.adapters import ADAPTERS
from aiconform.checks.gang_scheduling.meetings import meeting_trouble, rivals_trouble
from aiconform.checks.gang_scheduling.timeline import GANG_LABEL, as_csv, timeline
from aiconform.checks.gang_scheduling.trial_rules import calm, control, refused, together

Json = dict[str, Any]
NATIVE = ADAPTERS["native"]
WAITING = {"type": "PodGroupInitiallyScheduled", "status": "False", "reason": "Unschedulable"}


def entry(ms: int, uid: str, what: str, gang: str = "g", detail: str = "") -> Json:
    return {"ms": ms, "gang": gang, "pod": uid, "uid": uid, "what": what, "detail": detail,
            "version": str(ms)}  # fmt: skip


def refusal_facts(*more: Json, conditions: tuple[Json, ...] = (WAITING,), **changed: Any) -> Json:
    entries = [entry(n, f"p{n}", what) for n in range(3) for what in ("created", "unschedulable")]
    return {
        "size": 3, "slots": 2, "slots_before": 2, "slots_after": 2, "gang": "g", "stray": [],
        "timeline": [*entries, *more], "mark": 99, "limit_s": 60, "watched_s": 60.2,
        "nodes_before": ["n1"], "nodes_after": ["n1"],
        "group": {"metadata": {}, "status": {"conditions": list(conditions)}}, **changed,
    }  # fmt: skip


def answer(facts: Json, adapter: str = "native") -> tuple[str, str]:
    found: Answer = calm(facts, lambda told: refused(told, ADAPTERS[adapter]))
    return found.outcome.value, found.reason


def test_gang_that_waits_is_refused_well() -> None:
    assert answer(refusal_facts()) == ("PASS", "Ok")


def test_bound_pod_whose_image_is_slow_counts_as_placed() -> None:
    """No pod was ever Running; one had a node."""
    assert answer(refusal_facts(entry(9, "p0", "bound"))) == ("FAIL", "PartialPlacement")


def test_pod_placed_for_a_moment_counts() -> None:
    more = (entry(9, "p0", "bound"), entry(10, "p0", "deleted"))
    assert answer(refusal_facts(*more)) == ("FAIL", "PartialPlacement")
    assert answer(refusal_facts(*more, slots_after=1)) == ("FAIL", "PartialPlacement")


def test_pod_placed_while_the_gang_is_removed_does_not_count() -> None:
    assert answer(refusal_facts(entry(9, "p0", "bound"), mark=6)) == ("PASS", "Ok")


def test_all_placed_where_not_all_can_be() -> None:
    more = [entry(9, f"p{n}", "bound") for n in range(3)]
    assert answer(refusal_facts(*more)) == ("FAIL", "NotRefused")
    assert answer(refusal_facts(*more, slots_after=3)) == ("UNKNOWN", "CapacityMoved")
    assert answer(refusal_facts(*more, slots=5, slots_before=5, slots_after=5)) == (
        "UNKNOWN", "Borrowed",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"watched_s": 3.0}, "NotWatched"),
        ({"nodes_after": ["n1", "n2"]}, "NodeAdded"),
        ({"slots_after": 1}, "CapacityMoved"),
        ({"group": None}, "NoRefusalSeen"),
        ({"conditions": ()}, "NoRefusalSeen"),
        ({"conditions": ({**WAITING, "reason": "SchedulerError"},)}, "NoRefusalSeen"),
    ],
)
def test_nothing_placed_is_no_proof_alone(changed: Json, reason: str) -> None:
    assert answer(refusal_facts(**changed)) == ("UNKNOWN", reason)


def test_pods_that_no_scheduler_looked_at() -> None:
    facts = refusal_facts()
    facts["timeline"] = [e for e in facts["timeline"] if e["what"] == "created"]
    assert answer(facts) == ("UNKNOWN", "NoRefusalSeen")


@pytest.mark.parametrize("reason", ["ExceedsMaxQuota", "NoMatchingFlavor", "Misconfigured",
                                    "Inadmissible"])  # fmt: skip
def test_refused_for_ever_is_not_refused_for_now(reason: str) -> None:
    told = {"type": "QuotaReserved", "status": "False", "reason": reason}
    assert answer(refusal_facts(conditions=(told,)), "kueue") == ("UNKNOWN", "RefusedForever")


def test_workload_of_1_35_waits_by_its_pods_alone() -> None:
    group: Json = {"metadata": {}, "spec": {"podGroups": []}, "status": None}
    assert answer(refusal_facts(group=group)) == ("PASS", "Ok")
    facts = refusal_facts(group=group)
    facts["timeline"] = facts["timeline"][:-1]
    assert answer(facts) == ("UNKNOWN", "NoRefusalSeen")


def test_control_has_to_be_partial() -> None:
    bound = [entry(1, f"p{n}", what) for n in range(2) for what in ("created", "bound")]
    left = [entry(2, "p2", "created"), entry(3, "p2", "unschedulable")]
    facts: Json = {
        "size": 3, "slots": 2, "mark": 99, "schedulers": ["default-scheduler"],
        "timeline": bound + left,
    }  # fmt: skip
    assert control(facts).reason == "Ok"
    assert control({**facts, "schedulers": ["kai-scheduler"]}).reason == "ControlInvalid"
    assert control({**facts, "timeline": bound}).reason == "ControlInvalid"
    assert control({**facts, "timeline": bound[2:] + left}).reason == "ControlInvalid"
    late = [*bound, *left, entry(9, "p2", "bound")]  # while the others are removed
    assert control({**facts, "timeline": late, "mark": 6}).reason == "Ok"
    gated = [*bound, *left, entry(4, "p1", "gated")]
    assert control({**facts, "timeline": gated}).reason == "ControlInvalid"


def test_gang_placed_over_a_long_time_is_none() -> None:
    facts: Json = {
        "size": 2, "gang": "g", "stray": [], "nonce": "n", "group": {}, "barrier": [],
        "timeline": [entry(0, "a", "bound"), entry(10_500, "b", "bound")],
    }  # fmt: skip
    assert together(facts, NATIVE).reason == "Scattered"
    facts["timeline"][1]["ms"] = 9_000
    assert together(facts, NATIVE).reason == "NotMet"
    facts["timeline"].append(entry(9_100, "a", "failed", detail="Evicted"))
    assert together(facts, NATIVE).reason == "GangBroken"
    facts["stray"] = ["a"]
    assert together(facts, NATIVE).reason == "GroupDropped"


def told(number: int, **changed: Any) -> Json:
    others = [uid for uid in ("u0", "u1", "u2") if uid != f"u{number}"]
    said = {"rank": number, "ranks": 3, "met_all": True, "nonce": "n.g", "pod_uid": f"u{number}",
            "met": [others, others]}  # fmt: skip
    phase = changed.pop("phase", "Succeeded")
    return {"pod": f"p{number}", "phase": phase, "told": {**said, **changed}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "other.g"},
        {"ranks": 2},
        {"met_all": False},
        {"phase": "Failed"},
        {"pod_uid": "u9"},
        {"met": [["u0", "u1"]]},
        {"met": [["u0", "u1"], ["u0", "u8"]]},
        {"rank": 1},
    ],
)
def test_meeting_is_believed_only_with_the_right_pods(wrong: Json) -> None:
    facts = {"nonce": "n", "timeline": [entry(n, f"u{n}", "bound") for n in range(3)]}
    all_told = [told(0), told(1), told(2)]
    assert meeting_trouble(all_told, facts, gang="g", size=3) == ""
    assert meeting_trouble(all_told[:2], facts, gang="g", size=3)
    assert meeting_trouble([*all_told[:2], told(2, **wrong)], facts, gang="g", size=3)
    silent = {"pod": "p2", "phase": "Running", "told": None}
    assert meeting_trouble([*all_told[:2], silent], facts, gang="g", size=3)


def rivals(*moves: str) -> list[Json]:
    """ "a1+": the first pod of gang a is placed; "a1-": it has ended."""
    names = {"+": "bound", "-": "succeeded"}
    return [entry(n, move[:2], names[move[2]], gang=move[0]) for n, move in enumerate(moves)]


def test_rivals_come_one_after_the_other() -> None:
    sound = rivals("a1+", "a2+", "a1-", "b1+", "a2-", "b2+", "b1-", "b2-")
    assert rivals_trouble(sound, ("a", "b"), size=2) is None


@pytest.mark.parametrize(
    ("moves", "reason"),
    [
        (("a1+", "b1+"), "PartialPlacement"),  # a deadlock
        (("a1+", "b1+", "a2+", "a1-", "a2-", "b2+", "b1-", "b2-"), "PartialPlacement"),
        (("a1+", "a2+", "b1+", "a1-", "a2-", "b2+", "b1-", "b2-"), "PartialPlacement"),
        (("a1+", "a2+", "a1-", "a2-"), "NotBoth"),
        ((), "NotBoth"),
    ],
)
def test_mutant_rivals(moves: tuple[str, ...], reason: str) -> None:
    trouble = rivals_trouble(rivals(*moves), ("a", "b"), size=2)
    assert trouble is not None
    assert trouble[0] == reason


def test_timeline_is_what_the_watch_told_in_its_order() -> None:
    def change(at: float, version: str, **parts: Any) -> Change:
        metadata = {"name": "p", "uid": "u", "labels": {GANG_LABEL: "g"},
                    "resourceVersion": version}  # fmt: skip
        return Change("MODIFIED", {"metadata": metadata, **parts}, at)

    waiting = {"conditions": [{"type": "PodScheduled", "status": "False",
                               "reason": "Unschedulable", "message": 'a,"b"'}]}  # fmt: skip
    bound = {"nodeName": "node1"}
    changes = [
        change(100.0, "1"),
        change(100.5, "2", status=waiting),
        change(101.0, "3", spec=bound, status=waiting),
        change(101.5, "4", spec=bound, status={"phase": "Running"}),
    ]
    changes.append(Change("DELETED", changes[-1].object, 102.0))
    entries = timeline(changes, began=100.0)
    assert [(e["ms"], e["what"]) for e in entries] == [
        (0, "created"), (500, "unschedulable"), (1000, "bound"), (1500, "running"),
        (2000, "deleted"),
    ]  # fmt: skip
    assert '500,g,p,unschedulable,"a,""b""",2' in as_csv(entries, step="s")
