"""Will it run here? Only what the run showed says yes; what it did not test is not known."""

import pytest

from aiconform.catalogue.profiles import Need, Profile, profiles
from aiconform.catalogue.requirements import requirements
from aiconform.judge.readiness import readiness
from aiconform.model.outcome import Outcome
from aiconform.model.requirement import RequirementVerdict
from aiconform.model.verdict import Judgement, Verdict
from tests.browser.runs import requirement
from tests.report.sample import judgement, verdict

PASS, WARN, FAIL = Outcome.PASS, Outcome.WARN, Outcome.FAIL
UNKNOWN, SKIP, ERROR = Outcome.UNKNOWN, Outcome.SKIP, Outcome.ERROR
GANG = Need(check="gang_scheduling", why="whole or not at all")
PATH = Need(measured="tcp.path", why="ranks meet")


def judged(*found: RequirementVerdict, verdicts: tuple[Verdict, ...] = ()) -> Judgement:
    return judgement().model_copy(update={"requirements": found, "verdicts": verdicts})


def workload(*needs: Need) -> Profile:
    return Profile(id="mine", title="Mine", needs=needs)


def gang(outcome: Outcome, reason: str = "Seen") -> RequirementVerdict:
    made = requirement("gang_scheduling", outcome, "as seen")
    return made.model_copy(update={"reason": reason})


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [(PASS, PASS), (WARN, WARN), (FAIL, FAIL), (UNKNOWN, UNKNOWN), (ERROR, UNKNOWN), (SKIP, FAIL)],
)
def test_need_is_answered_by_its_check(outcome: Outcome, answer: Outcome) -> None:
    """What does not apply to the platform is not there for the workload either."""
    assert readiness(judged(gang(outcome)), workload(GANG)).outcome is answer


def test_check_that_the_checklist_does_not_have_is_not_known() -> None:
    found = readiness(judged(gang(SKIP, "NotInVersion")), workload(GANG))

    assert found.outcome is UNKNOWN


def test_check_that_was_not_switched_on_is_not_known() -> None:
    found = readiness(judged(), workload(GANG))

    assert (found.outcome, found.needs[0].reason) == (UNKNOWN, "NotChecked")
    assert "gang_scheduling" in found.sentence


@pytest.mark.parametrize(
    ("seen", "answer"),
    [
        ([(PASS, True), (PASS, True)], PASS),
        ([(PASS, True), (FAIL, True)], FAIL),
        ([(PASS, True), (UNKNOWN, True)], UNKNOWN),
        ([(PASS, True), (UNKNOWN, False)], PASS),
        ([(PASS, True), (SKIP, False)], PASS),
        ([(UNKNOWN, False)], UNKNOWN),
        ([(FAIL, False), (UNKNOWN, False)], FAIL),
        ([(SKIP, True)], UNKNOWN),
        ([(ERROR, True)], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_measured_need_is_answered_by_the_worst_that_counts(
    seen: list[tuple[Outcome, bool]], answer: Outcome
) -> None:
    verdicts = tuple(
        verdict(outcome, item="tcp.path", node=f"node{n}", required=required)
        for n, (outcome, required) in enumerate(seen)
    )

    assert readiness(judged(verdicts=verdicts), workload(PATH)).outcome is answer


def test_other_items_answer_nothing() -> None:
    verdicts = (verdict(PASS, item="tcp.rate"),)

    assert readiness(judged(verdicts=verdicts), workload(PATH)).outcome is UNKNOWN


@pytest.mark.parametrize("outcome", [WARN, FAIL, UNKNOWN, SKIP, ERROR])
def test_what_only_helps_is_a_remark_whatever_became_of_it(outcome: Outcome) -> None:
    sharing = Need(check="gpu_sharing", why="small models", helps=True)
    found = readiness(judged(gang(PASS), requirement("gpu_sharing", outcome, "x")),
                      workload(GANG, sharing))  # fmt: skip

    assert found.outcome is WARN
    assert [answer.need.name for answer in found.remarks] == ["gpu_sharing"]
    assert found.missing == found.unknown == ()
    assert "remarks on gpu_sharing" in found.sentence


def test_what_is_missing_outweighs_what_is_not_known_and_both_are_named() -> None:
    found = readiness(judged(gang(FAIL)), workload(GANG, PATH))

    assert found.outcome is FAIL
    assert found.sentence == "not ready: gang_scheduling not met; tcp.path not known"


def test_all_shown_is_ready_and_nothing_less_is() -> None:
    verdicts = (verdict(PASS, item="tcp.path"),)

    found = readiness(judged(gang(PASS), verdicts=verdicts), workload(GANG, PATH))

    assert (found.outcome, found.sentence) == (PASS, "ready")
    assert readiness(judged(gang(PASS)), workload(GANG, PATH)).outcome is UNKNOWN
    assert readiness(judged(verdicts=verdicts), workload(GANG, PATH)).outcome is UNKNOWN


@pytest.mark.parametrize(("outcome", "answer"), [(PASS, UNKNOWN), (WARN, UNKNOWN), (FAIL, FAIL)])
def test_damaged_journal_shows_nothing_good(outcome: Outcome, answer: Outcome) -> None:
    found = readiness(judged(gang(outcome)), workload(GANG), damaged=True)

    assert found.outcome is answer


def test_two_profiles_are_answered_differently_for_a_reason() -> None:
    """A cluster without gangs serves models, and does not train on many nodes."""
    serving = profiles()["llm_serving"]
    needed = [n.check for n in serving.needs if n.check and not n.helps]
    shown = [requirement(check, PASS, "seen") for check in needed]

    found = {
        name: readiness(judged(*shown, gang(FAIL)), profile) for name, profile in profiles().items()
    }

    assert found["llm_serving"].outcome is WARN
    assert found["distributed_training"].outcome is FAIL
    assert [a.need.name for a in found["distributed_training"].missing] == ["gang_scheduling"]
    assert found["notebooks"].outcome is UNKNOWN


def test_every_profile_can_be_ready() -> None:
    everything = [requirement(check, PASS, "seen") for check in requirements()]
    items = {n.measured for p in profiles().values() for n in p.needs if n.measured}
    verdicts = tuple(verdict(PASS, item=item) for item in sorted(items))

    for profile in profiles().values():
        assert readiness(judged(*everything, verdicts=verdicts), profile).outcome is PASS
        for taken in [n.check for n in profile.needs if n.check and not n.helps]:
            left = [each for each in everything if each.id != taken]
            found = readiness(judged(*left, verdicts=verdicts), profile)
            assert found.outcome is UNKNOWN, taken
