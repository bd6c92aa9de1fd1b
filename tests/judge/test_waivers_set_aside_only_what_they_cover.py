"""A waiver changes what counts, never what was found: a fault beside a waived one counts."""

from datetime import date, timedelta

import pytest

from aiconform.judge import judge
from aiconform.model.outcome import Outcome
from aiconform.model.verdict import Judgement, RunVerdict
from aiconform.model.waiver import Waiver
from tests.judge.verdicts import outcomes
from tests.support.journals import Faults, run_journal, with_waivers

DAY = date(2027, 3, 31)
SLOW = Faults(slow={("node3", "send"): 0.3})
CORRUPT = Faults(corrupt={"node2": True})
BOTH = Faults(slow={("node3", "send"): 0.3}, corrupt={"node2": True})
LOST = Faults(failed={"node4": ("ImagePullBackOff", "no such image")})
EXCLUDED = Faults(excluded={"node4": ("NotReady", "its kubelet is silent")})
LOSING = {("node3", peer): 0.03 for peer in ("node1", "node2", "node4")}
LOSSY = Faults(lossy=LOSING)
SPOILT = Faults(counts={"node2": {"by": {"rx_errors": 40_000}}})
ASTRAY = Faults(counts={"node2": {"sent": 900, "received": 900}})
CUT = Faults(cut_pairs=frozenset({("node1", "node2")}))


def waiver(code: str, scope: str, expiry: date = DAY) -> Waiver:
    return Waiver(id=code, scope=scope, reason="ticket 7", owner="fabric team", expiry=expiry)


def judged(faults: Faults, *waivers: Waiver, on: date = DAY) -> Judgement:
    return judge(run_journal(faults), waivers=waivers, on=on)


@pytest.mark.parametrize(
    ("faults", "code", "scope"),
    [
        (SLOW, "AIC-NET-001", "node3 sending"),
        (CORRUPT, "AIC-DEV-001", "node2 *"),
        (CUT, "AIC-NET-003", "node1 → node2"),
        (LOST, "AIC-NODE-002", "node4"),
        (EXCLUDED, "AIC-NODE-003", "node?"),
        (Faults(corrupt={"node2": False}), "AIC-DEV-002", "node2 *"),
        (LOSSY, "AIC-NET-012", "node3 eth0 sending"),
        (Faults(lossy={("node1", "node4"): 0.03}), "AIC-NET-012", "node1 → node4"),
        (SPOILT, "AIC-NET-013", "node2 eth0"),
        (ASTRAY, "AIC-NET-011", "node2"),
        (Faults(slow=SLOW.slow, lossy=LOSING), "AIC-NET-001", "node3 sending"),
    ],
)
def test_all_that_is_wrong_waived_counts_as_a_pass_with_warnings(
    faults: Faults, code: str, scope: str
) -> None:
    before = judge(run_journal(faults))
    told = judged(faults, waiver(code, scope))

    assert [f.code for f in told.findings] == [code]
    assert told.counted is RunVerdict.PASS_WITH_WARNINGS, told
    assert told.waivers[0].state == "used"
    assert_facts_are_the_same(before, told)


def assert_facts_are_the_same(before: Judgement, after: Judgement) -> None:
    assert (after.verdict, after.sentence) == (before.verdict, before.sentence)
    assert [v.model_copy(update={"waived": None}) for v in after.verdicts] == [*before.verdicts]
    assert [f.model_copy(update={"waived": None}) for f in after.findings] == [*before.findings]
    assert after.ledger == before.ledger


def test_waived_subject_never_passes() -> None:
    told = judged(SLOW, waiver("AIC-NET-001", "*"))

    assert told.verdict is RunVerdict.FAIL
    assert outcomes(told, "node")["node3"] == "FAIL"
    marked = {(v.item, str(v.subject)) for v in told.verdicts if v.waived}
    assert ("node", "node3") in marked
    assert {name for item, name in marked if item == "tcp.rate"} == {
        f"node3 → node{n}" for n in (1, 2, 4)
    }
    assert all(v.outcome is not Outcome.PASS for v in told.verdicts if v.waived)


def test_fault_beside_a_waived_one_counts() -> None:
    told = judged(BOTH, waiver("AIC-NET-001", "node3 sending"))

    assert told.counted is RunVerdict.FAIL
    marked = {v.subject.node for v in told.verdicts if v.waived and v.item == "node"}
    assert marked == {"node3"}


def test_second_fault_of_one_node_counts() -> None:
    faults = Faults(slow={("node3", "send"): 0.3}, corrupt={"node3": True})

    told = judged(faults, waiver("AIC-NET-001", "node3 sending"))

    assert told.counted is RunVerdict.FAIL
    assert not any(v.waived for v in told.verdicts if v.item == "node")


def test_second_thing_that_counters_show_of_one_node_counts() -> None:
    ill = Faults(lossy=LOSING, counts={"node3": {"by": {"rx_errors": 40_000}}})

    told = judged(ill, waiver("AIC-NET-012", "node3 *"))

    assert told.counted is RunVerdict.FAIL
    assert outcomes(told, "counters") == {"node3": "FAIL"}


def test_what_is_left_of_a_node_in_part_waived_is_what_counts() -> None:
    """Its wrong device is accepted; that it was lost later is not."""
    faults = Faults(corrupt={"node3": True}, lost={"node3": 2})

    told = judged(faults, waiver("AIC-DEV-001", "node3 *"))

    assert told.verdict is RunVerdict.FAIL
    assert told.counted is RunVerdict.INCOMPLETE


def test_link_that_two_faults_explain_needs_both_waived() -> None:
    faults = Faults(slow={("node3", "send"): 0.3, ("node7", "receive"): 0.3})
    one, both = (
        judge(run_journal(faults, nodes=8), waivers=given, on=DAY)
        for given in (
            [waiver("AIC-NET-001", "node3 sending")],
            [waiver("AIC-NET-001", "node3 sending"), waiver("AIC-NET-001", "node7 receiving")],
        )
    )

    assert one.counted is RunVerdict.FAIL
    shared = [v for v in one.verdicts if str(v.subject) == "node3 → node7" and v.waived]
    assert not shared
    assert both.counted is RunVerdict.PASS_WITH_WARNINGS


@pytest.mark.parametrize(
    ("code", "scope"),
    [
        ("AIC-NET-002", "*"),  # another code
        ("AIC-NET-001", "node3"),  # not the whole subject
        ("AIC-NET-001", "node2 sending"),
        ("AIC-NET-001", "NODE3 *"),
        ("gang_scheduling", "*"),
    ],
)
def test_waiver_that_covers_nothing_is_unused_and_changes_nothing(code: str, scope: str) -> None:
    told = judged(SLOW, waiver(code, scope))

    assert told.counts_as is None
    assert told.counted is RunVerdict.FAIL
    assert [use.state for use in told.waivers] == ["unused"]


def test_last_day_holds_and_the_day_after_does_not() -> None:
    given = waiver("AIC-NET-001", "*")

    assert judged(SLOW, given, on=DAY).counted is RunVerdict.PASS_WITH_WARNINGS
    after = judged(SLOW, given, on=DAY + timedelta(days=1))
    assert after.counted is RunVerdict.FAIL
    assert [(use.state, use.where) for use in after.waivers] == [("expired", ("node3 sending",))]
    assert not any(f.waived for f in after.findings)


def test_run_that_broke_is_an_error_whatever_is_waived() -> None:
    told = judged(Faults(trouble=("the API server went away",)), waiver("AIC-NET-001", "*"))

    assert told.counted is RunVerdict.ERROR


def test_nothing_tested_is_no_pass_by_waiving_it_all() -> None:
    every = {f"node{n}": ("NotReady", "off") for n in range(1, 5)}

    told = judged(Faults(excluded=every), waiver("AIC-NODE-003", "*"))

    assert told.counted is RunVerdict.INCOMPLETE


def test_run_has_its_own_waivers_and_its_own_day() -> None:
    """A journal alone always gives the same judgement."""
    text = "- {id: AIC-NET-001, scope: '*', reason: r, owner: o, expiry: %s}"
    sound, late = (
        with_waivers(run_journal(SLOW), text % day) for day in ("2999-01-01", "1970-01-01")
    )

    assert judge(sound).counted is RunVerdict.PASS_WITH_WARNINGS
    assert judge(late).counted is RunVerdict.FAIL
    assert judge(sound, waivers=()).counted is RunVerdict.FAIL
    assert judge(sound, on=date(3000, 1, 1)).counted is RunVerdict.FAIL


MIXED = (
    BOTH,
    Faults(slow={("node3", "send"): 0.3}, corrupt={"node3": True, "node2": False}),
    Faults(slow={("node3", "send"): 0.3}, failed={"node4": ("ImagePullBackOff", "no such image")}),
    Faults(lost={"node2": 2}, corrupt={"node2": True, "node4": True}),
    Faults(cut_pairs=frozenset({("node1", "node2")}), corrupt={"node1": True}),
    Faults(slow_links={("node1", "node5"): 0.4}, excluded={"node7": ("Busy", "all in use")}),
    Faults(slow={("node3", "send"): 0.3, ("node3", "receive"): 0.3}, lost={"node8": 1}),
    Faults(slow={("node3", "send"): 0.3, ("node6", "send"): 0.4, ("node6", "receive"): 0.4}),
)
NO_PASS = {
    Outcome.FAIL: {RunVerdict.FAIL},
    Outcome.UNKNOWN: {RunVerdict.FAIL, RunVerdict.INCOMPLETE},
}


@pytest.mark.parametrize("number", range(len(MIXED)))
def test_one_finding_that_is_not_waived_counts_whatever_else_is(number: int) -> None:
    entries = run_journal(MIXED[number], nodes=8)
    found = judge(entries).findings
    places = [(f.code, str(f.subject)) for f in found]
    assert len(set(places)) == len(places) > 1

    for left in found:
        others = [waiver(f.code, str(f.subject)) for f in found if f is not left]
        told = judge(entries, waivers=others, on=DAY)
        if left.outcome in NO_PASS:
            assert told.counted in NO_PASS[left.outcome], left


@pytest.mark.parametrize("number", range(len(MIXED)))
def test_all_findings_waived_leave_nothing_that_counts_but_what_has_no_finding(number: int) -> None:
    entries = run_journal(MIXED[number], nodes=8)
    found = judge(entries).findings

    told = judge(entries, waivers=[waiver(f.code, str(f.subject)) for f in found], on=DAY)

    assert all(f.waived for f in told.findings)
    assert told.counted is not RunVerdict.FAIL
    open_ones = [v for v in told.verdicts if v.required and v.outcome.value in {"FAIL", "UNKNOWN"}]
    if all(v.waived for v in open_ones):
        assert told.counted is RunVerdict.PASS_WITH_WARNINGS
