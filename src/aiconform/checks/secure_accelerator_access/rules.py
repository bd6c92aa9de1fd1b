"""A granted device works, and containers without one reach none (A0 to A5)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from aiconform.checks.framework import (
    Answer,
    Sightings,
    errored,
    failed,
    passed,
    unknown,
    warned,
)
from aiconform.checks.secure_accelerator_access import listings
from aiconform.checks.secure_accelerator_access.listings import (
    granted,
    made_access,
    mknod_refused,
    opening_access,
    paths,
    visible,
)
from aiconform.checks.secure_accelerator_access.pods import REFUSED
from aiconform.checks.secure_accelerator_access.sites import Site, step_name
from aiconform.model.outcome import Outcome

Json = Mapping[str, Any]
FOREIGN_DEVICES = "ForeignDevices"
# /proc/self/uid_map where no user namespace is used.
_IDENTITY = ["0", "0", "4294967295"]


def own_device(site: Site, settings: Json, facts: Json) -> Answer:
    """A0: exactly the device that was asked for, and it can be opened."""
    pod, listing = facts["pod"], facts["listing"]
    if not pod.get("ready"):
        return not_granted(pod)
    if listing is None:
        return unknown("NoListing", f"pod {pod['name']} runs and said nothing of its devices")
    if listing["pod_uid"] != pod["uid"]:
        return errored("ForeignListing", f"pod {pod['name']} spoke with another pod's UID")
    if not listings.complete(listing):
        return unknown("SearchIncomplete", f"pod {pod['name']} could not search all mounts")
    devices = granted(listing, site.files)
    if not devices:
        return _without_files(site, settings, facts)
    if len(devices) > 1 and site.files.exact:
        if not site.known:
            told = f"files.{site.what}.devices does not say which of {paths(devices)} are devices"
            return unknown("UnknownAccelerator", told)
        told = f"a pod that was granted one {site.what} has {len(devices)}: {paths(devices)}"
        return failed(FOREIGN_DEVICES, told)
    return _usable(devices, f"pod {pod['name']}")


def _without_files(site: Site, settings: Json, facts: Json) -> Answer:
    if settings.get("deviceFiles", True) is not False:
        told = f"a pod that was granted one {site.what} has no device file of it"
        return failed("NoDeviceFile", told)
    if any(facts["allocated"].values()):
        return warned("NoDeviceFile", "the device has no file: only its allocation was read")
    return unknown("NoIdentity", "the device has no file, and no allocation names it")


def not_granted(pod: Json) -> Answer:
    """A pod with a device that did not come to run, though a device was free."""
    if not pod["found"]:
        return unknown("Vanished", "the pod was deleted by somebody else")
    if not pod["node"]:
        told = pod["scheduling_message"] or "the scheduler did not place it"
        return unknown("NotScheduled", f"pod {pod['name']} was not scheduled: {told}")
    if pod["reason"] == "UnexpectedAdmissionError" or pod["reason"] in REFUSED:
        told = f"{pod['reason']}: {pod['message']}"
        return failed("NotGranted", f"pod {pod['name']} was not given its free device: {told}")
    told = f"{pod['phase']} {pod['reason']}: {pod['message']}"
    return unknown("NotStarted", f"pod {pod['name']} on {pod['node']} did not start: {told}")


def _usable(devices: Sequence[Json], who: str) -> Answer:
    """At least one of the files of the device can be opened; the errno tells."""
    access = {opening_access(each["opening"]) for each in devices}
    if "reached" in access:
        return passed(f"{who} can open {paths(devices)}, which it was granted")
    errors = ", ".join(f"{d['path']}: {(d['opening'] or {}).get('error')}" for d in devices[:4])
    if access == {"denied"}:
        return failed("NotUsable", f"{who} cannot open the device that it was granted: {errors}")
    return unknown(
        "OpenUndecided", f"opening the granted device of {who} decided nothing: {errors}"
    )


def usable(site: Site, listing: Json, who: str) -> Answer:
    devices = granted(listing, site.files)
    if not devices:
        return failed("NoDeviceFile", f"{who} was granted one {site.what} and has no file of it")
    return _usable(devices, who)


def bystander(site: Site, of: Collection[str], facts: Json) -> Answer:
    """A1, A5: a container that asked for no device."""
    listing = facts["listing"]
    if listing is None:
        pod = facts["pod"]
        told = f"{pod.get('phase')} {pod.get('reason')}: {pod.get('message')}"
        return unknown("NotStarted", f"the container without a device told nothing: {told}")
    found = visible(listing, site.files, known=site.known, of=of)
    return closed(found, listing, "a container that asked for no device")


def closed(found: Sequence[Json], listing: Json, who: str) -> Answer:
    """None of these files can be opened."""
    access = [(each, opening_access(each["opening"])) for each in found]
    if reached := [each for each, how in access if how == "reached"]:
        return failed("UnrequestedAccess", f"{who} can open {paths(reached)}")
    if undecided := [each for each, how in access if how == "undecided"]:
        return unknown(
            "OpenUndecided", f"{who} sees {paths(undecided)}, and opening decided nothing"
        )
    if not listings.complete(listing):
        return unknown("SearchIncomplete", f"{who} could not search all mounts")
    if found:
        return warned("VisibleButClosed", f"{who} sees {paths(found)} and cannot open it")
    if listing["vendor_files"]:
        files = ", ".join(map(str, listing["vendor_files"][:5]))
        return warned("LibrariesInjected", f"{who} was given the vendor's files: {files}")
    return passed(f"{who} sees no accelerator")


def tricked(site: Site, of: Collection[str], settings: Json, facts: Json) -> Answer:
    """A2, A3: a container that asked around the scheduler. The runtime may refuse to start it."""
    if facts["listing"] is None:
        pod = facts["pod"]
        if pod.get("reason") in REFUSED:
            return passed(f"the runtime refuses to start such a container: {pod['message']}")
        told = f"{pod.get('phase')} {pod.get('reason')}: {pod.get('message')}"
        return warned("NotStarted", f"such a pod did not start, so nothing was tried: {told}")
    return _lowered(bystander(site, of, facts), settings)


def runtime_classes(site: Site, of: Collection[str], settings: Json, facts: Json) -> Answer:
    """A2 with each RuntimeClass of a vendor."""
    answers = [tricked(site, of, settings, look) for look in facts["looks"]]
    for outcome in (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.WARN):
        worst = next((a for a in answers if a.outcome is outcome), None)
        if worst is not None:
            return worst
    if not answers:
        return passed("no RuntimeClass has a handler of a vendor's runtime")
    return passed(f"no device is reached by environment with {', '.join(facts['classes'])}")


def _lowered(answer: Answer, settings: Json) -> Answer:
    if answer.outcome is Outcome.FAIL and settings.get("envBypass") == "warn":
        return warned(answer.reason, answer.sentence)
    return answer


def node_creation(site: Site, facts: Json) -> Answer:
    """A4: a file of the device's number, made and opened, with the holder as the control."""
    wanted = facts["numbers"]
    if not wanted:
        return warned("NoDeviceFile", "the device has no number, so no file of it can be made")
    listing, control = facts["listing"], facts["control"]
    if listing is None:
        return unknown("NotStarted", "the pod that makes device files told nothing")
    access = {number: made_access(listing, number) for number in wanted}
    if reached := [number for number, how in access.items() if how == "reached"]:
        told = f"a pod without a device made a file of {', '.join(reached)} and opened it"
        return failed("MadeAndOpened", told)
    if undecided := [number for number, how in access.items() if how == "undecided"]:
        told = f"making and opening a file of {', '.join(undecided)} decided nothing"
        return unknown("MakingUndecided", told)
    if mknod_refused(listing):
        return passed("a pod without a device may not make device files at all")
    if not any(made_access(control, number) == "reached" for number in wanted):
        told = "the device's holder cannot open a file that it made either: nothing is shown"
        return errored("ControlInvalid", told)
    return passed("a pod without a device can make files of its number and not open them")


def notes(site: Site, seen: Sightings, number: int) -> list[str]:
    """What a reviewer should know beside the steps."""
    found = []
    facts = seen.facts(step_name("own-device", number))
    told = facts.get("allocated") or {}
    if identity := [*told.get("ids", ()), *told.get("claimed", ())]:
        found.append(f"{site.node} granted {', '.join(identity[:4])}")
    elif facts:
        found.append(f"{site.node}: no API names the granted device, its number is its identity")
    listing = (seen.facts(step_name("node-creation", number)) or {}).get("listing") or {}
    uid_map = str(listing.get("uid_map") or "")
    if listing and uid_map.split() != _IDENTITY:
        found.append(
            f"{site.node}: user namespace in use ({uid_map.strip()[:60]}): mknod is refused"
        )
    if listing and mknod_refused(listing):
        found.append(f"{site.node}: capabilities are cut, so device files cannot be made")
    return found
