"""What the facts prove (pure). Source: spec of the requirement checks, section 3."""

from collections.abc import Mapping, Sequence
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
    skipped,
    still_waits,
    unknown,
)
from aiconform.checks.gpu_sharing import identity
from aiconform.model.outcome import Outcome

Facts = Mapping[str, Any]
_BEST_FIRST = (Outcome.PASS, Outcome.WARN, Outcome.UNKNOWN, Outcome.ERROR, Outcome.FAIL)
_TPU = "google.com/tpu"


def evaluate(seen: Sightings) -> Conclusion:
    told = seen.facts("ways-found").get("ways")
    ways: Sequence[Facts] = told if isinstance(told, list) else ()
    tried = [_way(seen, number) for number in range(1, len(ways) + 1)]
    found = rule(seen, "ways-found", _found)
    if said := seen.settings.get("cannotShare"):
        answer = skipped("HardwareCannotShare", f"the site says: {said}")
        return settled(answer, [found.optional(), *(r.optional() for w in tried for r in w)])
    if _only_tpus(seen.facts("ways-found")):
        return settled(skipped("HardwareCannotShare", "a TPU is one pod's alone"))
    if not ways:
        return settled(found.answer, (found,))
    best = min(range(len(ways)), key=lambda n: (_BEST_FIRST.index(_worst(tried[n])), n))
    rulings = [found]
    for number, way in enumerate(tried):
        # What is advertised and does not hold is a defect beside any way that works.
        broken = bool(ways[number].get("advertised")) and _worst(way) is Outcome.FAIL
        rulings += way if number == best or broken else [each.optional() for each in way]
    where = ways[best]
    return conclude(
        rulings,
        passed=f"two pods worked on one device at the same time: {where.get('kind')} of "
        f"{where.get('resource') or where.get('driver')} on {where.get('node')}",
        evidence=[f"objects/pair-{best + 1}.yaml", f"objects/surplus-{best + 1}.yaml"],
    )


def _way(seen: Sightings, number: int) -> list[Ruling]:
    plain = rule(seen, f"plain-{number}", _plain)
    without = seen.facts(f"plain-{number}").get("numbers")
    moved = seen.facts(f"capacity-{number}").get("moved")
    pair = rule(seen, f"pair-{number}", lambda f: _pair(f, without, bool(moved)))
    surplus = rule(seen, f"surplus-{number}", lambda f: _surplus(f, bool(moved)))
    still = rule(seen, f"capacity-{number}", _still)
    return [plain, pair.controlled_by(plain), surplus.controlled_by(pair), still]


def _worst(way: Sequence[Ruling]) -> Outcome:
    return next(o for o in reversed(_BEST_FIRST) if any(r.outcome is o for r in way))


def _only_tpus(facts: Facts) -> bool:
    resources = facts.get("resources")
    return resources == [_TPU] and not facts.get("device_count")


def _found(facts: Facts) -> Answer:
    if facts["ways"]:
        told = [f"{w['kind']} of {w['resource'] or w['driver']}" for w in facts["ways"]]
        return passed(f"found: {', '.join(told)}")
    if facts["not_permitted"]:
        return unknown("CannotCount", "; ".join(facts["not_permitted"])[:900])
    if facts["incomplete"]:
        pools = ", ".join(facts["incomplete"][:5])
        return unknown("PoolIncomplete", f"pools whose ResourceSlices are not all there: {pools}")
    if facts["not_tried"]:
        return unknown("NotTried", "; ".join(facts["not_tried"])[:900])
    if facts["device_count"]:
        return unknown("NoFreeDevice", "there are devices that can be claimed, and none is free")
    if facts["resources"]:
        names = ", ".join(facts["resources"])
        return failed("NotProvided", f"nothing says that parts of {names} can be had")
    return unknown("NoAccelerator", "no node has accelerators that we know")


def _plain(facts: Facts) -> Answer:
    if not facts["running"]:
        return unknown("NotStarted", "a pod that asks for no device did not start either")
    if facts["numbers"] is None:
        return unknown("PodSilent", "a pod that asks for no device has not said what it sees")
    return passed(f"a pod that asks for no device runs on {facts['way']['node']}")


def _pair(facts: Facts, plain: Mapping[str, str] | None, moved: bool) -> Answer:
    way, first, last = facts["way"], facts["at_first"], facts["at_last"]
    if unbound := [s for s in first if s["bound"] is None]:
        if moved:
            return unknown("CapacityMoved", "others took or freed devices meanwhile")
        return failed(
            "NotShared",
            f"{len(unbound)} of two pods found no room beside {way['free']} free units of "
            f"{way['resource'] or way['driver']}: {unbound[0]['why']}",
        )
    if waiting := [s for s in first if not s["running"]]:
        return failed("NotStarted", f"{len(waiting)} of two pods did not run: {waiting[0]['why']}")
    if not all(s["running"] for s in last):
        return failed("NotTogether", "one of two pods ended within half a minute")
    if plain is None or None in facts["numbers"]:
        return unknown("PodSilent", "a pod has not said which devices it sees")
    return identity.judged(way, last, facts["numbers"], plain)


def _surplus(facts: Facts, moved: bool) -> Answer:
    asked = f"a pod that asked for {facts['units']} more"
    bound = failed("OverAdmitted", f"{asked} than are left went to {facts['bound']}")
    if moved:
        bound = unknown("CapacityMoved", "others took or freed devices meanwhile")
    return still_waits(facts, f"{asked} than are left", bound=bound)


def _still(facts: Facts) -> Answer:
    if facts["moved"]:
        return unknown("CapacityMoved", "others took or freed devices meanwhile")
    return passed("afterwards as many devices are free as before")
