"""The verdict: every device is told of, plausibly, and its figures follow a load (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiconform.checks.accelerator_metrics.load_rules import attribution, load
from aiconform.checks.accelerator_metrics.rules import figures, problem, worst
from aiconform.checks.accelerator_metrics.steps import step_name
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
    settled,
    unknown,
    warned,
)
from aiconform.model.outcome import Outcome

Facts = Mapping[str, Any]

_PASSED = "every accelerator is told of by its exporter, and its figures follow a load"


def evaluate(seen: Sightings) -> Conclusion:
    inventory = rule(seen, "inventory", _inventory)
    if inventory.outcome is not Outcome.PASS:
        return settled(inventory.answer, (inventory,))
    looked = rule(seen, "exporters", _looked)
    if looked.outcome is not Outcome.PASS:
        return settled(looked.answer, (inventory, looked))
    facts = seen.facts("exporters")
    listed = _numbered(seen, "places", facts["row_steps"], _listed)
    rows = [row for ruling in listed for row in seen.facts(ruling.step).get("rows", ())]
    found = rule(seen, "exporters", lambda _: _found(rows, seen.facts("inventory")))
    if found.answer.reason == "NothingInstalled":
        return settled(found.answer, (inventory, found))
    told = _numbered(seen, "figures", facts["figure_steps"], figures)
    loads = _numbered(seen, "load", len(facts["load_groups"]), load)
    pods = [_attribution(seen, ruling.step) for ruling in loads]
    return conclude(
        (inventory, found, *listed, *told, *loads, *pods),
        passed=_PASSED,
        evidence=("metrics.csv", "mapping.yaml"),
    )


def _numbered(seen: Sightings, base: str, count: int, judge: Any) -> list[Ruling]:
    return [rule(seen, step_name(base, number), judge) for number in range(1, count + 1)]


def _attribution(seen: Sightings, step: str) -> Ruling:
    return replace(rule(seen, step, attribution, mandatory=False), step=f"{step}-attribution")


def _inventory(facts: Facts) -> Answer:
    if facts["not_permitted"]:
        return unknown("NotPermitted", "; ".join(facts["not_permitted"]))
    if facts["incomplete"]:
        pools = ", ".join(facts["incomplete"][:5])
        return unknown("PoolIncomplete", f"slices are missing of {pools}: devices are not known")
    if not facts["place_count"]:
        return unknown("NoAccelerator", "no node offers an accelerator of a known kind")
    return passed(f"{facts['device_count']} accelerators in {facts['place_count']} places")


def _looked(_facts: Facts) -> Answer:
    return passed("exporters were looked for")


def _listed(facts: Facts) -> Answer:
    return passed(f"{len(facts['rows'])} places are recorded")


def _found(rows: Sequence[Facts], inventory: Facts) -> Answer:
    """Is there an exporter for every place? Where a whole group has none, that is a failure."""
    if len(rows) != inventory["place_count"]:
        told = f"{len(rows)} of {inventory['place_count']} places are recorded"
        return errored("RecordsMissing", told)
    without = [row for row in rows if not row["exporter"]]
    if len(without) == len(rows) and not any(_known(row) for row in rows):
        told = f"no exporter was found on {len({row['node'] for row in rows})} accelerator nodes"
        return unknown("NothingInstalled", f"{told}; name them (exporters), or their names")
    good = f"an exporter answers for each of {len(rows)} places"
    return worst([_absent(row, rows) for row in without], good=good) if without else passed(good)


def _absent(row: Facts, rows: Sequence[Facts]) -> Answer:
    """Why a place has none: one that cannot be read, or none at all."""
    if not row["schedulable"]:
        # Not ready, cordoned, or a node that only stands for one: nothing runs there now.
        return warned("SomeWithout", f"{row['what']} on {row['node']}, out of use, has no exporter")
    for kind in ("auth", "unreachable", "malformed", "http", "no-names"):
        alike = [each for each in _known(row) if each["problem"] == kind]
        if alike and kind == "no-names" and row["maker"] == "aws-neuron":
            return unknown("OnlyBusyDevices", f"nothing is told of idle devices on {row['node']}")
        if alike:
            return problem(row, kind, alike[0]["told"])
    down = "; ".join(each["told"] for each in _known(row) if each["problem"] == "down")
    told = f"{row['what']} on {row['node']} has no exporter{': ' * bool(down)}{down}"
    alike = [other for other in rows if other["group"] == row["group"]]
    if any(other["exporter"] for other in alike):
        return warned("SomeWithout", told)
    return failed("NoExporter", f"{told}, nor has any node like it")


def _known(row: Facts) -> list[Facts]:
    return [each for each in row["tried"] if each["known"]]
