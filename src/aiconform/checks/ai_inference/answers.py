"""The rule of each step on traffic, judged from its facts (pure)."""

from collections.abc import Mapping
from typing import Any

from aiconform.checks.ai_inference.kinds import holds
from aiconform.checks.ai_inference.objects import PROTOCOL_HEADERS, protocol_value
from aiconform.checks.ai_inference.split import split_answer, tally, words
from aiconform.checks.ai_inference.steps import AUTHORIZATION, WARM_S, WARM_STREAK
from aiconform.checks.framework import Answer, failed, passed, warned

Facts = Mapping[str, Any]

_FIRST_CHUNK_S = 1.0
_LEAST_ARRIVALS = 5


def warm(facts: Facts) -> Answer:
    load = facts["loads"]["w0"]
    if load["ended"] == "streak" and load["streak"] >= WARM_STREAK:
        return passed(f"{WARM_STREAK} requests in a row were answered")
    told = words({**load["by_status"], **load["troubles"]})
    return failed("NeverWarm", f"no {WARM_STREAK} good answers in a row in {WARM_S:g} s: {told}")


def all_to_a(facts: Facts) -> Answer:
    return _only(facts, {"w1": "a"}, broken="WeightIgnored")


def split(facts: Facts) -> Answer:
    return split_answer(facts["loads"], facts["uids"])


def all_to_b(facts: Facts) -> Answer:
    loads = facts["loads"]
    if loads["w3-warm"]["ended"] != "streak":
        told = f"weights of 0 to 100 were accepted, and not followed within {WARM_S:g} s"
        return failed("WeightsNotFollowed", told)
    return _only(facts, {"w3": "b"}, broken="WeightIgnored")


def by_model(facts: Facts) -> Answer:
    wanted = {"h1-with": "b", "h1-without": "a", "h1-wrong": "a"}
    return _only(facts, wanted, broken="HeaderIgnored")


def by_protocol(facts: Facts) -> Answer:
    loads = facts["loads"]
    names = {f"h2-{h.removeprefix('OpenAI-').lower()}-{case}": h
             for h in PROTOCOL_HEADERS for case in ("mixed", "lower")}  # fmt: skip
    found = _only(facts, {**dict.fromkeys(names, "b"), "h2-without": "a"}, broken="HeaderIgnored")
    if found.reason != "Ok":
        return found
    for name, header in names.items():
        load = loads[name]
        expected = {header: protocol_value(header), AUTHORIZATION[0]: AUTHORIZATION[1]}
        for each, value in expected.items():
            arrived = load["arrived"][each]
            if arrived != [[value, load["asked"]]]:
                told = f"{each}: {value} arrived as {arrived or 'nothing'}"
                return failed("HeaderChanged", told)
    return passed("the headers of the protocol steer, in either case, and arrive unchanged")


def combined(facts: Facts) -> Answer:
    wanted = {"h3-hit": "b", "h3-no-header": "a", "h3-other-path": "a"}
    return _only(facts, wanted, broken="MatchIgnored")


def to_nowhere(facts: Facts) -> Answer:
    """Only the rule that leads to no Service is an error."""
    nowhere = facts["loads"]["n1-nowhere"]
    others = {status for status in nowhere["by_status"] if not status.startswith("5")}
    if others or nowhere["troubles"] or sum(nowhere["at_backends"].values()):
        told = words({**nowhere["by_status"], **nowhere["troubles"]})
        return failed("NoServerError", f"a rule to a Service that does not exist answers {told}")
    return _only(facts, {"n1-there": "a"}, broken="WrongBackend")


def nowhere_is_told(facts: Facts) -> Answer:
    resolved = facts["resolved"] or {}
    if resolved.get("status") == "False" and resolved.get("reason") == "BackendNotFound":
        return passed("the route's status tells that its Service does not exist")
    said = f"{resolved.get('status')}/{resolved.get('reason')}" if resolved else "not told"
    return warned(
        "NoBackendNotFound", f"a route to no Service: ResolvedRefs is {said}, not False/"
        "BackendNotFound",
    )  # fmt: skip


def unknown_host(facts: Facts) -> Answer:
    load = facts["loads"]["n2"]
    hits = sum(load["at_backends"].values())
    if hits:
        told = f"{hits} of {load['asked']} requests for a hostname of no route reached a backend"
        return failed("UnknownHostServed", told)
    if load["by_status"] == {"404": load["asked"]}:
        return passed("a hostname of no route is not found")
    told = words({**load["by_status"], **load["troubles"]})
    return warned("Not404", f"a hostname of no route is answered with {told}, not 404")


def after_deletion(facts: Facts) -> Answer:
    load = facts["loads"]["n3"]
    if load["ended"] == "streak":
        return passed("without its route the hostname is not found")
    last = load["last_statuses"]
    if last and 200 not in last:
        return passed(f"without its route the hostname is not served: {last}")
    return failed("StillServed", f"{WARM_S:g} s after its route was deleted the hostname is served")


def streaming(facts: Facts) -> Answer:
    """Information: does a stream arrive as it is sent?"""
    streams = facts["loads"]["s1"]["streams"]
    whole = len(streams) == facts["loads"]["s1"]["asked"]
    prompt = all(s["arrivals_s"] and s["arrivals_s"][0] < _FIRST_CHUNK_S for s in streams)
    apart = all(len({round(at, 2) for at in s["arrivals_s"]}) >= _LEAST_ARRIVALS for s in streams)
    if whole and prompt and apart:
        return passed("streams arrive piece by piece")
    return warned("StreamsBuffered", "streams do not arrive piece by piece as they are sent")


def _only(facts: Facts, wanted: Mapping[str, str], *, broken: str) -> Answer:
    """Every request of each load went to the backend that it had to go to."""
    total = 0
    for name, side in wanted.items():
        found = tally(facts["loads"][name], facts["uids"])
        if found.trouble is not None:
            return found.trouble
        wrong = found.a if side == "b" else found.b
        if wrong:
            told = f"{wrong} of {found.asked} requests that were for {side.upper()} only ({name})"
            return failed(broken, f"{told} arrived at the other backend")
        total += found.asked
    return passed(f"all {total} requests arrived where they had to")


def accepted(facts: Facts) -> Answer:
    if holds(facts["accepted"]) and holds(facts["resolved"]):
        return passed("the new weights are accepted")
    told = facts["accepted"] if not holds(facts["accepted"]) else facts["resolved"]
    return failed("RouteNotAccepted", f"the new weights are not accepted: {_said(told)}")


def _said(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return "nothing is said of them"
    return f"{told['type']} {told['status']}, {told['reason']}: {told['message']}"
