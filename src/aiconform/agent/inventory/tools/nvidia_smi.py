"""`nvidia-smi -q -x`: one <gpu> element a device."""

import xml.etree.ElementTree as ET
from typing import Any

from aiconform.agent.inventory.tools.words import bus_address, known, whole, yes

MIB = 1024 * 1024
# Names of the element's children → how the wire calls them.
_REASONS = {
    "sw_power_cap": "sw_power_cap",
    "hw_slowdown": "hw_slowdown",
    "hw_thermal_slowdown": "hw_thermal",
    "hw_power_brake_slowdown": "hw_power_brake",
    "sw_thermal_slowdown": "sw_thermal",
}


def parse(printed: str) -> "dict[str, dict[str, Any]]":
    """Empty when it is no such document."""
    try:
        root = ET.fromstring(printed)
    except ET.ParseError:
        return {}
    found = {}
    for gpu in root.iter("gpu"):
        address = bus_address(gpu.get("id", ""))
        if address is not None:
            found[address] = known(_facts(gpu))
    return found


def _facts(gpu: ET.Element) -> "dict[str, Any]":
    memory = whole(gpu.findtext("fb_memory_usage/total", ""))
    return {
        "product": gpu.findtext("product_name"),
        "identity": gpu.findtext("uuid"),
        "memory_bytes": memory * MIB if memory else None,
        "partition": "MIG" if gpu.findtext("mig_mode/current_mig") == "Enabled" else None,
        "uncorrected_errors_count": _sum(gpu, "ecc_errors/volatile", "uncorrectable"),
        "corrected_errors_count": _sum(gpu, "ecc_errors/volatile", "correctable"),
        "repair_pending": yes(gpu.findtext("remapped_rows/remapped_row_pending", "")),
        "repair_failed": yes(gpu.findtext("remapped_rows/remapped_row_failure", "")),
        "throttle": _throttle(gpu),
        "details": known(
            {
                "power_watts": whole(gpu.findtext("gpu_power_readings/instant_power_draw", "")),
                "temperature_celsius": whole(gpu.findtext("temperature/gpu_temp", "")),
                "sm_clock_mhz": whole(gpu.findtext("clocks/sm_clock", "")),
                "vbios": gpu.findtext("vbios_version"),
                "fabric_state": gpu.findtext("fabric/state"),
            }
        ),
    }


def _sum(gpu: ET.Element, under: str, kind: str) -> "int | None":
    """Of `dram_uncorrectable`, `sram_uncorrectable_parity`: the word begins after the memory."""
    place = gpu.find(under)
    counts = [
        whole(each.text or "")
        for each in (place if place is not None else ())
        if each.tag.split("_", 1)[-1].startswith(kind)
    ]
    numbers = [count for count in counts if count is not None]
    return sum(numbers) if numbers else None


def _throttle(gpu: ET.Element) -> "str | None":
    for name in ("clocks_event_reasons", "clocks_throttle_reasons"):
        place = gpu.find(name)
        if place is not None:
            active = [
                word
                for key, word in _REASONS.items()
                for each in place
                if each.tag.endswith(f"reason_{key}") and (each.text or "").strip() == "Active"
            ]
            return ",".join(active)
    return None
