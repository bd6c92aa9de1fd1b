"""`xpu-smi discovery -j`: the Intel GPUs with their names."""

import json
from typing import Any

from aiconform.agent.inventory.tools.words import bus_address, known


def parse(printed: str) -> "dict[str, dict[str, Any]]":
    try:
        said = json.loads(printed)
    except ValueError:
        return {}
    devices = said.get("device_list") if isinstance(said, dict) else None
    found = {}
    for device in devices if isinstance(devices, list) else ():
        if not isinstance(device, dict):
            continue
        address = bus_address(str(device.get("pci_bdf_address", "")))
        if address is not None:
            name, identity = device.get("device_name"), device.get("uuid")
            found[address] = known(
                {
                    "product": name if isinstance(name, str) else None,
                    "identity": identity if isinstance(identity, str) else None,
                }
            )
    return found
