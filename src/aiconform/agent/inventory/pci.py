"""Accelerators on the host's PCI bus, whether the pod was given them or not."""

from collections.abc import Iterator
from typing import Any

from aiconform.agent.inventory.read import (
    Tree,
    Unknown,
    known_number,
    known_text,
)
from aiconform.agent.inventory.vendors import Function, accelerator_vendor

DEVICES = "/sys/bus/pci/devices"
_NVIDIA_PROC = "/proc/driver/nvidia/gpus"


def read_pci_accelerators(tree: Tree) -> "tuple[dict[str, Any], ...] | Unknown":
    """One wire Accelerator per function; Unknown when the bus itself cannot be listed."""
    addresses = tree.names(DEVICES, expected=True)
    if isinstance(addresses, Unknown):
        return addresses
    return tuple(
        _accelerator(tree, function, vendor)
        for function in _functions(tree, addresses)
        if (vendor := accelerator_vendor(function)) is not None
    )


def _functions(tree: Tree, addresses: "tuple[str, ...]") -> "Iterator[Function]":
    for address in addresses:
        vendor = tree.number(f"{DEVICES}/{address}/vendor", base=16)
        device = tree.number(f"{DEVICES}/{address}/device", base=16)
        kind = tree.number(f"{DEVICES}/{address}/class", base=16)
        if isinstance(vendor, int) and isinstance(device, int) and isinstance(kind, int):
            yield Function(address=address, vendor=vendor, device=device, pci_class=kind >> 8)


def _accelerator(tree: Tree, function: Function, vendor: str) -> "dict[str, Any]":
    base = f"{DEVICES}/{function.address}"
    nvidia = _nvidia_facts(tree, function.address) if vendor == "nvidia" else {}
    return {
        "name": function.address,
        "vendor": vendor,
        "product": nvidia.get("Model") or known_text(tree.text(f"{base}/product_name")),
        "pci_address": function.address,
        "pci_id": f"{function.vendor:04x}:{function.device:04x}",
        "numa_node": known_number(tree.number(f"{base}/numa_node")),
        "memory_bytes": known_number(tree.number(f"{base}/mem_info_vram_total")),
        "device_node": _device_node(tree, base, nvidia),
        "link_speed": known_text(tree.text(f"{base}/current_link_speed")),
        "link_width": _width(tree, f"{base}/current_link_width"),
        "max_link_speed": known_text(tree.text(f"{base}/max_link_speed")),
        "max_link_width": _width(tree, f"{base}/max_link_width"),
    }


def _width(tree: Tree, path: str) -> "int | None":
    """Lanes; the kernel prints 0 or 255 for a link that it cannot see, as in most VMs."""
    lanes = known_number(tree.number(path))
    return lanes if lanes is not None and 0 < lanes <= 32 else None


def _nvidia_facts(tree: Tree, address: str) -> "dict[str, str]":
    """Key to value of the driver's own page; empty where a sandbox hides it."""
    page = tree.text(f"{_NVIDIA_PROC}/{address}/information")
    if isinstance(page, Unknown):
        return {}
    pairs = (line.partition(":") for line in page.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _device_node(tree: Tree, base: str, nvidia: "dict[str, str]") -> "str | None":
    """The device node that belongs to this function, if this pod has it."""
    candidates = [f"/dev/nvidia{nvidia['Device Minor']}"] if "Device Minor" in nvidia else []
    candidates += [f"/dev/dri/{n}" for n in tree.listed(f"{base}/drm") if n.startswith("renderD")]
    candidates += [f"/dev/accel/{n}" for n in tree.listed(f"{base}/accel")]
    return next((node for node in candidates if tree.exists(node)), None)
