"""`neuron-ls -j`: a list of devices, and to which others each is connected."""

import json
from typing import Any

from aiconform.agent.inventory.tools.words import bus_address, known, whole


def parse(printed: str) -> "dict[str, dict[str, Any]]":
    """By device node, since that is how the driver's own files name a device."""
    try:
        said = json.loads(printed)
    except ValueError:
        return {}
    found = {}
    devices = said.get("mlas") if isinstance(said, dict) else said
    for device in devices if isinstance(devices, list) else ():
        number = whole(device.get("neuron_device")) if isinstance(device, dict) else None
        if number is not None:
            found[f"/dev/neuron{number}"] = known(_facts(device))
    return found


def _facts(device: "dict[str, Any]") -> "dict[str, Any]":
    others = device.get("connected_to")
    return {
        "pci_address": bus_address(str(device.get("bdf", ""))),
        "memory_bytes": whole(device.get("memory_size")),
        "links_up_count": len(others) if isinstance(others, list) else None,
        "details": known({"core_count": whole(device.get("nc_count"))}),
    }
