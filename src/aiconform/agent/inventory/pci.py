"""Accelerators on the host's PCI bus, whether the pod was given them or not."""

from collections.abc import Iterator
from typing import Any

from aiconform.agent.inventory.amd import amd_facts
from aiconform.agent.inventory.link import is_off_the_bus, lanes, read_path
from aiconform.agent.inventory.others import TPU_PRODUCTS, gaudi_facts, intel_facts
from aiconform.agent.inventory.read import Tree, Unknown, known_number, known_text
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
    own = _own_facts(tree, base, function, vendor)
    off_the_bus = {"state": "off the bus"} if is_off_the_bus(tree, base) else {}
    return {
        "name": function.address,
        "vendor": vendor,
        "pci_address": function.address,
        "pci_id": f"{function.vendor:04x}:{function.device:04x}",
        "numa_node": known_number(tree.number(f"{base}/numa_node")),
        "memory_bytes": known_number(tree.count(f"{base}/mem_info_vram_total")),
        "device_node": _device_node(tree, base, nvidia),
        "link_speed": known_text(tree.text(f"{base}/current_link_speed")),
        "link_width": lanes(tree, f"{base}/current_link_width"),
        "max_link_speed": known_text(tree.text(f"{base}/max_link_speed")),
        "max_link_width": lanes(tree, f"{base}/max_link_width"),
        **read_path(tree, base),
        **own,
        "product": own.get("product")
        or nvidia.get("Model")
        or known_text(tree.text(f"{base}/product_name")),
        **({"identity": nvidia["GPU UUID"]} if "GPU UUID" in nvidia else {}),
        **off_the_bus,
    }


def _own_facts(tree: Tree, base: str, function: Function, vendor: str) -> "dict[str, Any]":
    """What only this vendor's driver tells."""
    if vendor == "amd":
        return amd_facts(tree, base)
    if vendor == "habana":
        return gaudi_facts(tree, base)
    if vendor == "intel":
        return intel_facts(tree, base, function.device)
    if vendor == "google":
        return {"product": TPU_PRODUCTS.get(function.device)}
    return {}


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
