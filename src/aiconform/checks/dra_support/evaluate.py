"""What the facts prove (pure). Source: spec of the requirement checks, section 1."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.catalogue.requirements import minor
from aiconform.checks.dra_support.requests import KINDS, VERBS
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

Facts = Mapping[str, Any]

GENERAL_SINCE = 34  # v1 is asked for from 1.34 on; before, a beta version will do


def evaluate(seen: Sightings) -> Conclusion:
    before = bool(seen.version) and minor(seen.version) < GENERAL_SINCE
    api = (
        rule(seen, "api-served", lambda facts: _served(facts, beta_will_do=before)),
        rule(seen, "objects-kept", _kept),
        rule(seen, "admin-access-refused", _admin_access),
    )
    found = rule(seen, "device-found", _found)
    evidence = ["objects/api.yaml"]
    if not seen.facts("device-found").get("offers"):
        return conclude((*api, found), passed="the API works", evidence=evidence)
    plain = rule(seen, "plain-pod-runs", _plain_pod)
    allocated = rule(seen, "device-allocated", _allocated).controlled_by(plain)
    impossible = rule(seen, "impossible-claim-waits", _impossible).controlled_by(allocated)
    return conclude(
        (*api, found, plain, allocated, *_differ(seen), rule(seen, "device-freed", _freed),
         impossible),
        passed="the API works, and claims got devices of their own, which were freed again",
        evidence=(*evidence, "objects/claim-first-before.yaml", "objects/claim-first-after.yaml",
                  "objects/impossible-pod.yaml"),
    )  # fmt: skip


def _served(facts: Facts, *, beta_will_do: bool) -> Answer:
    version, versions = facts["version"], facts["versions"]
    if version is None:
        return failed("NotProvided", "the API group resource.k8s.io is not served")
    if version != "v1" and not beta_will_do:
        told = ", ".join(versions)
        return failed("OldApiOnly", f"resource.k8s.io is served as {told}, and not as v1")
    missing = [
        f"{verb} {kind}"
        for kind in KINDS
        for verb in VERBS
        if verb not in facts["verbs"].get(kind, ())
    ]
    if missing:
        return failed("ApiIncomplete", f"resource.k8s.io/{version} lacks {', '.join(missing)}")
    return passed(f"resource.k8s.io/{version} is served with its four kinds")


def _kept(facts: Facts) -> Answer:
    for kind in ("resourceclaimtemplates", "resourceclaims"):
        made = facts[kind]
        if made["read_uid"] != made["uid"] or not made["same_spec"]:
            return failed("NotKept", f"one of {kind} that was made could not be read back")
        if not made["gone"]:
            return failed("NotDeleted", f"one of {kind} did not go within 30 s after its deletion")
    return passed("a claim and a template were made, read back and deleted")


def _admin_access(facts: Facts) -> Answer:
    """Refused, or not known: both keep a tenant from devices that others use."""
    if facts["kept"]:
        return failed(
            "AdminAccessOpen",
            "a claim with administrative access was accepted in a namespace without the label "
            "resource.kubernetes.io/admin-access",
        )
    if facts["status"] < 300:
        return passed("administrative access is not offered: the API server drops the field")
    if any(field.endswith("adminAccess") for field, _ in facts["fields"]):
        return passed("administrative access is refused in a namespace that is not labelled for it")
    told = f"{facts['reason']}: {facts['message']}"
    return unknown("RefusedForAnother", f"the claim was refused, but not for this: {told}")


def _found(facts: Facts) -> Answer:
    if facts["offers"]:
        first = facts["offers"][0]
        return passed(f"{first['free']} devices of {first['driver']} are free on {first['node']}")
    if facts["not_permitted"]:
        told = "; ".join(facts["not_permitted"])
        return unknown("CannotCount", f"which devices are free cannot be told: {told}")
    if facts["incomplete"]:
        told = ", ".join(facts["incomplete"][:5])
        return unknown("PoolIncomplete", f"pools whose ResourceSlices are not all there: {told}")
    if not facts["device_count"]:
        return warned("NoDriver", "no driver publishes a device: only the API could be tested")
    if not any(facts["classes"].values()):
        return unknown("NoDeviceClass", "there are devices, but no DeviceClass that names a driver")
    return unknown("NoFreeDevice", f"none of {facts['device_count']} devices is free")


def _plain_pod(facts: Facts) -> Answer:
    if facts["node"] is None:
        return failed("NotStarted", "a pod without a claim did not start either")
    return passed(f"a pod without a claim runs on {facts['node']}")


def _allocated(facts: Facts) -> Answer:
    holders = [h for h in facts["claims"] if h["devices"]]
    expected = facts["expected"]
    if len(holders) < expected:
        return failed("NotAllocated", f"{len(holders)} of {expected} claims got a device in 60 s")
    if doubled := _doubled(holders):
        return failed("AllocatedTwice", f"{doubled} was allocated to two claims at once")
    for holder in holders:
        if problem := _wrong(holder, facts["pool_nodes"]):
            return problem
    slowest = max(holder["running_s"] for holder in holders)
    return passed(f"{len(holders)} claims were allocated, and their pods ran after {slowest:.1f} s")


def _wrong(holder: Facts, pool_nodes: Sequence[str]) -> Answer | None:
    name = f"the {holder['name']} claim"
    if holder["pod_uid"] not in holder["reserved_for"]:
        return failed("NotReserved", f"{name} is allocated, but not reserved for its pod")
    if not holder["running"]:
        why = f": {holder['waiting']}" if holder["waiting"] else ""
        return failed("NotPrepared", f"{name} is allocated, but its pod does not run{why}")
    if holder["node"] not in pool_nodes:
        return failed("WrongNode", f"{name}'s pod runs on {holder['node']}, outside the pool")
    return None


def _doubled(holders: Sequence[Facts]) -> str:
    seen: set[tuple[str, ...]] = set()
    for device in (tuple(device) for holder in holders for device in holder["devices"]):
        if device in seen:
            return "/".join(device)
        seen.add(device)
    return ""


def _differ(seen: Sightings) -> tuple[Ruling, ...]:
    """Only two pods that both have a device can show it."""
    claims = seen.facts("device-allocated").get("claims")
    running = [h for h in claims if h.get("running")] if isinstance(claims, list) else []
    return (rule(seen, "devices-differ", _devices_differ),) if len(running) > 1 else ()


def _devices_differ(facts: Facts) -> Answer:
    """By the files beyond those that a pod without a claim has."""
    said = {name: facts[name] for name in ("plain", "first", "second")}
    if silent := [name for name, numbers in said.items() if numbers is None]:
        return unknown("PodSilent", f"the {' and '.join(silent)} pod has not said its devices")
    first, second = (sorted(set(said[name]) - set(said["plain"])) for name in ("first", "second"))
    if not first and not second:
        return passed("the driver gives no device files: by the claims, two devices were given")
    if first == second:
        told = ", ".join(first)
        return failed("SameDevice", f"two claims have two devices, and both pods have {told}")
    return passed(f"two pods have {', '.join(first) or 'none'} and {', '.join(second) or 'none'}")


def _freed(facts: Facts) -> Answer:
    if not facts:
        return errored("NothingHeld", "no claim had a device that could be freed")
    stuck = [name for name, took in facts.items() if took is None]
    if stuck:
        return failed("NotFreed", f"the {' and '.join(stuck)} claim kept its device for 120 s")
    return passed(f"the devices were free again after {max(facts.values()):.1f} s")


def _impossible(facts: Facts) -> Answer:
    if facts["bound_to"] or facts["devices"]:
        where = ", ".join(facts["bound_to"]) or "no node"
        return failed("ClaimIgnored", f"a pod with a claim that nothing can meet went to {where}")
    scheduled = facts["scheduled"]
    if scheduled["status"] != "False" or scheduled["reason"] != "Unschedulable":
        return unknown("NotConsidered", "no scheduler has said anything of the pod")
    return passed(f"a pod with a claim that nothing can meet waits: {scheduled['message'][:200]}")
