"""Figures follow a load, on its device and on no other, and fall again (M3, M4; pure)."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.accelerator_metrics.following import (
    IN_A_ROW,
    MOST_BYTES,
    change,
    followed,
    is_idle_again,
    moved_otherwise,
    worked,
)
from aiconform.checks.framework import (
    Answer,
    errored,
    failed,
    passed,
    skipped,
    unknown,
    warned,
)
from aiconform.model.outcome import Outcome

Json = Mapping[str, Any]


def load(facts: Json) -> Answer:
    if facts["probe"]:
        told = f"{_where(facts)}: figures were read and no load was put on: {facts['probe']}"
        return warned("PresenceOnly", told)
    ran = _ran(facts)
    if ran.outcome is not Outcome.PASS:
        return ran
    idle, during = facts["idle"][-1], facts["during"]
    if wrong := _another_unit(idle, during):
        return failed("Implausible", f"{_where(facts)}: under load {wrong}")
    rose = _followed(idle, during)
    if not rose:
        return failed("DoesNotFollowLoad", f"{_where(facts)}: {_at_most(idle, during)}")
    if len(rose) > 1:
        told = f"{_where(facts)}: one device was loaded, and {', '.join(rose)} rose"
        return _disturbed(facts, told)
    (device,) = rose
    matched = facts["matched"]
    if matched and device not in matched:
        told = f"{_where(facts)}: {', '.join(matched)} was granted and loaded, and {device} rose"
        return failed("WrongDevice", told)
    others = moved_otherwise(idle, during, device)
    if len(others) > facts["foreign"]:
        told = f"{_where(facts)}: {device} was loaded, and {', '.join(others)} changed as well"
        return _disturbed(facts, told)
    return _fallen(facts, device)


def attribution(facts: Json) -> Answer:
    """Information: does the exporter tell whose pod holds the device?"""
    if facts["probe"] or not facts["during"]:
        return skipped("NoLoad", "no load was put on")
    rose = _followed(facts["idle"][-1], facts["during"])
    if not facts["attached"]:
        return skipped("NotAttached", "the exporter does not tell which pod holds a device")
    if rose and set(rose) <= set(facts["attached"]):
        return passed("the exporter tells that our pod held the device")
    return warned("WrongPod", f"our pod is told of at {', '.join(facts['attached'])}")


def _ran(facts: Json) -> Answer:
    """Was there a load on the device, long enough to be seen?"""
    began, pod = facts["began"], facts["pod"]
    if not began:
        if pod["found"] and not pod["node"]:
            return unknown("NoFreeDevice", f"the load was not scheduled: {pod['trouble']}")
        return unknown("LoadNotStarted", f"the load did not begin: {pod.get('trouble') or pod}")
    if began["event"] != "burn.began":
        return unknown("LoadFailed", f"the load ended at once: {_last(facts)}; see logs/load.txt")
    if not worked(began, engine=facts["engine"], maker=facts["maker"]):
        told = f"{_where(facts)}: the image has no framework that sees the device"
        return warned("PresenceOnly", told)
    if not facts["progress"]:
        return errored("LoadIdle", "the load began and did no work")
    if pod.get("phase") != "Running":
        return unknown("LoadFailed", f"the load ended early: {_last(facts)}; see logs/load.txt")
    if not facts["idle"]:
        return errored("IdleMissed", "the load began before its device was looked at while idle")
    for scrape in (facts["before"], facts["idle"][-1]):
        if scrape["problem"]:
            told = f"{_where(facts)} could not be read before the load: {scrape['told']}"
            return unknown("NoBaseline", told)
    readable = [sample for sample in facts["during"] if not sample["problem"]]
    if len(readable) < IN_A_ROW:
        problems = {sample["told"] for sample in facts["during"] if sample["problem"]}
        told = f"{_where(facts)} could not be read under load: {'; '.join(sorted(problems))}"
        return unknown("Unreachable", told)
    return passed("it ran")


def _followed(before: Json, during: Sequence[Json]) -> list[str]:
    """Devices that have risen in several scrapes one after another."""
    ends = range(IN_A_ROW, len(during) + 1)
    return sorted({device for end in ends for device in followed(before, during[:end])})


def _another_unit(before: Json, during: Sequence[Json]) -> str:
    for sample in during:
        for device, (busy, _) in sample["devices"].items():
            if busy is not None and not 0.0 <= busy <= 1.0:
                return f"{device} has a utilization of {busy:g}, where 1 is wholly busy"
            told = change(before, sample, device)
            if told is not None and told[1] > MOST_BYTES:
                return f"{device} holds {told[1]:.3g} bytes more, and 1 GiB was asked for"
    return ""


def _at_most(before: Json, during: Sequence[Json]) -> str:
    changes = [
        told
        for sample in during
        for device in before["devices"]
        if (told := change(before, sample, device)) is not None
    ]
    busier = max((told[0] for told in changes), default=0.0)
    more = max((told[1] for told in changes), default=0.0)
    return (
        f"under load no device rose by 0.3 in utilization and by 0.8 GiB in memory"
        f" (at most by {busier:.2f}, and by {more / 2**30:.2f} GiB)"
    )


def _fallen(facts: Json, device: str) -> Answer:
    after = facts["after"]
    if not facts["gone"]:
        return unknown("LoadStays", "the loading pod did not go, so the device could not be idle")
    if not any(is_idle_again(facts["before"], sample, (device,)) for sample in after):
        told = f"{_where(facts)}: {device} is still told to be busy 60 s after the load was gone"
        return _disturbed(facts, told, reason="StaysBusy")
    return passed(f"{_where(facts)}: {device} followed the load, and no other did")


def _disturbed(facts: Json, told: str, *, reason: str = "OthersFollow") -> Answer:
    """A fault of the exporter, unless others took or freed devices meanwhile."""
    if facts["moved"]:
        return unknown("CapacityMoved", f"{told}; others took or freed devices meanwhile")
    return failed(reason, told)


def _last(facts: Json) -> str:
    told = [str(line.get("problem") or line.get("event")) for line in facts["lines"]]
    return told[-1] if told else str(facts["pod"].get("trouble") or "it said nothing")


def _where(facts: Json) -> str:
    return f"{facts['what']} on {facts['node']}"
