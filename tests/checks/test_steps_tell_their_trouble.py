"""What goes wrong in a step ends that step, with its reason; it never gets out of the check."""

from collections.abc import Awaitable, Callable

import pytest

from aiconform.checks.framework import (
    Conclusion,
    Context,
    HttpAnswer,
    Sightings,
    UnavailableError,
    conclude,
    on,
    passed,
    rule,
)
from aiconform.checks.framework.evidence import evidence_file
from aiconform.checks.framework.fake import FakePlatform
from aiconform.cluster.fake_objects import refusal
from aiconform.cluster.resources import CONFIG_MAP, POD
from aiconform.model.errors import ClusterError, JournalError
from aiconform.model.records import EVIDENCE_CHARACTERS, EvidenceFile, JournalRecord, Sighted
from tests.checks.toy import TOY, pod_manifest, toy


def evaluate(seen: Sightings) -> Conclusion:
    return conclude((rule(seen, "it", lambda facts: passed("seen")),), passed="seen")


async def forbidden(ctx: Context) -> None:
    await ctx.apply(POD, pod_manifest(ctx))


async def refused(ctx: Context) -> None:
    await ctx.apply(CONFIG_MAP, {"metadata": {"name": ctx.name("full")}})


async def unavailable(_ctx: Context) -> None:
    raise UnavailableError("NoFreeDevice", "all devices are in use")


async def silent(ctx: Context) -> None:
    await ctx.http("GET", "http://10.0.0.9:8080/")


async def unreachable(_ctx: Context) -> None:
    raise ClusterError("no answer within 30 s")


async def broken(_ctx: Context) -> None:
    raise KeyError("a defect")


async def endless(ctx: Context) -> None:
    while True:
        await ctx.sleep(1.0)


async def not_json(ctx: Context) -> None:
    await ctx.see("it", {"value": float("nan")})


@pytest.mark.parametrize(
    ("trouble", "outcome", "reason"),
    [
        (forbidden, "UNKNOWN", "NotPermitted"),
        (refused, "ERROR", "Refused"),
        (unavailable, "UNKNOWN", "NoFreeDevice"),
        (silent, "ERROR", "NoAnswer"),
        (unreachable, "ERROR", "ApiTrouble"),
        (broken, "ERROR", "CheckBroken"),
        (endless, "UNKNOWN", "TimeBox"),
        (not_json, "ERROR", "CheckBroken"),
    ],
)
async def test_trouble_has_its_outcome(
    trouble: Callable[[Context], Awaitable[None]], outcome: str, reason: str
) -> None:
    async def run(ctx: Context) -> None:
        async with ctx.step("it") as seen:
            seen["before"] = 1
            await trouble(ctx)

    platform = FakePlatform(forbidden=["create pods"])
    platform.objects.admission.append(
        lambda resource, made, dry_run: (
            refusal(403, "Forbidden", "exceeded quota") if resource == CONFIG_MAP else None
        )
    )
    check = toy(run, evaluate=evaluate)

    entries = await platform.run(check)

    verdict = platform.verdict(check, entries, version="1.35")
    assert (verdict.outcome, verdict.reason) == (outcome, reason), verdict
    if trouble is not not_json:
        (told,) = (e.record for e in entries if isinstance(e.record, Sighted))
        assert told.problem is not None
        assert told.facts == {"before": 1}


async def test_check_goes_on_after_a_step_with_trouble() -> None:
    async def run(ctx: Context) -> None:
        async with ctx.step("it") as first:
            await unavailable(ctx)
        assert not first.ok
        async with ctx.step("next") as second:
            second["value"] = 2
        assert second.ok

    platform = FakePlatform()

    entries = await platform.run(toy(run))

    steps = [e.record.step for e in entries if isinstance(e.record, Sighted)]
    assert steps == ["it", "next"]


async def test_journal_that_cannot_be_written_ends_the_run() -> None:
    platform = FakePlatform()
    record = platform.record

    async def full(*records: JournalRecord) -> None:
        if any(isinstance(r, Sighted) for r in records):
            raise JournalError("the volume is full")
        await record(*records)

    async def run(ctx: Context) -> None:
        await ctx.apply(CONFIG_MAP, {"metadata": {"name": ctx.name("c")}})
        await ctx.see("it", {})

    platform.record = full  # type: ignore[method-assign]

    with pytest.raises(JournalError):
        await platform.run(toy(run))

    assert not platform.objects.all(CONFIG_MAP)


async def test_time_box_keeps_what_was_seen() -> None:
    async def run(ctx: Context) -> None:
        await ctx.see("it", {"value": 1})
        async with ctx.step("never-ends") as seen:
            seen["value"] = 2
            await endless(ctx)

    platform = FakePlatform()

    entries = await platform.run(toy(run, time_box_s=5.0))

    told = {e.record.step: e.record for e in entries if isinstance(e.record, Sighted)}
    assert told["it"].problem is None
    problem = told["never-ends"].problem
    assert problem is not None
    assert (problem.kind, told["never-ends"].facts) == ("time_box", {"value": 2})


async def test_lost_answer_to_a_create_makes_no_second_object() -> None:
    """The request went out twice: the object that is there is ours."""

    async def run(ctx: Context) -> None:
        first = await ctx.apply(CONFIG_MAP, {"metadata": {"name": ctx.name("c")}})
        again = await ctx.apply(CONFIG_MAP, {"metadata": {"name": ctx.name("c")}})
        await ctx.see("it", {"same": first["metadata"]["uid"] == again["metadata"]["uid"]})

    check = toy(run, rights=(*TOY.rights, *on(CONFIG_MAP, "get", why="reads it back")))
    platform = FakePlatform()

    entries = await platform.run(check)

    (told,) = (e.record for e in entries if isinstance(e.record, Sighted))
    assert told.facts == {"same": True}


async def test_http_comes_from_whom_the_test_says() -> None:
    async def run(ctx: Context) -> None:
        answer = await ctx.http("POST", "http://10.0.0.9:8080/set?x=1", body="{}")
        await ctx.see("it", {"status": answer.status, "text": answer.text})

    platform = FakePlatform()
    platform.http["10.0.0.9:8080"] = lambda method, path, headers, body: HttpAnswer(
        200, {}, f"{method} {path} {body}"
    )

    entries = await platform.run(toy(run))

    (told,) = (e.record for e in entries if isinstance(e.record, Sighted))
    assert told.facts == {"status": 200, "text": "POST /set?x=1 {}"}


async def test_following_tells_every_change_in_order() -> None:
    async def run(ctx: Context) -> None:
        async with ctx.following(POD, labels=ctx.selector) as changes:
            await ctx.apply(POD, pod_manifest(ctx))
            await ctx.sleep(2.0)
            phases = [c.object.get("status", {}).get("phase") for c in changes]
            await ctx.see("it", {"kinds": [c.kind for c in changes], "phases": phases})

    platform = FakePlatform()

    entries = await platform.run(toy(run))

    (told,) = (e.record for e in entries if isinstance(e.record, Sighted))
    assert told.facts["kinds"] == ["ADDED", "MODIFIED", "MODIFIED"]
    assert told.facts["phases"] == [None, "Pending", "Running"]


def test_tokens_never_get_into_evidence() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl"

    told = evidence_file("dra_support", "logs/a.txt", f"Authorization: Bearer abcdef0123\n{token}")

    assert isinstance(told, EvidenceFile)
    assert "eyJ" not in told.text
    assert "abcdef" not in told.text


def test_long_evidence_is_cut_and_says_so() -> None:
    told = evidence_file("dra_support", "logs/a.txt", "x" * (EVIDENCE_CHARACTERS + 1))

    assert told.truncated
    assert len(told.text) == EVIDENCE_CHARACTERS
