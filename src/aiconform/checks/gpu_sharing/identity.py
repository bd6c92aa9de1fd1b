"""Is it one device that two pods share, and does each have a part of its own? (pure)"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from aiconform import catalogue
from aiconform.catalogue.drivers import drivers
from aiconform.checks.framework import Answer, failed, passed, unknown, warned

Facts = Mapping[str, Any]
Files = frozenset[str]  # numbers "major:minor"


def judged(way: Facts, states: Sequence[Facts], seen: Sequence[Mapping[str, str]],
           plain: Mapping[str, str]) -> Answer:  # fmt: skip
    """
    Args:
        states: Of both pods, with their claims' results.
        seen: The device files of both, and `plain`: of a pod without any; path → number.
    """
    new = [_beyond(files, plain) for files in seen]
    if way["resource"]:
        parents = [_parents(files, way["resource"]) for files in new]
        return _plugged(way, [frozenset(f.values()) for f in new], parents)
    numbers = [frozenset(files.values()) for files in new]
    if any(len(state["devices"]) != 1 for state in states):
        return failed("NotAllocated", f"claims have {[state['devices'] for state in states]}")
    match way["kind"]:
        case "claim":
            return _one_claim(way, states, numbers)
        case "capacity":
            return _one_device(way, states, numbers)
        case _:
            return _parts(way, states, numbers)


def _beyond(files: Mapping[str, str], plain: Mapping[str, str]) -> dict[str, str]:
    return {path: number for path, number in files.items() if number not in plain.values()}


def _parents(files: Mapping[str, str], resource: str) -> Files:
    """The files that are one device each, for known vendors; else all."""
    vendor = next((v.id for v in catalogue.vendors() if v.owns(resource)), "")
    patterns = drivers()[vendor].devices if vendor in drivers() else ()
    return frozenset(
        number
        for path, number in files.items()
        if not patterns or any(fnmatchcase(path, pattern) for pattern in patterns)
    )


def _plugged(way: Facts, files: Sequence[Files], parents: Sequence[Files]) -> Answer:
    if not all(parents):
        return failed("NoDevice", f"a pod with one {way['resource']} has no device file")
    if parents[0] != parents[1]:
        told = f"{_told(parents[0])} and {_told(parents[1])}"
        return unknown("SpreadPlacement", f"the two units are of two devices, {told}")
    one = f"both pods have device {_told(parents[0])}"
    if way["kind"] == "slices":
        return warned("IdentityOnly", f"{one}; whether both can compute was not tried")
    if files[0] == files[1]:
        return warned("IdentityOnly", f"{one}, and nothing tells their parts apart")
    return passed(f"{one}, and parts of their own")


def _one_claim(way: Facts, states: Sequence[Facts], files: Sequence[Files]) -> Answer:
    if states[0]["devices"] != states[1]["devices"]:
        return failed("DifferentDevices", f"one claim has {[s['devices'] for s in states]}")
    return _same_files(f"both pods use {states[0]['devices'][0]}", files)


def _one_device(way: Facts, states: Sequence[Facts], files: Sequence[Files]) -> Answer:
    one, other = (state["devices"][0] for state in states)
    if one != other:
        return unknown("SpreadPlacement", f"the two claims have {one} and {other}")
    shares = [state["shares"][0] for state in states]
    if not all(shares) or shares[0] == shares[1]:
        return failed("SameShare", f"both claims have {one}, with shares {shares}")
    return _same_files(f"both pods have a share of {one}", files)


def _parts(way: Facts, states: Sequence[Facts], files: Sequence[Files]) -> Answer:
    one, other = (state["devices"][0] for state in states)
    if one == other:
        return failed("SamePart", f"two claims have the same part, {one}")
    if not set(states[0]["counter_sets"]) & set(states[1]["counter_sets"]):
        return unknown("SpreadPlacement", f"{one} and {other} are parts of two devices")
    if files[0] == files[1]:
        return warned("IdentityOnly", f"{one} and {other}, and no file tells them apart")
    return passed(f"{one} and {other} are parts of one device, with files of their own")


def _same_files(told: str, files: Sequence[Files]) -> Answer:
    if not files[0] and not files[1]:
        return warned("IdentityOnly", f"{told}, by the claims alone: there are no device files")
    if files[0] != files[1]:
        return failed("DifferentDevices", f"{told}, but have {_told(files[0])}, {_told(files[1])}")
    return passed(f"{told} ({_told(files[0])})")


def _told(files: Files) -> str:
    return " ".join(sorted(files)) or "none"
