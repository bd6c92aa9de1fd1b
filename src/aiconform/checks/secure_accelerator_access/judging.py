"""What the looks come to: pure, from the journal alone."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
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
from aiconform.checks.secure_accelerator_access import rules, tenancy
from aiconform.checks.secure_accelerator_access.files import Files
from aiconform.checks.secure_accelerator_access.listings import numbers, visible
from aiconform.checks.secure_accelerator_access.pods import REFUSED
from aiconform.checks.secure_accelerator_access.rules import Json
from aiconform.checks.secure_accelerator_access.sites import Site, names, step_name
from aiconform.judge.words import clip
from aiconform.model.outcome import Outcome


def evaluate(seen: Sightings) -> Conclusion:
    inventory = rule(seen, "inventory", _inventory)
    facts = seen.facts("inventory")
    sites = [Site.from_facts(each) for each in facts.get("sites") or ()]
    rulings = [inventory]
    for number, site in enumerate(sites, 1):
        rulings += _at_site(seen, site, number)
    if facts.get("nodes") and set(facts["nodes"]) - {site.node for site in sites}:
        rulings.append(rule(seen, "other-nodes", _other_nodes))
    if sites:
        rulings.append(rule(seen, "privileged-refused", _privileged))
    notes = _notes(seen, sites, facts)
    if not sites and not any(r.outcome is Outcome.FAIL for r in rulings):
        return settled(inventory.answer, rulings, notes=notes)
    return conclude(
        rulings,
        passed=f"devices can be used only where they were granted: {names(sites)}",
        evidence=_files(seen),
        notes=notes,
    )


def _inventory(facts: Json) -> Answer:
    if facts["sites"]:
        left = facts["left_out"]
        if left:
            return warned("NotAllKinds", f"not every kind of device was tried: {'; '.join(left)}")
        return passed(f"{len(facts['sites'])} kinds of devices, each tried on one node")
    if facts["not_permitted"]:
        return unknown("NotPermitted", f"nothing counts as free: {facts['not_permitted'][0]}")
    if facts["left_out"]:
        return unknown("NoDeviceClass", facts["left_out"][0])
    if facts["incomplete"]:
        return unknown("PoolIncomplete", f"incomplete pools: {', '.join(facts['incomplete'])}")
    if facts["nodes"]:
        return unknown("NoFreeDevice", f"no accelerator is free on: {', '.join(facts['nodes'])}")
    told = "no node has an accelerator of a known vendor, or one named in accelerators"
    return unknown("NoAccelerator", told)


def _at_site(seen: Sightings, site: Site, number: int) -> list[Ruling]:
    own_step = step_name("own-device", number)
    own = rule(seen, own_step, partial(rules.own_device, site, seen.settings))
    listing = seen.facts(own_step).get("listing")
    if listing is None:
        return [own]
    of = numbers(listing["devices"])

    def judged(step: str, judge: Callable[[Json], Answer]) -> Ruling:
        found = rule(seen, step_name(step, number), judge)
        # What was reached was reached, whatever the control says; and one with too many devices
        # can open them, which is all that the others are compared with.
        if found.outcome is Outcome.FAIL or own.answer.reason == rules.FOREIGN_DEVICES:
            return found
        return found.controlled_by(own)

    bystander = partial(rules.bystander, site, of)
    tricked = partial(rules.tricked, site, of, seen.settings)
    found = [
        own,
        judged("container-scope", bystander),
        judged("no-request", bystander),
        judged("environment", tricked),
        judged("runtime-classes", partial(rules.runtime_classes, site, of, seen.settings)),
        judged("volumes", tricked),
        judged("node-creation", partial(rules.node_creation, site)),
        judged(
            "two-tenants", partial(tenancy.two_tenants, site, listing, _allocated(seen, number))
        ),
        judged("capacity", partial(tenancy.capacity, site)),
        judged("release", partial(tenancy.release, site)),
    ]
    if site.mode == "dra":
        found.append(judged("admin-access", tenancy.admin_access))
        found.append(judged("foreign-claim", tenancy.foreign_claim))
    return found


def _allocated(seen: Sightings, number: int) -> Mapping[str, Any]:
    return dict(seen.facts(step_name("own-device", number)).get("allocated") or {})


def _other_nodes(facts: Json) -> Answer:
    """Pods that asked for nothing, on nodes on which no device was granted to compare with."""
    answers = [_elsewhere(look, facts["patterns"]) for look in facts["looks"]]
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN):
        worst = next((a for a in answers if a.outcome is outcome), None)
        if worst is not None:
            return worst
    if facts["left_out"]:
        return warned("NotAllNodes", f"{len(facts['left_out'])} more nodes were not looked at")
    return passed(f"pods without a device see none on {len(answers)} more nodes")


def _elsewhere(look: Json, patterns: Sequence[str]) -> Answer:
    who = f"a pod on {look['node']} that asked for no device"
    if look["listing"] is None:
        pod = look["pod"]
        if pod.get("reason") in REFUSED:
            return passed(f"the runtime refuses to start {who}")
        return unknown("NotStarted", f"{who} told nothing: {pod.get('phase')} {pod.get('message')}")
    found = visible(look["listing"], Files(), known=False, of=(), patterns=patterns)
    return rules.closed(found, look["listing"], who)


def _privileged(facts: Json) -> Answer:
    """A matter of admission: it decides how far the rest reaches."""
    outlaw, lawful = facts["outlaw"], facts["lawful"]
    if not lawful["ok"]:
        return unknown("NoControl", f"a plain pod was refused as well: {lawful['message']}")
    if outlaw["ok"]:
        told = "a privileged pod with the node's /dev would be admitted to a restricted namespace"
        return warned("PrivilegedAdmitted", told)
    if outlaw["status"] in {400, 403, 422}:
        return passed("a privileged pod with the node's /dev is refused")
    return unknown("NoAnswer", f"HTTP {outlaw['status']}: {outlaw['message']}")


def _files(seen: Sightings) -> tuple[str, ...]:
    told = (path for step in seen.steps.values() for path in step.facts.get("files") or ())
    return tuple(dict.fromkeys(map(str, told)))


def _notes(seen: Sightings, sites: Sequence[Site], facts: Json) -> list[str]:
    found = []
    if seen.settings.get("envBypass") == "warn":
        found.append("the site lowers what is reached by environment or mounts to WARN (envBypass)")
    for number, site in enumerate(sites, 1):
        found += rules.notes(site, seen, number)
    if facts.get("left_out"):
        found.append(clip(f"not tried: {'; '.join(facts['left_out'])}"))
    return found
