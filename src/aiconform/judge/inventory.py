"""Does a node say what it is made of, is that sound, and is it what its like have?"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from aiconform.judge.defects import Defect, own_defects
from aiconform.judge.facts import Facts
from aiconform.judge.likes import Seen, likeness_defects
from aiconform.judge.states import trouble_of
from aiconform.judge.under_load import load_defects
from aiconform.judge.words import clip
from aiconform.model.verdict import Figure, Outcome, Subject, Verdict, worst
from aiconform.model.wire import Hello, Inventory, Telemetry

STREAM = "inventory"
ALONE = "self"  # where a node tells what it did alone

Defects = Mapping[str | None, Sequence[Defect]]


def inventory_defects(facts: Facts) -> Defects:
    """By node (None: of the cluster); of those nodes alone that told all about themselves."""
    surveyed = {n.name: n for n in facts.surveyed.record.nodes} if facts.surveyed else {}
    seen: list[Seen] = []
    found: dict[str | None, list[Defect]] = defaultdict(list)
    for node in facts.nodes:
        told = _told(node, facts)
        if told is not None:
            hello, inventory = told
            seen.append(Seen(node=node, facts=surveyed.get(node), inventory=inventory))
            own = list(own_defects(node, hello, inventory))
            watched = list(facts.stream(node, ALONE).of(Telemetry))
            found[node] += _with_load(own, list(load_defects(node, inventory, watched)))
    for defect in likeness_defects(seen):
        found[defect.node].append(defect)
    return {
        node: tuple(replace(d, rests_on=(*_ids(node, facts), *d.rests_on)) for d in defects)
        for node, defects in found.items()
    }


def _with_load(own: Sequence[Defect], loaded: Sequence[Defect]) -> Sequence[Defect]:
    """The same of a device, at rest and under load, is one defect: that under load."""
    again = {(each.reason, each.device) for each in loaded}
    return [*(each for each in own if (each.reason, each.device) not in again), *loaded]


def judge_inventory(node: str, facts: Facts, defects: Sequence[Defect] = ()) -> Verdict:
    """PASS rests on the greeting, the inventory and the end marker."""
    stream = facts.stream(node, STREAM)
    told = _told(node, facts)
    if told is None:
        reason, sentence = trouble_of(node, facts) or ("NoInventory", "")
        problem = stream.problem or "its inventory is not there exactly once"
        return _verdict(node, Outcome.UNKNOWN, reason, sentence or f"{node}: {problem}")
    figures = _figures(told[1])
    if defects:
        outcome = worst(each.outcome for each in defects)
        deciding = next(each for each in defects if each.outcome is outcome)
        said = clip("; ".join(dict.fromkeys(each.sentence for each in defects)))
        ids = tuple(dict.fromkeys((*stream.ids, *(i for d in defects for i in d.rests_on))))
        return _verdict(node, outcome, deciding.reason, said, ids, figures)
    rests_on = (*((facts.planned.id,) if facts.planned else ()), *stream.ids)
    return _verdict(
        node, Outcome.PASS, "Complete", f"{node}: inventory complete", rests_on, figures
    )


def _told(node: str, facts: Facts) -> tuple[Hello, Inventory] | None:
    """Greeting and inventory of a complete report with one of each."""
    stream = facts.stream(node, STREAM)
    hellos = [record for _, record in stream.of(Hello)]
    inventories = [record for _, record in stream.of(Inventory)]
    if not stream.complete or len(hellos) != 1 or len(inventories) != 1:
        return None
    return hellos[0], inventories[0]


def _ids(node: str | None, facts: Facts) -> tuple[str, ...]:
    nodes = facts.nodes if node is None else (node,)
    return tuple(i for each in nodes for i in facts.stream(each, STREAM).ids)


def _figures(inventory: Inventory) -> tuple[Figure, ...]:
    counts = {
        "accelerators_on_host": inventory.accelerators_on_host_count,
        "accelerators_given": inventory.accelerators_given_count,
        "accelerators_in_framework": inventory.accelerators_in_framework_count,
    }
    return tuple(
        Figure(metric=metric, value=count, unit="count")
        for metric, count in counts.items()
        if count is not None
    )


def _verdict(
    node: str,
    outcome: Outcome,
    reason: str,
    sentence: str,
    rests_on: tuple[str, ...] = (),
    figures: tuple[Figure, ...] = (),
) -> Verdict:
    return Verdict(
        item="inventory",
        subject=Subject(node=node),
        outcome=outcome,
        reason=reason,
        sentence=sentence,
        rests_on=rests_on,
        figures=figures,
    )
