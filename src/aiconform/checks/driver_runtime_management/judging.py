"""What the facts prove (pure). Source: spec of the requirement checks, section 2."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from aiconform.checks.driver_runtime_management.versions import agree
from aiconform.checks.framework import (
    Answer,
    Conclusion,
    Sightings,
    conclude,
    failed,
    passed,
    rule,
    settled,
    still_waits,
    unknown,
    warned,
)

Facts = Mapping[str, Any]


def evaluate(seen: Sightings) -> Conclusion:
    found = rule(seen, "accelerators-found", _found)
    if not seen.facts("accelerators-found").get("units"):
        return settled(found.answer, (found,))
    granted = rule(seen, "device-granted", lambda facts: _granted(facts, _units(seen)))
    advertised = rule(seen, "versions-advertised", _advertised)
    rulings = [
        found,
        advertised,
        rule(seen, "true-versions-read", lambda facts: _true(facts, seen)),
        granted,
    ]
    impossible = rule(seen, "impossible-version-waits", _impossible, mandatory=False)
    return conclude(
        (*rulings, impossible.controlled_by(granted)),
        passed="every accelerator node tells its driver's version, it is true, and a granted "
        "device comes with its driver",
        evidence=("versions.csv",),
    )


def _units(seen: Sightings) -> Sequence[Facts]:
    units = seen.facts("accelerators-found").get("units")
    return units if isinstance(units, list) else []


def _found(facts: Facts) -> Answer:
    told = "; ".join(facts["not_permitted"])
    if not facts["units"]:
        if told:
            return unknown("CannotCount", f"whether there are accelerators cannot be told: {told}")
        return unknown("NoAccelerator", "no node has accelerators that we know")
    if facts["undescribed"]:
        names = ", ".join(facts["undescribed"])
        return unknown("UnknownAccelerator", f"describe them in the setting drivers: {names}")
    if facts["incomplete"]:
        pools = ", ".join(facts["incomplete"][:5])
        return unknown("PoolIncomplete", f"pools whose ResourceSlices are not all there: {pools}")
    if facts["left_out"]:
        return warned("NodesLeftOut", f"{len(facts['left_out'])} or more were not looked at")
    return passed(f"accelerators on {len({u['node'] for u in facts['units']})} nodes")


def _advertised(facts: Facts) -> Answer:
    rows = facts["nodes"]
    without = [row["node"] for row in rows if not row["said"]]
    if len(without) == len(rows):
        return failed(
            "NotProvided",
            "no attribute of a device, label of a node or operator tells a driver's version",
        )
    if without:
        return warned("PartlyAdvertised", f"no driver version is told of {_names(without)}")
    waiting = [f"{o['kind']} {o['name']} ({o['state']})" for o in facts["operators"]
               if o["ready"] is False]  # fmt: skip
    if waiting:
        return warned("OperatorNotReady", f"not ready: {', '.join(waiting[:5])}")
    if silent := [row["node"] for row in rows if not row["runtime"]]:
        return warned("RuntimeUnknown", f"no container runtime is told of {_names(silent)}")
    if skewed := _skew(rows):
        return warned("VersionSkew", skewed)
    ways = sorted({said["key"] for row in rows for said in row["said"]})
    return passed(f"told of {len(rows)} nodes by {', '.join(ways[:4])}")


def _skew(rows: Iterable[Facts]) -> str:
    """Nodes that are alike in all but the version."""
    groups: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        for said in row["said"]:
            groups[row["group"], said["key"]][said["version"]].append(row["node"])
    for (group, _), versions in sorted(groups.items()):
        if len(versions) > 1:
            told = "; ".join(f"{v} on {_names(nodes)}" for v, nodes in sorted(versions.items()))
            return f"nodes of {group} differ: {told}"
    return ""


def _true(facts: Facts, seen: Sightings) -> Answer:
    """Compare what is said with what the driver's own files say, node by node."""
    looks = [*facts["looks"], *(seen.facts("device-granted").get("looks") or ())]
    true = {(k["maker"], k["node"]): k for k in reversed(looks) if k["version"]}
    rows = seen.facts("versions-advertised").get("nodes") or ()
    uncompared, compared = [], 0
    for row in rows:
        look = true.get((row["maker"], row["node"]))
        if look is None or not row["said"]:
            uncompared.append(row["node"])
            continue
        compared += 1
        for said in row["said"]:
            if not agree(said["version"], look["version"]):
                return failed(
                    "VersionMismatch",
                    f"{row['node']}: {said['key']} says {said['version']}, but the driver there "
                    f"is {look['version']} ({look['source']})",
                )
    if not compared:
        return unknown("TrueVersionUnread", f"no true version was read: {_why(looks)}")
    if uncompared:
        return warned("NotCompared", f"not compared on {_names(uncompared)}: {_why(looks)}")
    return passed(f"what is said is what runs on {compared} nodes")


def _why(looks: Iterable[Facts]) -> str:
    troubles = {look["why"] for look in looks if look["why"]}
    return "; ".join(sorted(troubles)[:3]) or "no file of the driver tells it, as far as is known"


def _granted(facts: Facts, units: Sequence[Facts]) -> Answer:
    looks = facts["looks"]
    for look in looks:
        if problem := _wrong(look):
            return problem
    tried = {look["group"] for look in looks}
    missing = {u["group"]: u for u in units if u["group"] not in tried}
    if missing:
        told = ", ".join(sorted(missing)[:5])
        if any(u["free"] for u in missing.values()):
            return unknown("NotGrantable", f"free, but no DeviceClass or usable node: {told}")
        return unknown("NoFreeDevice", f"no free device was found of {told}")
    if bare := [look["group"] for look in looks if not look["new_files"]]:
        return passed(
            f"{len(looks)} pods had one device each; the images for {bare[0]} bring the "
            "libraries along"
        )
    return passed(f"{len(looks)} pods had one device each, and files of its driver")


def _wrong(look: Facts) -> Answer | None:
    who = f"a pod that asked for one {look['asked']} on {look['node']}"
    if not look["ran"]:
        if look["bound"] is None:
            return unknown("NotScheduled", f"{who} was not scheduled: {look['why']}")
        return failed("NotStarted", f"{who} did not run: {look['why']}")
    if not look["said"]:
        return unknown("PodSilent", f"{who} said nothing: {look['why']}")
    if not look["compared"]:
        return unknown("NoControl", f"{who} has no pod without a device to be compared with")
    if look["by"] == "claim" and len(look["allocated"]) != 1:
        return failed("NotAllocated", f"{who} ran, and its claim has {look['allocated']}")
    count = len(_devices(look))
    if count != 1 and (look["patterns"] or not count):
        return failed("DeviceCount", f"{who} has {count} device files: {_devices(look)[:5]}")
    if look["injects"] and not look["new_files"]:
        return failed("NoRuntimeInjected", f"{who} has no library or tool of the driver")
    return None


def _devices(look: Facts) -> list[str]:
    patterns = look["patterns"]
    return [
        path
        for path in look["new_devices"]
        if not patterns or any(fnmatchcase(path, pattern) for pattern in patterns)
    ]


def _impossible(facts: Facts) -> Answer:
    who = f"a pod for {facts['asked']}"
    bound = failed("VersionIgnored", f"{who} went to {facts['bound']}")
    return still_waits(facts, who, bound=bound)


def _names(nodes: Sequence[str]) -> str:
    rest = f" and {len(nodes) - 8} more" if len(nodes) > 8 else ""
    return ", ".join(sorted(nodes)[:8]) + rest
