"""Does a node say what it is made of, and do the counts that must agree agree?"""

from aiconform.judge.facts import Facts
from aiconform.judge.states import trouble_of
from aiconform.model.verdict import Figure, Outcome, Subject, Verdict
from aiconform.model.wire import Hello, Inventory

STREAM = "inventory"
MAX_CLOCK_OFFSET_S = 5.0


def judge_inventory(node: str, facts: Facts) -> Verdict:
    """PASS rests on the greeting, the inventory and the end marker."""
    stream = facts.stream(node, STREAM)
    hellos, inventories = list(stream.of(Hello)), list(stream.of(Inventory))
    if not stream.complete or len(hellos) != 1 or len(inventories) != 1:
        reason, sentence = trouble_of(node, facts) or ("NoInventory", "")
        problem = stream.problem or "its inventory is not there exactly once"
        return _verdict(node, Outcome.UNKNOWN, reason, sentence or f"{node}: {problem}")
    hello, inventory = hellos[0][1], inventories[0][1]
    given, seen = (
        inventory.accelerators_given_count,
        inventory.accelerators_in_framework_count,
    )
    figures = _figures(inventory)
    if given and seen is not None and seen < given:
        sentence = f"{node}: the framework sees {seen} of the {given} accelerators given to the pod"
        return _verdict(node, Outcome.FAIL, "DeviceCount", sentence, stream.ids, figures)
    offset = hello.clock_offset_s
    if offset is not None and abs(offset) > MAX_CLOCK_OFFSET_S:
        sentence = f"{node}: its clock is {abs(offset):.1f} s off"
        return _verdict(node, Outcome.WARN, "ClockOffset", sentence, stream.ids, figures)
    rests_on = (*((facts.planned.id,) if facts.planned else ()), *stream.ids)
    return _verdict(
        node, Outcome.PASS, "Complete", f"{node}: inventory complete", rests_on, figures
    )


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
