"""What this pod's accelerators say of themselves as they work: heat, power, clocks, links."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiconform.agent.inventory.collect import read_accelerators, with_facts
from aiconform.agent.inventory.read import Tree
from aiconform.agent.inventory.tools import nvml

# Fields of an Accelerator or of its details → what they are called in a record.
_READINGS = {
    "temperature_celsius": "temperature_celsius",
    "temperature_limit_celsius": "temperature_limit_celsius",
    "power_watts": "power_watts",
    "power_limit_watts": "power_limit_watts",
    "sm_clock_mhz": "clock_mhz",
    "clk_cur_freq_mhz": "clock_mhz",
    "memory_clock_mhz": "memory_clock_mhz",
    "link_width": "link_lanes",
    "uncorrected_errors_count": "uncorrected_errors_count",
    "corrected_errors_count": "corrected_errors_count",
}
LINK_SPEED = "link_gigatransfers_per_s"


@dataclass(frozen=True)
class Live:
    """One device at one moment; what it does not say is left out."""

    readings: Mapping[str, float] = field(default_factory=dict)
    held_back_by: "tuple[str, ...] | None" = None  # reasons; None: it does not say


def make_reader(tree: Tree) -> "Callable[[], dict[str, Live]]":
    """Reads all devices that this pod was given, by bus address or device node."""
    library = nvml.load() if tree.is_machine else None

    def read() -> "dict[str, Live]":
        given = [each for each in read_accelerators(tree)["accelerators"] if each["device_node"]]
        if library is not None:
            addresses = [
                str(each["pci_address"])
                for each in given
                if each["vendor"] == "nvidia" and each.get("pci_address")
            ]
            given = with_facts(given, nvml.read_devices(library, addresses))
        return {str(each.get("pci_address") or each["device_node"]): live(each) for each in given}

    return read


def live(accelerator: "Mapping[str, Any]") -> Live:
    """From the fields of a wire Accelerator."""
    told = {**accelerator, **accelerator.get("details", {})}
    readings = {
        name: float(told[key])
        for key, name in _READINGS.items()
        if isinstance(told.get(key), (int, float))
    }
    speed = re.match(r"(\d{1,3}(?:\.\d)?) GT/s", str(told.get("link_speed") or ""))
    if speed:
        readings[LINK_SPEED] = float(speed[1])
    throttle = told.get("throttle")
    reasons = None if throttle is None else tuple(r for r in str(throttle).split(",") if r)
    return Live(readings=readings, held_back_by=reasons)
