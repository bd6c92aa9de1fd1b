"""PASS is earned by exact numbers, told of a service that is new, and told again when changed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from aiconform.checks.ai_service_metrics import CHECK
from aiconform.checks.ai_service_metrics.monitors import POD_MONITOR
from aiconform.checks.framework import HttpAnswer
from aiconform.cluster.resources import POD
from aiconform.model.outcome import Outcome
from aiconform.model.requirement import RequirementVerdict
from tests.checks.ai_service_metrics.monitoring import MonitoredPlatform, down
from tests.checks.rests_on import assert_falls_without_any


async def _verdict(platform: MonitoredPlatform, **settings: Any) -> RequirementVerdict:
    entries = await platform.run(CHECK, settings=settings)
    return platform.verdict(CHECK, entries)


async def test_sound_monitoring_passes_and_nothing_stays() -> None:
    platform = MonitoredPlatform()

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.PASS, "Ok"), verdict.sentence
    assert not platform.objects.all(POD)


async def test_pass_is_lost_without_any_record_that_it_rests_on() -> None:
    platform = MonitoredPlatform()

    entries = await platform.run(CHECK)

    assert_falls_without_any(platform, CHECK, entries, version="1.37")


def _blind(platform: MonitoredPlatform) -> None:
    """Discovers no target."""
    platform.scrapes = lambda _: False


def _stale(platform: MonitoredPlatform) -> None:
    """Keeps the first page of a target for ever."""
    kept: dict[str, str] = {}
    platform.page = lambda pod: kept.setdefault(pod["metadata"]["uid"], platform.fresh(pod))


def _frozen(platform: MonitoredPlatform) -> None:
    """Tells the first ten and then no more."""
    platform.page = lambda pod: (
        platform.fresh(pod).replace(" 20\n", " 10\n").replace(" 53\n", " 37\n")
    )


def _wrong_names(platform: MonitoredPlatform) -> None:
    """Renames what it scrapes."""
    platform.page = lambda pod: platform.fresh(pod).replace("requests_total", "requests")


def _echoing(platform: MonitoredPlatform) -> None:
    """Answers every question with the question."""
    platform.query = lambda expression: HttpAnswer(200, {}, json.dumps({"query": expression}))


def _echoing_html(platform: MonitoredPlatform) -> None:
    platform.query = lambda expression: HttpAnswer(200, {}, f"<p>success vector {expression}</p>")


def _down(platform: MonitoredPlatform) -> None:
    platform.query = down


def _inventing(platform: MonitoredPlatform) -> None:
    """Tells the right numbers of any run that is asked for."""

    def query(expression: str) -> HttpAnswer:
        return platform.answered(expression.replace("never", "told"))

    platform.query = query


def _buckets(platform: MonitoredPlatform) -> None:
    """Loses the last bucket of every histogram."""

    def page(pod: dict[str, Any]) -> str:
        lines = platform.fresh(pod).splitlines(keepends=True)
        return "".join(line for line in lines if 'le="+Inf"' not in line)

    platform.page = page


@pytest.mark.parametrize(
    ("mutant", "reason"),
    [
        (_blind, "NotDiscovered"),
        (_stale, "WrongValue"),
        (_frozen, "WrongValue"),
        (_wrong_names, "WrongValue"),
        (_buckets, "WrongBuckets"),
        (_echoing, "NoPrometheusApi"),
        (_echoing_html, "NoPrometheusApi"),
        (_down, "QueryUnanswered"),
        (_inventing, "AnswersAnything"),
    ],
)
async def test_mutant_monitoring_fails(
    mutant: Callable[[MonitoredPlatform], None], reason: str
) -> None:
    platform = MonitoredPlatform()
    mutant(platform)

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, reason), verdict.sentence


async def test_nothing_installed_is_unknown() -> None:
    verdict = await _verdict(MonitoredPlatform(installed=False))

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NothingInstalled")


async def test_query_api_that_wants_an_identity_is_unknown() -> None:
    platform = MonitoredPlatform()
    platform.query = lambda _: HttpAnswer(401, {}, "who are you?")

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "Auth")


async def test_query_api_that_is_away_for_a_moment_is_asked_again() -> None:
    platform = MonitoredPlatform()
    questions = iter(range(10**6))

    def query(expression: str) -> HttpAnswer:
        return down(expression) if next(questions) in {1, 3} else platform.answered(expression)

    platform.query = query

    assert (await _verdict(platform)).outcome is Outcome.PASS


async def test_query_api_that_goes_away_is_an_error_and_no_fault_of_scraping() -> None:
    platform = MonitoredPlatform()
    questions = iter(range(10**6))

    def query(expression: str) -> HttpAnswer:
        return platform.answered(expression) if next(questions) < 2 else down(expression)

    platform.query = query

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, "NoAnswer")


async def test_series_without_origin_are_a_warning() -> None:
    platform = MonitoredPlatform()
    platform.labels = lambda _: {"exported_pod": "x"}

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.WARN, "NoOrigin")


async def test_two_replicas_do_not_double_the_numbers() -> None:
    platform = MonitoredPlatform()
    platform.copies = 2

    assert (await _verdict(platform)).outcome is Outcome.PASS


async def test_scraping_of_everything_is_told_and_is_no_fault() -> None:
    platform = MonitoredPlatform()
    platform.scrapes = lambda _: True

    verdict = await _verdict(platform)

    assert verdict.outcome is Outcome.PASS, verdict.sentence
    (silence,) = (step for step in verdict.steps if step.name == "silence")
    assert silence.outcome is Outcome.SKIP


async def test_selectors_that_leave_us_out_are_printed() -> None:
    platform = MonitoredPlatform()
    platform.operate({"matchLabels": {"team": "x"}}, {"matchLabels": {"monitored": "yes"}})
    platform.scrapes = lambda _: False

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.WARN, "SelectorExcludesUs")
    assert "'monitored': 'yes'" in verdict.sentence


async def test_monitor_gets_the_labels_that_the_operator_selects_by() -> None:
    platform = MonitoredPlatform()
    platform.operate({"matchLabels": {"release": "stack"}}, {})
    made: list[dict[str, str]] = []

    def look(verb: str, resource: Any, found: dict[str, Any]) -> None:
        if resource == POD_MONITOR and verb == "create":
            made.append(found["metadata"]["labels"])

    platform.objects.reactions.append(look)

    assert (await _verdict(platform)).outcome is Outcome.PASS
    assert made[0]["release"] == "stack"


async def test_stub_that_lost_its_numbers_is_no_fault_of_the_platform() -> None:
    platform = MonitoredPlatform()
    requests: list[str] = []

    def restart(verb: str, resource: Any, found: dict[str, Any]) -> None:
        if resource == POD and verb == "update" and found["status"].get("podIP"):
            address = f"{found['status']['podIP']}:8080"
            if address in platform.http and address not in requests:
                requests.append(address)
                serve = platform.http[address]
                platform.http[address] = lambda method, path, *rest: serve(
                    method, "/nothing" if path == "/work" else path, *rest
                )

    platform.objects.reactions.append(restart)

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.ERROR, "StubDiffers")


@pytest.mark.parametrize("verb", ["list services", "create pods"])
async def test_missing_right_is_unknown_and_named(verb: str) -> None:
    verdict = await _verdict(MonitoredPlatform(forbidden=(verb,)))

    assert (verdict.outcome, verdict.reason) == (Outcome.UNKNOWN, "NotPermitted")
    assert verb.split()[1] in verdict.sentence
