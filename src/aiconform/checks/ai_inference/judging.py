"""The verdict: each class by its own steps, and the best class counts (pure)."""

from collections.abc import Callable, Mapping
from typing import Any

from aiconform.checks.ai_inference import answers
from aiconform.checks.ai_inference.kinds import NEEDED, holds
from aiconform.checks.ai_inference.split import words
from aiconform.checks.framework import (
    Answer,
    Conclusion,
    Ruling,
    Sightings,
    conclude,
    errored,
    failed,
    passed,
    rule,
    unknown,
)
from aiconform.model.outcome import Outcome

Facts = Mapping[str, Any]

_BEST_FIRST = (Outcome.PASS, Outcome.WARN, Outcome.UNKNOWN, Outcome.ERROR, Outcome.FAIL)
_TOLD = "weights and headers were followed, counted at the backends, through GatewayClass {}"


def evaluate(seen: Sightings) -> Conclusion:
    api = rule(seen, "api", _api)
    classes = rule(seen, "classes", lambda facts: _classes(facts, seen.settings))
    told = [rule(seen, step, _is_told, mandatory=False) for step in ("release", "gateways")]
    if api.outcome is not Outcome.PASS:
        return conclude((api,), passed="")
    if classes.outcome is not Outcome.PASS:
        return conclude((api, classes, *told), passed="")
    backends = rule(seen, "backends", _backends)
    trials = seen.facts("classes")["trials"]
    # A class that was not tried for want of time is UNKNOWN, which is better than a FAIL of others.
    found = {f"k{n}": _trial(seen, f"k{n}", backends) for n in range(1, len(trials) + 1)}
    best = min(found, key=lambda key: _BEST_FIRST.index(_worst(found[key])))
    others = [r.optional() for key, rulings in found.items() if key != best for r in rulings]
    name = trials[int(best[1:]) - 1]["class"]
    return conclude(
        (api, classes, backends, *found[best], *told, *others),
        passed=_TOLD.format(name),
        evidence=(f"{best}-split.csv", f"objects/{best}-gateway.yaml",
                  f"objects/{best}-routes.yaml"),
        notes=[f"{each['class']}: {_worst(found[f'k{n}'])}" for n, each in enumerate(trials, 1)],
    )  # fmt: skip


def _worst(rulings: list[Ruling]) -> Outcome:
    return conclude(rulings, passed="all is well").outcome


def _trial(seen: Sightings, key: str, backends: Ruling) -> list[Ruling]:
    """Every step of one class, in the order of the requests."""

    def ruled(step: str, judge: Callable[[Facts], Answer], *, mandatory: bool = True) -> Ruling:
        return rule(seen, f"{key}-{step}", judge, mandatory=mandatory)

    def counted(step: str, judge: Callable[[Facts], Answer]) -> Ruling:
        return ruled(step, judge).controlled_by(backends)

    weights = counted("w1", answers.all_to_a)
    warm = counted("w0", answers.warm)
    return [
        ruled("gateway", _gateway),
        ruled("routes", _routes),
        ruled("address", _address),
        ruled("client-first", _client),
        warm,
        weights,
        ruled("weights-split", answers.accepted),
        ruled("client-split", _client),
        *_split(counted("w2", answers.split), counted("w2-again", answers.split)),
        ruled("weights-swapped", answers.accepted),
        ruled("client-swap", _client),
        counted("w3", answers.all_to_b),
        counted("h1", answers.by_model),
        counted("h2", answers.by_protocol),
        counted("h3", answers.combined),
        ruled("route-to-nowhere", answers.nowhere_is_told),
        ruled("n1", answers.to_nowhere).controlled_by(warm),
        ruled("n2", answers.unknown_host).controlled_by(warm),
        ruled("route-deleted", _deleted),
        ruled("client-gone", _client),
        ruled("n3", answers.after_deletion).controlled_by(warm),
        ruled("s1", answers.streaming, mandatory=False),
    ]


def _split(first: Ruling, again: Ruling) -> tuple[Ruling, ...]:
    """A first count outside of what is likely is repeated with more requests, which decide."""
    if first.outcome is Outcome.FAIL:
        return first.optional(), again
    return (first,)


def _api(facts: Facts) -> Answer:
    missing = [kind for kind in NEEDED if kind not in facts["kinds"]]
    if missing:
        told = f"the API server does not have {', '.join(missing)} of the Gateway API v1"
        return failed("NotProvided", told)
    return passed("the Gateway API v1 is served")


def _classes(facts: Facts, settings: Mapping[str, Any]) -> Answer:
    if not facts["may_create"]:
        told = "the site does not let us create a Gateway (allowCreate), and names none to use"
        return unknown("CreateNotAllowed", told)
    if facts["trials"]:
        return passed("accepted: " + ", ".join(t["class"] for t in facts["trials"]))
    if wanted := settings.get("useExisting"):
        told = f"the Gateway {wanted} is not there, not to be listed, or its class not accepted"
        return unknown("GatewayNotFound", told)
    there = ", ".join(str(c["name"]) for c in facts["classes"]) or "none"
    if wanted := settings.get("gatewayClass"):
        return failed("NotProvided", f"GatewayClass {wanted} is not accepted; there are: {there}")
    return failed("NotProvided", f"no controller has accepted a GatewayClass; there are: {there}")


def _backends(facts: Facts) -> Answer:
    """The control of every count: each Service leads to its own pod, and to no other."""
    uids, ends = facts["uids"], facts["endpoints"]
    if uids["a"] != uids["b"] and all(set(ends[x]) == {uids[x]} for x in ("a", "b")):
        return passed("each Service leads to one pod of ours, and they are two")
    return errored("EndpointsNotOurs", "the two Services do not each lead to its own pod alone")


def _gateway(facts: Facts) -> Answer:
    if facts["ready"]:
        return passed(f"Gateway of class {facts['class']} is programmed")
    listener = facts["listener_accepted"] or {}
    if listener.get("reason") == "PortUnavailable":
        told = f"no port of {facts['ports_tried']} is to be had: name one (listenerPort)"
        return unknown("PortUnavailable", told)
    told = "; ".join(facts["conditions_told"]) or "no condition"
    if holds(facts["accepted"]) and holds(facts["programmed"]):
        attached = facts["attached_routes"]
        told = f"its listener does not work, or takes no route (attached: {attached}); {told}"
        return failed("ListenerNotReady", told)
    return failed("NotProgrammed", f"Gateway of class {facts['class']} was not programmed: {told}")


def _routes(facts: Facts) -> Answer:
    bad = {
        short: told[key]
        for short, told in facts["routes"].items()
        for key in ("resolved", "accepted")
        if not holds(told[key])
    }
    if not bad:
        return passed(f"{len(facts['routes'])} routes are accepted")
    told = "; ".join(f"{s}: {(c or {}).get('message') or 'not told'}" for s, c in bad.items())
    return failed("RouteNotAccepted", told)


def _address(facts: Facts) -> Answer:
    if facts["chosen"]:
        return passed(f"it answers at {facts['chosen']}")
    if not facts["places"]:
        return unknown("AddressUnreachable", "the Gateway tells no address, nor is one named")
    answered = [t for t in facts["tries"] if t["by_status"]]
    if answered:
        told = "; ".join(words(t["by_status"]) for t in answered)
        return failed("NeverServed", f"the route is accepted and never served: {told}")
    met = "; ".join(words(t["troubles"]) for t in facts["tries"])
    places = ", ".join(facts["places"])
    return unknown("AddressUnreachable", f"{places} cannot be reached from inside: {met}")


def _client(facts: Facts) -> Answer:
    if facts["done"] == facts["loads"] > 0:
        return passed("every load was carried out")
    return errored(
        "ClientIncomplete", f"{facts['done']} of {facts['loads']} loads were carried out"
    )


def _deleted(facts: Facts) -> Answer:
    return passed("gone") if facts["gone"] else errored("RouteStays", "the route did not go")


def _is_told(_facts: Facts) -> Answer:
    return passed("told")
