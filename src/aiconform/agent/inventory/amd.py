"""What amdgpu and kfd tell of an AMD accelerator, without a tool."""

import re
from typing import Any

from aiconform.agent.inventory.read import Tree, Unknown, known, known_number, known_text

_RAS_BLOCKS = ("umc", "sdma", "gfx", "xgmi_wafl", "mmhub")
_KFD = "/sys/class/kfd/kfd/topology/nodes"
XGMI = 11  # type of a link in kfd's topology; 2 is PCIe


def amd_facts(tree: Tree, base: str) -> "dict[str, Any]":
    """Fields of a wire Accelerator."""
    uncorrected, corrected = _errors(tree, f"{base}/ras")
    links = _xgmi_links(tree, base.rpartition("/")[2])
    return {
        "identity": known_text(tree.text(f"{base}/unique_id")),
        "partition": _partition(tree, base),
        "uncorrected_errors_count": uncorrected,
        "corrected_errors_count": corrected,
        "links_up_count": links,
        "details": _details(tree, base),
    }


def _partition(tree: Tree, base: str) -> "str | None":
    """CPX, DPX and so on; SPX is the whole device."""
    mode = known_text(tree.text(f"{base}/current_compute_partition"))
    return mode if mode and mode != "SPX" else None


def _errors(tree: Tree, base: str) -> "tuple[int | None, int | None]":
    """(uncorrected, corrected) over all blocks, from lines `ue: 0` and `ce: 3`."""
    counts: "dict[str, int | None]" = {"ue": None, "ce": None}
    for block in _RAS_BLOCKS:
        page = tree.text(f"{base}/{block}_err_count")
        for kind, count in re.findall(r"\b(ue|ce):\s*(\d{1,15})\b", known_text(page) or ""):
            counts[kind] = (counts[kind] or 0) + int(count)
    return counts["ue"], counts["ce"]


def _xgmi_links(tree: Tree, address: str) -> "int | None":
    """How many xGMI links kfd shows from the node with this bus address."""
    for node in tree.listed(_KFD):
        properties = _properties(tree, f"{_KFD}/{node}/properties")
        if properties.get("location_id") != _location(address) or not properties.get("simd_count"):
            continue
        kinds = [
            _properties(tree, f"{_KFD}/{node}/io_links/{link}/properties").get("type")
            for link in tree.listed(f"{_KFD}/{node}/io_links")
        ]
        return kinds.count(XGMI)
    return None


def _location(address: str) -> "int | None":
    """Bus, device and function as kfd packs them into one number."""
    found = re.fullmatch(r"[0-9a-f]{4}:([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])", address)
    if found is None:
        return None
    bus, device, function = (int(part, 16) for part in found.groups())
    return bus << 8 | device << 3 | function


def _properties(tree: Tree, path: str) -> "dict[str, int]":
    page = tree.text(path)
    if isinstance(page, Unknown):
        return {}
    return {key: int(value) for key, value in re.findall(r"(?m)^(\w+) (\d{1,18})$", page)}


def _details(tree: Tree, base: str) -> "dict[str, Any]":
    found: "dict[str, Any]" = {
        "vbios": known(tree.text(f"{base}/vbios_version")),
        "memory_partition": known(tree.text(f"{base}/current_memory_partition")),
        "busy_percent": known(tree.number(f"{base}/gpu_busy_percent")),
        "memory_used_bytes": known(tree.number(f"{base}/mem_info_vram_used")),
    }
    for sensor in tree.listed(f"{base}/hwmon"):
        place = f"{base}/hwmon/{sensor}"
        found["power_watts"] = _scaled(tree, f"{place}/power1_average", 1e6)
        found["power_limit_watts"] = _scaled(tree, f"{place}/power1_cap", 1e6)
        found["temperature_celsius"] = _scaled(tree, f"{place}/temp1_input", 1e3)
        found["temperature_limit_celsius"] = _scaled(tree, f"{place}/temp1_crit", 1e3)
        found["sm_clock_mhz"] = _scaled(tree, f"{place}/freq1_input", 1e6)
    return {name: value for name, value in found.items() if value is not None}


def _scaled(tree: Tree, path: str, unit: float) -> "float | None":
    value = known_number(tree.number(path))
    return value / unit if value is not None else None
