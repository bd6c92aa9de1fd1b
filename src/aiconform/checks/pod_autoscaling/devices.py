"""Which accelerators the replicas ask for, and which one each was given (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from aiconform.checks.framework import Inventory, workload

Json = dict[str, Any]

REQUEST = "device"
TOUCH = "touch"
# The device cgroup let the opening through; whether the driver had something to say is its own.
_REACHED = frozenset({"ENXIO", "ENODEV", "EBUSY"})


@dataclass(frozen=True)
class Slot:
    """
    What each replica asks for: an extended resource, or a device of a DeviceClass.

    Attributes:
        free: How many were free before the check.
        there: Accelerators in the whole cluster, free or not.
    """

    resource: str = ""
    device_class: str = ""
    free: int = 0
    there: int = 0

    def told(self) -> Json:
        """As facts of a step."""
        return asdict(self)


def choose_slot(inventory: Inventory, *, named: str = "") -> Slot:
    """
    The kind of accelerator with most free ones; of DRA only whole devices with a class.

    Args:
        named: A DeviceClass whose devices the site counts as accelerators, whoever made them.
    """
    accelerators = [
        d for d in inventory.devices if d.accelerator or named == inventory.class_for(d.driver)
    ]
    there = sum(o.total for o in inventory.plugin) + len(accelerators)
    counts: dict[str, int] = {}
    for offer in inventory.free_offers():
        counts[offer.resource] = counts.get(offer.resource, 0) + (offer.free or 0)
    slots = [Slot(resource=name, free=count, there=there) for name, count in counts.items()]
    classes: dict[str, int] = {}
    for device in inventory.free_devices():
        of = inventory.class_for(device.driver)
        if of and device in accelerators and not device.shared:
            classes[of] = classes.get(of, 0) + 1
    slots += [Slot(device_class=name, free=count, there=there) for name, count in classes.items()]
    return max(slots, key=lambda slot: slot.free, default=Slot(there=there))


def touching(slot: Slot, *, nonce: str) -> Json:
    """An init container that opens what it was given once, and says what that was."""
    flags = ("--nonce", nonce, "--open", "/dev/*")
    return workload("devices", *flags, name=TOUCH, **slot_of(slot))


def slot_of(slot: Slot) -> Json:
    """Arguments of `workload` that ask for the device."""
    return {"devices": {slot.resource: 1}} if slot.resource else {"claims": (REQUEST,)}


def claim_template(name: str, slot: Slot) -> Json:
    exactly = {"deviceClassName": slot.device_class, "allocationMode": "ExactCount", "count": 1}
    requests = [{"name": REQUEST, "exactly": exactly}]
    return {"metadata": {"name": name}, "spec": {"spec": {"devices": {"requests": requests}}}}


def opened(lines: Sequence[Mapping[str, Any]], *, nonce: str) -> list[str] | None:
    """
    "major:minor" of the device files beyond the usual ones that opened; None: nothing was said.
    """
    said = next(
        (x for x in lines if x.get("event") == "devices.seen" and x.get("nonce") == nonce), None
    )
    if said is None:
        return None
    return sorted(set(_reached(said.get("devices") or ())))


def _reached(devices: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for each in devices:
        opening = each.get("opening") or {}
        if not each.get("standard") and (opening.get("opened") or opening.get("error") in _REACHED):
            yield f"{each['major']}:{each['minor']}"
