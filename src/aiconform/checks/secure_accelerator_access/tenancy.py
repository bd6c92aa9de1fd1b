"""Two holders of devices do not meet, no more devices are granted than there are (A6 to A10)."""

from collections.abc import Mapping
from typing import Any

from aiconform.checks.framework import Answer, errored, failed, passed, unknown, warned
from aiconform.checks.secure_accelerator_access.listings import (
    granted,
    made_access,
    numbers,
    opening_access,
    paths,
    uuids,
)
from aiconform.checks.secure_accelerator_access.rules import not_granted, usable
from aiconform.checks.secure_accelerator_access.sites import Site
from aiconform.model.outcome import Outcome

Json = Mapping[str, Any]
# So the scheduler says that devices are what is missing.
_SHORT = ("Insufficient {what}", "cannot allocate all claims")


def two_tenants(site: Site, listing_a: Json, allocated_a: Json, facts: Json) -> Answer:
    """A6: each has a device of its own, and neither reaches the other's."""
    if not facts["free_beside_a"]:
        told = f"only one {site.what} was free to hold on {site.node}: no two tenants were compared"
        return warned("SingleDevice", told)
    pod, listing_b = facts["pod"], facts["listing"]
    if not pod.get("ready"):
        return not_granted(pod)
    if listing_b is None:
        return unknown("NoListing", f"pod {pod['name']} runs and said nothing of its devices")
    if granted(listing_a, site.files):
        working = usable(site, listing_b, "the second tenant")
        if working.outcome is not Outcome.PASS:
            return working
    elif not any(allocated_a.values()):
        return unknown("NoIdentity", "nothing tells which devices the tenants were granted")
    if common := _common(site, listing_a, allocated_a, listing_b, facts["allocated"]):
        told = f"two pods of {site.node} were granted the same {site.what}: {', '.join(common)}"
        return warned("DeclaredSharing", told) if site.shared else failed("SharedDevice", told)
    return _neighbours(site, listing_a, listing_b, facts["looks"])


def _common(
    site: Site, listing_a: Json, allocated_a: Json, listing_b: Json, allocated_b: Json
) -> list[str]:
    """What both were granted, by any identity; empty: they are disjoint."""
    in_a, in_b = (numbers(granted(each, site.files)) for each in (listing_a, listing_b))
    # Where control files are not known, each must at least have one file that the other has not.
    shared = in_a & in_b if site.files.exact and site.known else frozenset[str]()
    if not (in_a - in_b) or not (in_b - in_a):
        shared = in_a & in_b
    told = {
        *shared,
        *(uuids(listing_a) & uuids(listing_b)),
        *(set(allocated_a.get("ids") or ()) & set(allocated_b.get("ids") or ())),
        *(set(allocated_a.get("claimed") or ()) & set(allocated_b.get("claimed") or ())),
    }
    return sorted(told)


def _neighbours(site: Site, listing_a: Json, listing_b: Json, looks: Json) -> Answer:
    in_a, in_b = (numbers(granted(each, site.files)) for each in (listing_a, listing_b))
    undecided: list[str] = []
    for who, look, others in (
        ("first", looks["a"], in_b - in_a),
        ("second", looks["b"], in_a - in_b),
    ):
        seen = [each for each in look["devices"] if each["number"] in others]
        if reached := [each for each in seen if opening_access(each["opening"]) == "reached"]:
            told = f"the {who} tenant can open {paths(reached)}, which is the other's"
            return failed("NeighbourReached", told)
        access = {number: made_access(look, number) for number in others}
        if made := sorted(number for number, how in access.items() if how == "reached"):
            told = f"the {who} tenant made a file of the other's {', '.join(made)} and opened it"
            return failed("NeighbourReached", told)
        undecided += [number for number, how in access.items() if how == "undecided"]
        undecided += [e["path"] for e in seen if opening_access(e["opening"]) == "undecided"]
    if undecided:
        told = f"opening the other's device decided nothing: {', '.join(undecided)}"
        return unknown("OpenUndecided", told)
    return passed("two tenants have devices of their own, and neither can open the other's")


def capacity(site: Site, facts: Json) -> Answer:
    """A7: a device more than there are is not granted, and nobody is disturbed."""
    pod = facts["pod"]
    if not pod["found"]:
        return unknown("Vanished", "the pod was deleted by somebody else")
    if disturbed := _disturbed(facts["tenants"], facts["tenants_after"]):
        return failed("Disturbed", f"a pod that asked for too much disturbed {disturbed}")
    if facts["moved"]:
        return unknown("CapacityMoved", "others took or freed devices meanwhile")
    asked = f"{facts['asked']} {site.what}, one more than were free on {site.node},"
    if pod["node"]:
        if pod["phase"] == "Failed" and pod["reason"] == "UnexpectedAdmissionError":
            return warned("RefusedLate", f"{asked} were scheduled, and refused by the kubelet")
        return failed("OverCapacity", f"{asked} were granted")
    message = pod["scheduling_message"]
    if pod["scheduling"] != "Unschedulable":
        return unknown("NoScheduler", f"the scheduler said nothing in {facts['watched_s']:.0f} s")
    if not any(short.format(what=site.what) in message for short in _SHORT):
        return unknown("OtherReason", f"the pod waits for something else: {message}")
    return passed(f"{asked} are not granted: {message}")


def _disturbed(before: Json, after: Json) -> str:
    """A tenant that was ended, restarted, or stopped running."""
    for short, state in before.items():
        now = after.get(short) or {"found": False}
        alike = all(state.get(key) == now.get(key) for key in ("uid", "restarts", "phase"))
        if not (now["found"] and alike):
            return str(state.get("name") or short)
    return ""


def release(site: Site, facts: Json) -> Answer:
    """A8: what was given back is granted again."""
    pod, listing = facts["pod"], facts["listing"]
    if not facts["gone"]:
        return failed("NotReleased", "the ended tenant, or its claim, did not go in two minutes")
    if not pod.get("ready"):
        if pod["found"] and not pod["node"] and not facts["free_after"]:
            return unknown("CapacityMoved", "others took the device as soon as it was free")
        if pod["found"] and not pod["node"]:
            told = f"the device was not granted again within {facts['limit_s']:.0f} s"
            return failed("NotReleased", f"{told}: {pod['scheduling_message']}")
        return not_granted(pod)
    if listing is None:
        return unknown("NoListing", f"pod {pod['name']} runs and said nothing of its devices")
    if facts["numbers_a"]:
        working = usable(site, listing, "the next tenant")
        if working.outcome is not Outcome.PASS:
            return working
    mine = numbers(granted(listing, site.files))
    if common := sorted(mine & set(facts["numbers_b"])):
        told = f"the next tenant was granted {', '.join(common)}, which the second still holds"
        if site.files.exact and site.known and not site.shared:
            return failed("SharedDevice", told)
    again = "the very device" if mine & set(facts["numbers_a"]) else "a device (others were free)"
    return passed(f"{again} was granted again after {facts['took_s']:.0f} s")


def admin_access(facts: Json) -> Answer:
    """A9: only namespaces with the administrator's label may look into others' devices."""
    plain, admin = facts["plain"], facts["admin"]
    if not plain["ok"]:
        return errored("ControlInvalid", f"a plain claim was refused as well: {plain['message']}")
    if admin["ok"] and admin["kept"]:
        told = "a claim for administrative access to others' devices is taken without any label"
        return failed("AdminAccess", told)
    if admin["ok"]:
        return passed("administrative access is not served here: the field was dropped")
    if admin["status"] in {403, 422}:
        return passed("a claim for administrative access to others' devices is refused")
    return unknown("NoAnswer", f"HTTP {admin['status']}: {admin['message']}")


def foreign_claim(facts: Json) -> Answer:
    """A10: claims are namespaced."""
    pod = facts["pod"]
    if not pod["found"]:
        return unknown("Vanished", "the pod was deleted by somebody else")
    if pod["node"]:
        return failed("ForeignClaim", "a pod was scheduled with a claim of another namespace")
    return passed(f"a pod with another namespace's claim waits, {facts['watched_s']:.0f} s long")
