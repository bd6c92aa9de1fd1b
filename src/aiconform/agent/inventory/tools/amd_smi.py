"""`amd-smi static --json` and `amd-smi metric --json`: a list with one object a device."""

import json
from typing import Any

from aiconform.agent.inventory.tools.words import bus_address, known, whole

_THROTTLED = frozenset({"THROTTLED", "TRUE", "YES"})


def parse(static: str, metric: str = "") -> "dict[str, dict[str, Any]]":
    """The address is in `static` alone; `metric` counts devices in the same way."""
    figures = {device.get("gpu"): device for device in _devices(metric)}
    found = {}
    for device in _devices(static):
        address = bus_address(str(_at(device, "bus", "bdf")))
        if address is not None:
            found[address] = known(_facts({**figures.get(device.get("gpu"), {}), **device}))
    return found


def _devices(printed: str) -> "list[dict[str, Any]]":
    try:
        said = json.loads(printed)
    except ValueError:
        return []
    devices = said.get("gpu_data") if isinstance(said, dict) else said
    found = devices if isinstance(devices, list) else []
    return [d for d in found if isinstance(d, dict) and isinstance(d.get("gpu"), (int, str))]


def _facts(device: Any) -> "dict[str, Any]":
    partition = _at(device, "partition", "compute_partition")
    if partition is None:
        partition = _at(device, "partition", "accelerator_partition")
    throttled = str(_at(device, "throttle", "status") or "").upper()
    vram = whole(_value(_at(device, "vram", "size")))
    return {
        "product": _at(device, "asic", "market_name"),
        "identity": _at(device, "asic", "asic_serial"),
        "memory_bytes": vram * 1024 * 1024 if vram else None,
        "partition": partition if partition not in {"SPX", "N/A", None} else None,
        "uncorrected_errors_count": whole(_at(device, "ecc", "total_uncorrectable_count")),
        "corrected_errors_count": whole(_at(device, "ecc", "total_correctable_count")),
        "throttle": "sw_throttled" if throttled in _THROTTLED else None,
        "details": known({"vbios": _at(device, "vbios", "version")}),
    }


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, (str, int, float, dict)) else None


def _value(value: Any) -> Any:
    """Newer versions say {"value": 196592, "unit": "MB"}."""
    return value.get("value") if isinstance(value, dict) else value
