"""Mutants: gateways that look sound and are not, each of which fails for its own reason."""

from collections.abc import Callable

import pytest

from aiconform.checks.ai_inference import CHECK
from aiconform.model.outcome import Outcome
from aiconform.model.requirement import RequirementVerdict
from tests.checks.ai_inference.gateway import (
    Answer,
    GatewayPlatform,
    Request,
    ignoring_headers,
    ignoring_weights,
)


async def _verdict(platform: GatewayPlatform) -> RequirementVerdict:
    return platform.verdict(CHECK, await platform.run(CHECK))


def _step(verdict: RequirementVerdict, name: str) -> Outcome:
    (found,) = (step.outcome for step in verdict.steps if step.name == name)
    return found


def _echoing(platform: GatewayPlatform) -> Callable[[Request], Answer]:
    """Sends everything to one pod, which answers "b" every fifth time."""
    count = iter(range(10**6))

    def answer(request: Request) -> Answer:
        platform.name_of = lambda _: "b" if next(count) % 5 == 4 else "a"
        return platform.at("ai-inference-backend-a", request)

    return answer


def _lying(platform: GatewayPlatform) -> Callable[[Request], Answer]:
    """Answers by itself, in the name of the right pod: nothing arrives."""

    def answer(request: Request) -> Answer:
        before = platform.seen.copy()
        found = platform.routed(request)
        platform.seen = before
        return found

    return answer


def _string_echo(_: GatewayPlatform) -> Callable[[Request], Answer]:
    """Answers 200 and repeats what it was asked, whatever that is."""
    return lambda request: Answer(200, None, request.headers.get("x-aiconform-model", "a"))


def _renaming(platform: GatewayPlatform) -> Callable[[Request], Answer]:
    """Drops the Authorization header."""

    def answer(request: Request) -> Answer:
        kept = [pair for pair in request.sent if pair[0] != "Authorization"]
        return platform.routed(Request(request.host, request.path, request.headers, kept))

    return answer


def _everywhere(platform: GatewayPlatform) -> Callable[[Request], Answer]:
    """Serves hostnames that no route has."""

    def answer(request: Request) -> Answer:
        found = platform.routed(request)
        return found if found.status != 404 else platform.at("ai-inference-backend-a", request)

    return answer


def _no_service(_: GatewayPlatform) -> Callable[[Request], Answer]:
    """Routes are Accepted, and every request gets 500."""
    return lambda _: Answer(500)


@pytest.mark.parametrize(
    ("mutant", "step", "reason"),
    [
        (ignoring_weights, "k1-w1", "WeightIgnored"),
        (ignoring_headers, "k1-h1", "HeaderIgnored"),
        (_echoing, "k1-w2-again", "ShareUnlikely"),
        (_lying, "k1-w1", "CountsDisagree"),
        (_string_echo, "k1-w1", "StrangerAnswered"),
        (_renaming, "k1-h2", "HeaderChanged"),
        (_everywhere, "k1-n2", "UnknownHostServed"),
        (_no_service, "k1-address", "NeverServed"),
    ],
)
async def test_mutant_gateways_fail(
    mutant: Callable[[GatewayPlatform], Callable[[Request], Answer]], step: str, reason: str
) -> None:
    platform = GatewayPlatform()
    platform.answer = mutant(platform)

    verdict = await _verdict(platform)

    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == reason, verdict.sentence
    assert _step(verdict, step) is Outcome.FAIL


async def test_mutant_with_another_share_fails_only_after_it_was_counted_twice() -> None:
    platform = GatewayPlatform()

    def half(request: Request) -> Answer:
        """Weights of nothing are kept, every other share is a half."""
        route = platform.remembered.get("ai-inference-k1-weights")
        refs = route["spec"]["rules"][0]["backendRefs"] if route else []
        shared = "weights" in request.host and 0 not in [ref["weight"] for ref in refs]
        return platform.routed(request, weights=not shared)

    platform.answer = half

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "ShareUnlikely"), verdict.sentence
    assert verdict.sentence.startswith("k1-w2-again")
    assert "152 to 251" in verdict.sentence


async def test_mutant_that_never_follows_new_weights_fails() -> None:
    platform = GatewayPlatform()

    def stale(request: Request) -> Answer:
        if "weights" in request.host:
            return platform.at("ai-inference-backend-a", request)
        return platform.routed(request)

    platform.answer = stale

    verdict = await _verdict(platform)

    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason in {"ShareUnlikely", "WeightsNotFollowed", "StillServed"}
    assert _step(verdict, "k1-w3") is Outcome.FAIL


async def test_mutant_that_serves_deleted_routes_fails() -> None:
    platform = GatewayPlatform()
    platform.deaf = True

    verdict = await _verdict(platform)

    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "StillServed"), verdict.sentence
