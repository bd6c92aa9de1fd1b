"""What the facts prove (pure). Source: spec of the requirement checks, section 15."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

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
    warned,
)
from aiconform.checks.workload_sandboxing.walls import leaks, oddities, same_kernel
from aiconform.model.outcome import Outcome

Facts = Mapping[str, Any]
_WORKS = frozenset({Outcome.PASS, Outcome.WARN})


def evaluate(seen: Sightings) -> Conclusion:
    told = seen.facts("classes-found").get("sites")
    sites: Sequence[Facts] = told if isinstance(told, list) else ()
    pairs = [_pair(seen, number) for number in range(1, len(sites) + 1)]
    works = [n for n, (_, sandbox) in enumerate(pairs, 1) if sandbox.outcome in _WORKS]
    outcomes = [sandbox.outcome for _, sandbox in pairs]
    found = rule(seen, "classes-found", lambda facts: _found(facts, outcomes))
    refused = rule(seen, "unknown-class-refused", _refused)
    rulings = [found, *([refused] if sites else [])]
    for site, (neighbours, sandbox) in zip(sites, pairs, strict=True):
        if works and sandbox.answer.reason == "NotStarted":
            sandbox = _softened(sandbox, "NotEverywhere")
        # A class that promises nothing breaks nothing when it shares the kernel.
        decides = bool(site.get("claimed")) or sandbox.outcome in _WORKS
        rulings += [neighbours, sandbox] if decides else [neighbours.optional(), sandbox.optional()]
    where = ", ".join(f"{sites[n - 1].get('class')} on {sites[n - 1].get('node')}" for n in works)
    return conclude(
        rulings,
        passed=f"pods meet a kernel of their own and stay within their walls: {where}",
        evidence=[
            f"identities/{n}-{kind}.json" for n in works for kind in ("neighbour", "sandbox")
        ],
    )


def _pair(seen: Sightings, number: int) -> tuple[Ruling, Ruling]:
    control = rule(seen, f"neighbours-{number}", _neighbours)
    first = seen.facts(f"neighbours-{number}").get("first")
    neighbour: Facts = first if isinstance(first, dict) else {}
    sandbox = rule(seen, f"sandbox-{number}", lambda facts: _sandboxed(facts, neighbour))
    return control, sandbox.controlled_by(control)


def _softened(ruling: Ruling, reason: str) -> Ruling:
    return replace(ruling, answer=warned(reason, ruling.answer.sentence))


def _found(facts: Facts, outcomes: Sequence[Outcome]) -> Answer:
    names = [f"{c['name']} ({c['handler']})" for c in facts["classes"]]
    sites = facts["sites"]
    if not sites and facts["left_out"]:
        return unknown("NoPlace", "; ".join(facts["left_out"])[:900])
    if not sites:
        return failed("NotProvided", "there is no RuntimeClass")
    if not _WORKS & set(outcomes) and not any(site["claimed"] for site in sites):
        told = ", ".join(names[:5])
        if any(outcome is not Outcome.FAIL for outcome in outcomes):
            return unknown("NotTried", f"no RuntimeClass promises a sandbox, nor was tried: {told}")
        return failed("NotProvided", f"no RuntimeClass promises a sandbox, and none is one: {told}")
    if facts["left_out"]:
        return warned("NotAllTried", "; ".join(facts["left_out"])[:900])
    return passed(f"RuntimeClasses: {', '.join(names[:5])}")


def _refused(facts: Facts) -> Answer:
    if not facts["known"]["ok"]:
        return errored("ControlInvalid", f"the pod is refused anyway: {facts['known']['message']}")
    if facts["unknown"]["ok"]:
        return failed("UnknownClassTaken", "a pod with a RuntimeClass that nobody has is taken")
    return passed(f"a RuntimeClass that nobody has is refused: {facts['unknown']['message'][:200]}")


def _neighbours(facts: Facts) -> Answer:
    first, second = facts["first"], facts["second"]
    if first is None or second is None:
        return unknown(
            "NeighbourSilent", f"a pod of the default runtime on {facts['node']} is silent"
        )
    one, other = first["kernel"]["boot_id"], second["kernel"]["boot_id"]
    if not one or one != other:
        return errored("ControlInvalid", f"two pods of one kernel have boot IDs {one} and {other}")
    blind = [
        what
        for what, found in (
            ("process", first["processes"]["canaries"]),
            ("file", first["files"]["canaries"]),
            ("port", first["network"]["canary"]),
        )
        if not found
    ]
    if blind:
        return errored("ControlInvalid", f"the neighbour does not find its own {', '.join(blind)}")
    return passed(f"kernel {first['kernel']['release']}, boot {one}, by two pods")


def _sandboxed(facts: Facts, neighbour: Facts) -> Answer:
    who = f"a pod of RuntimeClass {facts['class']} on {facts['node']}"
    if facts["kept"] != facts["class"]:
        return failed("ClassDropped", f"{who} was made as one of {facts['kept'] or 'no class'}")
    if not facts["ended"] and facts["bound"] is None:
        return unknown("NotScheduled", f"{who} was not scheduled: {facts['why']}")
    if not facts["ended"]:
        told = "; ".join(facts["events"][-2:]) or facts["why"] or "no event says why"
        return failed("NotStarted", f"{who} did not start: {told}")
    line = facts["line"]
    if line is None:
        return unknown("PodSilent", f"{who} ended and said nothing: {facts['why']}")
    if not facts["neighbour_running"]:
        return unknown("NeighbourGone", f"the neighbour of {who} did not live to see it")
    if shared := same_kernel(line["kernel"], neighbour["kernel"]):
        return failed("NotASandbox", f"{who} meets the node's own kernel: {shared}")
    if found := leaks(line, neighbour):
        return failed("WallsLeak", f"{who}: {'; '.join(found)}")
    if odd := oddities(line):
        return warned("OddWalls", f"{who}: {'; '.join(odd)}")
    return passed(f"{who} meets kernel {line['kernel']['release']} {line['kernel']['version']}")
