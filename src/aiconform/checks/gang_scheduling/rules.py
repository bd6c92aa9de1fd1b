"""
What the procedure proves (pure): the roll-up of its trials.

PASS needs all five of them, and each needs those that are its controls.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiconform.checks.framework import (
    Answer,
    Conclusion,
    Ruling,
    Sightings,
    conclude,
    failed,
    passed,
    rule,
    settled,
    unknown,
    warned,
)
from aiconform.checks.gang_scheduling.adapters import ADAPTERS, Adapter
from aiconform.checks.gang_scheduling.looking import TIMELINE
from aiconform.checks.gang_scheduling.procedure import group_file
from aiconform.checks.gang_scheduling.trial_rules import (
    BROKEN,
    calm,
    control,
    refused,
    released,
    rivalry,
    together,
)
from aiconform.model.outcome import Outcome

Facts = Mapping[str, Any]
_SOUND = frozenset({Outcome.PASS, Outcome.WARN})


def evaluate(seen: Sightings) -> Conclusion:
    solution = rule(seen, "solution", _solution)
    if solution.outcome is not Outcome.PASS:
        return settled(solution.answer, (solution,))
    queues = rule(seen, "queues", _queues)
    slots = rule(seen, "slots", _slots)
    chosen = [name for name in seen.facts("chosen").get("adapters") or () if name in ADAPTERS]
    if not chosen:
        worst = slots if slots.outcome is not Outcome.PASS else queues
        return settled(_unproved(worst.answer), (solution, slots, queues))
    proofs = {name: _proof(seen, ADAPTERS[name]) for name in chosen}
    best = _best(proofs)
    rulings = [solution, slots, queues, rule(seen, "chosen", _chosen), *proofs[best]]
    rulings += [r.optional() for name in chosen if name != best for r in proofs[name]]
    count = seen.facts("slots").get("slots", {}).get("count")
    return conclude(
        rulings,
        passed=f"{best}: pods of a gang start together or not at all, on {count} slots where the "
        "same pods without a gang start in part",
        evidence=(TIMELINE, *_groups(seen, best)),
    )


def _groups(seen: Sightings, adapter: str) -> list[str]:
    """Files of the groups that were seen."""
    steps = [f"{adapter}-{short}" for short in ("together", "refused", "released")]
    return [group_file(step) for step in steps if seen.facts(step).get("group") is not None]


def _proof(seen: Sightings, adapter: Adapter) -> list[Ruling]:
    def judged(short: str, judge: Callable[[Facts], Answer]) -> Ruling:
        return rule(seen, f"{adapter.name}-{short}", lambda facts: calm(facts, judge))

    base = judged("control", control)
    fits = _needs(judged("together", lambda facts: together(facts, adapter)), base)
    negative = _needs(judged("refused", lambda facts: refused(facts, adapter)), base, fits)
    rest = [
        _needs(judged("released", lambda facts: released(facts, adapter)), base, fits),
        _needs(judged("rivalry", rivalry), base, fits),
    ]
    if negative.answer.reason == "TimeBased":
        # A timeout stands in for knowing the nodes: gangs that wait cannot be told from others.
        rest = [ruling.optional() for ruling in rest]
    return [base, fits, negative, *rest]


def _needs(ruling: Ruling, *controls: Ruling) -> Ruling:
    """
    A pass needs its controls, and so does a gang that was never placed. A gang that was seen to
    be placed in part is broken whatever else was seen.
    """
    if ruling.answer.reason in BROKEN:
        return ruling
    for each in controls:
        ruling = ruling.controlled_by(each)
    return ruling


def _best(proofs: Mapping[str, Sequence[Ruling]]) -> str:
    """Any solution that passes is enough; else the first one that was asked."""
    return next(
        (name for name, told in proofs.items() if all(r.outcome in _SOUND for r in told)),
        next(iter(proofs)),
    )


def _solution(facts: Facts) -> Answer:
    candidates = facts["candidates"]
    if not candidates:
        return unknown(
            "NothingInstalled",
            "neither Kubernetes' own gang scheduling is on, nor is Kueue, Volcano, KAI or the "
            "coscheduling plugin installed",
        )
    usable = [c["adapter"] for c in candidates if c["usable"]]
    if usable:
        return passed(f"found: {', '.join(usable)}")
    broken = next((c for c in candidates if c["broken"]), None)
    if broken:
        return failed(broken["reason"], broken["sentence"])
    return unknown(candidates[0]["reason"], candidates[0]["sentence"])


def _queues(facts: Facts) -> Answer:
    candidates = facts["candidates"]
    usable = [c["adapter"] for c in candidates if c["usable"]]
    if usable:
        return passed(f"unmet demand of ours takes nothing from others: {', '.join(usable)}")
    return unknown(candidates[0]["reason"], candidates[0]["sentence"])


def _chosen(facts: Facts) -> Answer:
    return passed(f"tried: {', '.join(facts['adapters'])}")


def _slots(facts: Facts) -> Answer:
    slots = facts["slots"]
    told = f"{slots['count']} slots on {', '.join(slots['nodes'])}"
    if slots["mode"] == "cpu" and slots["accelerators_there"]:
        return warned(
            "NoAcceleratorUsed",
            f"{told}, by processors: of {slots['accelerators_there']} accelerators no two to four "
            "were free together",
        )
    return passed(f"{told}, by {slots['resource'] or slots['device_class'] or 'processors'}")


def _unproved(answer: Answer) -> Answer:
    """No trial was carried out, so that nothing is claimed."""
    if answer.outcome in _SOUND:
        return unknown("NotExecuted", "no trial was carried out")
    return answer
