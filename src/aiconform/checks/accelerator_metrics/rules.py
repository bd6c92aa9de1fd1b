"""What one exporter's two pages have to say of the devices of one place (M1 and M2; pure)."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.accelerator_metrics.names import EXPORTERS
from aiconform.checks.accelerator_metrics.steps import APART_S
from aiconform.checks.framework import Answer, errored, failed, passed, unknown, warned
from aiconform.model.outcome import Outcome

Json = Mapping[str, Any]

STALE_S = 60.0
# No device has less or more memory: what does was told in another unit.
LEAST_BYTES, MOST_BYTES = 2**28, 2**42
COLDEST, HOTTEST = 5.0, 120.0
MOST_WATTS = 20_000.0
_SLACK = 1.01
_WORST_FIRST = (Outcome.FAIL, Outcome.ERROR, Outcome.UNKNOWN, Outcome.WARN, Outcome.PASS)
_TOLD = {e.id: {m.quantity for m in e.metrics} for e in EXPORTERS}


def worst(answers: Sequence[Answer], *, good: str) -> Answer:
    """The worst, with how many are like it; `good` when all pass."""
    for outcome in _WORST_FIRST[:-1]:
        alike = [answer for answer in answers if answer.outcome is outcome]
        if alike:
            more = f" (and {len(alike) - 1} more)" if len(alike) > 1 else ""
            return Answer(outcome, alike[0].reason, f"{alike[0].sentence}{more}")
    return passed(good) if answers else unknown("NothingSeen", "nothing was seen")


def figures(facts: Json) -> Answer:
    """Of one step: several places."""
    rows = facts["rows"]
    nodes = len({row["node"] for row in rows})
    good = f"every device of {nodes} node(s) is told of twice, with plausible figures"
    return worst([_place(row) for row in rows], good=good)


def _place(row: Json) -> Answer:
    scrapes = row["scrapes"]
    for scrape in scrapes:
        if scrape["problem"]:
            return problem(row, scrape["problem"], scrape["told"])
    if len(scrapes) != 2 or scrapes[1]["at"] - scrapes[0]["at"] < APART_S - 1.0:
        return errored("TooFewScrapes", f"{_where(row)} was not scraped twice, {APART_S:g} s apart")
    answers = [
        rule(row, scrape)
        for scrape in scrapes
        for rule in (_complete, _fresh, _plausible, _further)
    ]
    return worst(answers, good=f"{_where(row)} tells of {row['most']} {row['counts']}")


def problem(row: Json, kind: str, told: str) -> Answer:
    """An exporter that is there and could not be read."""
    where = _where(row)
    match kind:
        case "auth":
            return unknown("Auth", f"{where} wants an identity that we have not: {told}")
        case "unreachable":
            return unknown("Unreachable", f"{where} cannot be reached: {told}")
        case "malformed":
            return failed("Malformed", f"{where} gives no Prometheus text: {told}")
        case "down":
            return failed("NoExporter", f"{where} has an exporter that does not run: {told}")
        case "http":
            return failed("ScrapeFailed", f"{where} answers a scrape with {told}")
        case _:
            return failed("NoKnownNames", f"{where} tells no utilization or memory by known names")


def _complete(row: Json, scrape: Json) -> Answer:
    """M1: as many devices as the inventory has, in utilization and in memory, and the same ones."""
    devices = scrape["devices"]
    busy = {device for device, told in devices.items() if "utilization" in told}
    memory = {device for device, told in devices.items() if "memory_used" in told}
    where = _where(row)
    if not busy:
        return failed("NoUtilization", f"{where} tells no utilization")
    if not memory:
        return failed("NoMemory", f"{where} tells no memory in use")
    least, most, counts = row["least"], row["most"], row["counts"]
    told = f"{where} tells the utilization of {len(busy)} and the memory of {len(memory)}"
    offered = f"{least} {counts} are offered" if least == most else f"{least} to {most} {counts}"
    if busy != memory or len(busy) < least:
        if not row["idle"]:
            return unknown("OnlyBusyDevices", f"{told}; {offered}, and idle ones are not told of")
        return failed("MissingDevice", f"{told}; {offered}")
    if len(busy) > most or (counts == "cores" and len(busy) % least):
        return failed("UnknownDevice", f"{told}; {offered}: there is no such device")
    return passed(told)


def _fresh(row: Json, scrape: Json) -> Answer:
    age, ahead = scrape["age_s"], scrape["ahead_s"]
    if age is not None and age > STALE_S:
        return failed("Stale", f"{_where(row)} tells figures that are {age:.0f} s old")
    if ahead is not None and ahead > STALE_S:
        return failed("Stale", f"{_where(row)} tells figures {ahead:.0f} s ahead of our clock")
    return passed("fresh")


def _plausible(row: Json, scrape: Json) -> Answer:
    for device, told in scrape["devices"].items():
        for quantity, value in told.items():
            if value is None:
                return failed("Implausible", f"{_where(row)}: {quantity} of {device} is no number")
        if wrong := _wrong(told):
            return failed("Implausible", f"{_where(row)}: {device} has {wrong}")
    return passed("plausible")


def _wrong(told: Json) -> str:
    """What cannot be true of a device; empty: nothing."""
    busy, used, total = (told.get(k) for k in ("utilization", "memory_used", "memory_total"))
    if busy is not None and not 0.0 <= busy <= 1.0:
        return f"a utilization of {busy:g}, where 1 is wholly busy"
    if total is not None and not LEAST_BYTES <= total <= MOST_BYTES:
        return f"{total:.3g} bytes of memory"
    if used is not None and not 0.0 <= used <= MOST_BYTES:
        return f"{used:.3g} bytes of memory in use"
    if used is not None and total is not None and used > total * _SLACK:
        return f"{used:.3g} bytes of memory in use, of {total:.3g}"
    heat, power = told.get("temperature"), told.get("power")
    if heat is not None and not COLDEST <= heat <= HOTTEST:
        return f"a temperature of {heat:g} degrees Celsius"
    if power is not None and not 0.0 < power <= MOST_WATTS:
        return f"a power of {power:g} W"
    return ""


def _further(row: Json, scrape: Json) -> Answer:
    """Quantities beyond the required ones; only hardware that is known to have them has to."""
    told = {quantity for each in scrape["devices"].values() for quantity in each}
    known = _TOLD.get(row["exporter"], set())
    if "memory_total" not in told and row["exporter"] != "neuron":
        return warned("NoMemoryTotal", f"{_where(row)} does not tell how much memory there is")
    wanted = [q for q in ("temperature", "power") if q in known and row["maker"]]
    missing = [quantity for quantity in wanted if quantity not in told]
    if missing:
        return warned("NoFurther", f"{_where(row)} tells no {' and no '.join(missing)}")
    return passed("all")


def _where(row: Json) -> str:
    return f"the exporter of {row['what']} on {row['node']}"
