"""
What accelerators showed of themselves while they were exercised, and must not.

An idle device is cool, and its link is trained down: heat, a link that does not train up, and
errors of memory show under load alone.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from aiconform.judge.defects import HARDWARE_THROTTLE, Defect, called
from aiconform.judge.products import GENERATIONS, generation
from aiconform.judge.words import counted, listed
from aiconform.model.verdict import Outcome
from aiconform.model.wire import Accelerator, DeviceTelemetry, Inventory, Spread, Telemetry

Weight = Literal[Outcome.FAIL, Outcome.WARN]
LASTING = "sustain"
HELD_SHARE = 0.01  # of the samples under lasting load
FEW = 2  # samples that one unlucky look does not make
COPIES = frozenset({"host.h2d", "host.d2h"})  # what a link to the host trains up for
COPY_SAMPLES = 3  # the first may have been before the copies
MANY_CORRECTED = 100


@dataclass(frozen=True)
class _Seen:
    """One device during one exercise."""

    record_id: str
    about: str
    told: DeviceTelemetry

    def reading(self, name: str) -> Spread | None:
        """None where it is not there, or contradicts itself."""
        found = self.told.readings.get(name)
        return found if found and found.min <= found.median <= found.max else None


def load_defects(
    node: str, inventory: Inventory, records: Sequence[tuple[str, Telemetry]]
) -> Iterator[Defect]:
    """
    Args:
        records: Of this node, with their journal ids.
    """
    devices: dict[str, list[_Seen]] = {}
    for record_id, record in records:
        for told in record.devices:
            devices.setdefault(told.name, []).append(_Seen(record_id, record.about, told))
    known = {called(device): device for device in inventory.accelerators}
    for name, seen in sorted(devices.items()):
        yield from _held_back(node, name, seen)
        yield from _hot(node, name, seen)
        yield from _errors(node, name, seen)
        if name in known:
            yield from _link(node, known[name], seen)


def _held_back(node: str, name: str, seen: Sequence[_Seen]) -> Iterator[Defect]:
    """By its own hardware; a power cap that software set is normal."""
    held = [(each, count) for each in seen if (count := _held_count(each.told)) >= FEW]
    lasting = [
        each
        for each in held
        if each[0].about == LASTING and each[1] > HELD_SHARE * each[0].told.samples
    ]
    if not held:
        return
    worst, count = max(lasting or held, key=lambda each: each[1] / each[0].told.samples)
    reasons = sorted(HARDWARE_THROTTLE.intersection(worst.told.held_back or ()))
    said = (
        f"{node} {name}: its hardware held its clock back in {count} of {worst.told.samples} "
        f"samples of {worst.about} ({', '.join(reasons)})"
    )
    weight: Weight = Outcome.FAIL if lasting else Outcome.WARN
    yield Defect(node, weight, "AIC-DEV-007", "Throttled", said, name, (worst.record_id,))


def _held_count(told: DeviceTelemetry) -> int:
    """Samples in which a reason of the hardware held it back, at least; 0 for what cannot be."""
    held = told.held_back or {}
    most = max((count for reason, count in held.items() if reason in HARDWARE_THROTTLE), default=0)
    return most if most <= told.samples else 0


def _hot(node: str, name: str, seen: Sequence[_Seen]) -> Iterator[Defect]:
    for each in seen:
        heat, limit = (
            each.reading("temperature_celsius"),
            each.reading("temperature_limit_celsius"),
        )
        if heat and limit and 0 < limit.max < heat.max:
            said = (
                f"{node} {name}: {heat.max:g} °C during {each.about}; its hardware slows it down "
                f"from {limit.max:g} °C"
            )
            ids = (each.record_id,)
            yield Defect(node, Outcome.FAIL, "AIC-DEV-007", "TooHot", said, name, ids)
            return


def _errors(node: str, name: str, seen: Sequence[_Seen]) -> Iterator[Defect]:
    if risen := _risen(seen, "uncorrected_errors_count", more_than=0):
        what = counted(sum(risen.values()), "uncorrected memory error")
        said = f"{node} {name}: {what} during {listed(list(risen))}"
        ids = _ids(seen, risen)
        yield Defect(node, Outcome.FAIL, "AIC-DEV-006", "MemoryErrors", said, name, ids)
    elif risen := _risen(seen, "corrected_errors_count", more_than=MANY_CORRECTED):
        what = counted(sum(risen.values()), "corrected memory error")
        said = f"{node} {name}: {what} during {listed(list(risen))}"
        ids = _ids(seen, risen)
        yield Defect(node, Outcome.WARN, "AIC-DEV-006", "CorrectedErrors", said, name, ids)


def _risen(seen: Sequence[_Seen], reading: str, *, more_than: int) -> Counter[str]:
    """Exercise → how far the count rose while it ran."""
    risen: Counter[str] = Counter()
    for each in seen:
        spread = each.reading(reading)
        if spread and spread.min >= 0 and spread.max - spread.min > more_than:
            risen[each.about] += int(spread.max - spread.min)
    return risen


def _ids(seen: Sequence[_Seen], risen: Counter[str]) -> tuple[str, ...]:
    return tuple(each.record_id for each in seen if each.about in risen)


def _link(node: str, device: Accelerator, seen: Sequence[_Seen]) -> Iterator[Defect]:
    """The link's best speed while bytes went over it, against what both sides can do."""
    possible = [
        known
        for known in map(generation, (device.max_link_speed, device.path_max_link_speed))
        if known is not None
    ]
    loaded = [e for e in seen if e.about in COPIES and e.told.samples >= COPY_SAMPLES]
    speeds = [(s.max, e) for e in loaded if (s := e.reading("link_gigatransfers_per_s"))]
    if not possible or not speeds:
        return
    speed, best = max(speeds, key=lambda each: each[0])
    now = GENERATIONS.get(speed)
    if now is not None and now < min(possible):
        name = called(device)
        said = (
            f"{node} {name}: its link runs at PCIe {now} while {best.about} copies; "
            f"both sides can do PCIe {min(possible)}"
        )
        ids = tuple(each.record_id for each in loaded)
        yield Defect(node, Outcome.FAIL, "AIC-DEV-005", "LinkSlow", said, name, ids)
