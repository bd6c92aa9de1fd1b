"""
What a container said of the devices that it can reach: made into facts, and read again (pure).

The errno decides: see docs/reference-workload-servers.md, `devices`.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

from aiconform.checks.secure_accelerator_access.files import SHARED_MAJORS, Files

Json = Mapping[str, Any]
Access = Literal["reached", "denied", "undecided"]

# The device cgroup let it through. Whether the driver then had something to say is another matter.
REACHED = frozenset({"ENXIO", "ENODEV", "EBUSY"})
DENIED = frozenset({"EPERM", "EACCES"})
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_KEPT = ("uid", "capabilities", "may_mknod", "uid_map", "cgroup", "search", "pod_uid", "nonce")
_MOST = 100


def compact(seen: Json) -> dict[str, Any]:
    """A `devices.seen` line without what every container has."""
    devices = [each for each in seen.get("devices") or () if not each.get("standard")]
    return {
        **{key: seen.get(key) for key in _KEPT},
        "devices": [
            {"path": d["path"], "number": f"{d['major']}:{d['minor']}", "kind": d["kind"],
             "mode": d.get("mode"), "opening": d.get("opening")}
            for d in devices[:_MOST]
        ],
        "device_count": len(devices),
        "made": [
            {"number": f"{m['major']}:{m['minor']}", "attempts": m["attempts"]}
            for m in seen.get("made") or ()
        ],
        "environment": dict(list((seen.get("environment") or {}).items())[:_MOST]),
        "vendor_files": list(seen.get("vendor_files") or ())[:_MOST],
        "executed": [
            {**e, "output": str(e.get("output", ""))[:2000]}
            for e in seen.get("executed") or () if e.get("found")
        ],
    }  # fmt: skip


def complete(listing: Json) -> bool:
    """All mounts were searched, and nothing was cut off."""
    return bool((listing.get("search") or {}).get("mounts_complete")) and len(
        listing["devices"]
    ) == int(listing["device_count"])


def granted(listing: Json, files: Files) -> tuple[Json, ...]:
    """The files that are devices of their own, in a container that was granted some."""
    return tuple(each for each in listing["devices"] if files.is_device(str(each["path"])))


def numbers(devices: Iterable[Json]) -> frozenset[str]:
    return frozenset(str(each["number"]) for each in devices)


def opening_access(opening: Json | None) -> Access:
    """None: nobody tried."""
    if opening is None:
        return "undecided"
    if opening.get("opened") or opening.get("error") in REACHED:
        return "reached"
    return "denied" if opening.get("error") in DENIED else "undecided"


def making_access(attempts: Sequence[Json]) -> Access:
    """
    Of mknod in several directories and the openings of what was made.

    One that worked decides. A directory that cannot be written, or on whose file system no device
    opens, says nothing; nor does a driver that never returned.
    """
    told = [_attempt_access(attempt) for attempt in attempts]
    if "reached" in told:
        return "reached"
    hangs = any((a.get("opening") or {}).get("error") == "HANGS" for a in attempts)
    return "denied" if "denied" in told and not hangs else "undecided"


def _attempt_access(attempt: Json) -> Access:
    opening = attempt.get("opening")
    if attempt.get("made"):
        access = opening_access(opening)
        if access == "denied" and attempt.get("nodev") and (opening or {}).get("error") == "EACCES":
            return "undecided"
        return access
    return "denied" if attempt.get("error") in DENIED else "undecided"


def made_access(listing: Json, number: str) -> Access:
    attempts = [a for m in listing["made"] if m["number"] == number for a in m["attempts"]]
    return making_access(attempts)


def mknod_refused(listing: Json) -> bool:
    """No device file could be made at all: the capability is not there."""
    attempts = [a for m in listing["made"] for a in m["attempts"]]
    return bool(attempts) and not any(a.get("made") for a in attempts)


def visible(
    listing: Json, files: Files, *, known: bool, of: Collection[str], patterns: Collection[str] = ()
) -> tuple[Json, ...]:
    """
    Device files in a container that was granted none, as far as they are the accelerators'.

    Args:
        of: Numbers that a granted container had; files of their majors count as well.
        patterns: Further names, where nothing was granted to compare with.
    """
    majors = telling_majors(of)
    named = Files(devices=tuple(patterns)) if patterns else None

    def is_one(each: Json) -> bool:
        path, number = str(each["path"]), str(each["number"])
        if number in of or number.partition(":")[0] in majors:
            return True
        if known and files.devices and (files.is_device(path) or files.is_control(path)):
            return True
        return named is not None and named.is_device(path)

    return tuple(each for each in listing["devices"] if is_one(each))


def telling_majors(of: Iterable[str]) -> frozenset[str]:
    """Majors of these numbers that belong to one driver, so that all their files are its."""
    return frozenset(number.partition(":")[0] for number in of) - SHARED_MAJORS


def uuids(listing: Json) -> frozenset[str]:
    """Identities of devices that the environment or the vendor's own listing tells."""
    texts = [
        str(value)
        for name, value in listing["environment"].items()
        if not name.startswith("AICONFORM_")
    ]
    texts += [str(each["output"]) for each in listing["executed"]]
    return frozenset(found.lower() for text in texts for found in _UUID.findall(text))


def paths(devices: Iterable[Json], most: int = 8) -> str:
    return ", ".join([str(each["path"]) for each in devices][:most])
