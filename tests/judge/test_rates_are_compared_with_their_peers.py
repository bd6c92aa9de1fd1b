"""Eight of a class allow a statement: low is a warning, and a failure when every sample is low."""

import pytest

from aiconform.judge import judge
from aiconform.judge.peers import peers_of
from aiconform.model.records import Delivered, Entry
from aiconform.model.verdict import RunVerdict, Verdict
from aiconform.model.wire import Measurement, Statistic
from tests.judge.verdicts import findings, verdict
from tests.support.journals import changed, run_journal

NINE = run_journal(nodes=9, tcp=False, sigma=0.01)


def copy_entry(node: str) -> Entry:
    return next(
        e
        for e in NINE
        if isinstance(e.record, Delivered)
        and isinstance(e.record.record, Measurement)
        and e.record.record.exercise == "memory.copy"
        and e.record.record.node == node
    )


def told(value: float | None, *, n: int = 5, **changes: object) -> Verdict:
    statistic = None
    if value is not None and value > 0:
        statistic = Statistic(n=n, median=value, mad=0.0, min=value, max=value).model_dump()
    said = {"value": value, "statistic": statistic} | changes
    judgement = judge(changed(NINE, copy_entry("node3").id, **said))
    return verdict(judgement, "memory.copy", node="node3")


@pytest.mark.parametrize(
    ("value", "outcome"),
    [(10.0, "PASS"), (9.6, "PASS"), (11.0, "PASS"), (9.35, "WARN"), (8.0, "FAIL"), (0.1, "FAIL")],
)
def test_value_among_its_peers(value: float, outcome: str) -> None:
    assert told(value).outcome == outcome


@pytest.mark.parametrize("doubt", [{"noisy": True}, {"n": 1}, {"statistic": None}])
def test_unconfirmed_low_value_is_only_a_warning(doubt: dict[str, object]) -> None:
    assert told(5.0, **doubt).outcome == "WARN"  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [-1.0, 0.0, 1e12, 1000.0])
def test_value_that_cannot_be_true_is_not_believed(value: float) -> None:
    found = told(value)

    assert (found.outcome, found.reason, found.required) == ("UNKNOWN", "NotCredible", True)


def test_statistic_that_contradicts_itself_is_not_believed() -> None:
    statistic = Statistic(n=5, median=10.0, mad=0.0, min=11.0, max=9.0).model_dump()

    assert told(10.0, statistic=statistic).reason == "NotCredible"


def test_value_that_is_missing_has_its_reason() -> None:
    found = told(None, reason="the clock stood still")

    assert (found.outcome, found.required) == ("UNKNOWN", True)
    assert "the clock stood still" in found.sentence


def test_another_class_has_no_peers() -> None:
    found = told(5.0, params={"bytes": 7})

    assert (found.outcome, found.reason, found.required) == ("UNKNOWN", "NoReference", False)


@pytest.mark.parametrize(
    ("value", "code", "run"), [(5.0, "FAIL", "fail"), (9.3, "WARN", "pass_with_warnings")]
)
def test_low_rate_is_a_finding(value: float, code: str, run: str) -> None:
    statistic = Statistic(n=5, median=value, mad=0.0, min=value, max=value).model_dump()
    judgement = judge(changed(NINE, copy_entry("node3").id, value=value, statistic=statistic))

    assert findings(judgement) == [("AIC-DEV-004", "node3", code)]
    assert judgement.verdict is RunVerdict(run)


def test_fewer_than_eight_are_no_peers() -> None:
    assert peers_of([1.0] * 7) is None
    assert peers_of([1.0] * 8) is not None
