"""The verdict: of the operators that were tried the best counts, unless one fails (pure)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from aiconform.checks.framework import (
    Answer,
    Conclusion,
    Ruling,
    Sightings,
    conclude,
    passed,
    rule,
    settled,
    unknown,
    warned,
)
from aiconform.checks.robust_controller import rules
from aiconform.checks.robust_controller.operators import Operator, operators_at
from aiconform.model.outcome import Outcome

Facts = Mapping[str, Any]

_LIFE: Mapping[str, Callable[[Facts], Answer]] = {
    "reconciled": rules.reconciled,
    "good": rules.good,
    "changed": rules.changed,
    "healed": rules.healed,
    "deleted": rules.deleted,
}
# In the order in which they are tried, so that what went wrong first is told.
_LASTING = ("reconciled", "good", "changed", "healed", "deleted")
_ENDING = ("reconciled", "changed", "healed", "good", "deleted")
_BEST_FIRST = (Outcome.PASS, Outcome.WARN, Outcome.UNKNOWN, Outcome.ERROR)


def evaluate(seen: Sightings) -> Conclusion:
    installed = rule(seen, "operators", rules.installed)
    if installed.outcome is not Outcome.PASS:
        return settled(installed.answer, (installed,))
    known = operators_at(seen.settings)
    tried = [o for o in known if any(step.startswith(f"{o.key}-") for step in seen.steps)]
    if not tried:
        return settled(unknown("NothingTried", "no operator was tried"), (installed,))
    trials = {operator: _rulings(seen, operator) for operator in tried}
    counts = _counting(trials)
    rest = [r.optional() for o, rulings in trials.items() if o is not counts for r in rulings]
    return conclude(
        (installed, *trials[counts], *rest),
        passed=f"{counts.title} refuses what is wrong by its webhook, and makes, follows, mends and"
        " removes what is right",
        evidence=_evidence(seen, counts),
        notes=(f"tried: {', '.join(o.title for o in tried)}",),
    )


def _evidence(seen: Sightings, operator: Operator) -> tuple[str, ...]:
    refused = seen.get(f"{operator.key}-refusal") is not None
    files = ("webhooks", "deny") if refused else ("webhooks",)
    return tuple(f"{name}-{operator.key}.json" for name in files)


def _counting(trials: Mapping[Operator, tuple[Ruling, ...]]) -> Operator:
    """A failure counts, whatever else is there; else the best."""
    outcomes = {o: conclude(rulings, passed="").outcome for o, rulings in trials.items()}
    for outcome in (Outcome.FAIL, *_BEST_FIRST):
        for operator, found in outcomes.items():
            if found is outcome:
                return operator
    return next(iter(trials))


def _rulings(seen: Sightings, operator: Operator) -> tuple[Ruling, ...]:
    def judged(step: str, judge: Callable[[Facts], Answer]) -> Ruling:
        return rule(seen, f"{operator.key}-{step}", judge)

    registered = judged("webhooks", _registered)
    webhooks = seen.facts(registered.step).get("validating") or ()
    control = judged("control", lambda facts: rules.control(facts, webhooks))
    before = seen.facts(f"{operator.key}-controller")
    return (
        control,
        registered,
        *_refusals(seen, operator, control, has_webhook=bool(webhooks)),
        *_life(seen, operator, control),
        judged("controller", rules.controller),
        judged("controller-after", lambda facts: rules.steady(facts, before)),
        *_kind(seen, operator),
    )


def _registered(facts: Facts) -> Answer:
    names = [str(each["name"]) for each in facts["validating"]]
    if names:
        return passed(f"validating webhooks: {', '.join(names)}")
    changing = [str(each["name"]) for each in facts["mutating"]]
    told = f" (only such that change objects: {', '.join(changing)})" if changing else ""
    return warned("NoWebhookShipped", f"no validating webhook is registered for it{told}")


def _refusals(
    seen: Sightings, operator: Operator, control: Ruling, *, has_webhook: bool
) -> tuple[Ruling, ...]:
    if has_webhook:
        return (rule(seen, f"{operator.key}-refusal", rules.refusal).controlled_by(control),)
    step = f"{operator.key}-own-refusal"
    if operator.own_refusal is None:
        told = f"{operator.title} has no webhook here, and what it refuses itself is not known"
        return (Ruling(step, unknown("NoWebhook", told)),)
    reasons = operator.refusal_reasons
    found = rule(seen, step, lambda facts: rules.own_refusal(facts, reasons))
    return (found.controlled_by(control),)


def _life(seen: Sightings, operator: Operator, control: Ruling) -> tuple[Ruling, ...]:
    if not operator.reconciles:
        told = f"what {operator.title} makes of an object is tried by gang_scheduling"
        return (Ruling(f"{operator.key}-reconciled", warned("ReconcileNotTried", told)),)
    order = _ENDING if operator.ends else _LASTING
    found = tuple(rule(seen, f"{operator.key}-{step}", _LIFE[step]) for step in order)
    if control.outcome is Outcome.PASS:
        return found
    return tuple(r.optional() if r.sighting is None else r for r in found)


def _kind(seen: Sightings, operator: Operator) -> tuple[Ruling, ...]:
    """Batch operators are no complex AI operators by themselves, unless the site says so."""
    if operator.complex or operator.key in (seen.settings.get("operators") or ()):
        return ()
    told = f"{operator.title} is a generic operator: name it in the setting operators if it counts"
    ruling = rule(seen, "operators", lambda _: warned("GenericOperator", told))
    return (replace(ruling, step=f"{operator.key}-kind"),)
