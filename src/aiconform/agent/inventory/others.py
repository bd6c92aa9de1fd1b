"""What the drivers of Gaudi, Intel GPUs and Neuron tell in sysfs, and what a TPU's id says."""

from typing import Any

from aiconform.agent.inventory.read import Tree, known, known_number, known_text

# Source: jax/_src/hardware_utils.py. Health of a TPU is not in sysfs.
TPU_PRODUCTS = {
    0x005E: "TPU v4",
    0x0062: "TPU v5",
    0x0063: "TPU v5 lite",
    0x006F: "TPU v6 lite",
    0x0076: "TPU7x",
}
# Source: Linux drivers/gpu/drm/xe; the names that Intel's runtime prints.
INTEL_PRODUCTS = {
    0x0BD4: "Intel(R) Data Center GPU Max 1550",
    0x0BD5: "Intel(R) Data Center GPU Max 1550",
    0x0BD6: "Intel(R) Data Center GPU Max 1550",
}
_NEURON = "/sys/devices/virtual/neuron_device"
_GAUDI_NUMBERS = (
    "clk_cur_freq_mhz", "clk_max_freq_mhz", "max_power", "soft_reset_cnt", "hard_reset_cnt",
    "module_id",
)  # fmt: skip
_THROTTLE_REASONS = ("thermal", "pl1", "pl2", "pl4", "prochot", "ratl", "vr_tdc", "vr_thermalert")
_IN_HARDWARE = {"thermal": "hw_thermal", "prochot": "hw_slowdown", "vr_thermalert": "hw_thermal"}


def gaudi_facts(tree: Tree, base: str) -> "dict[str, Any]":
    """The function's own `accel` class device; older drivers call it `habanalabs`."""
    for kind in ("accel", "habanalabs"):
        for name in tree.listed(f"{base}/{kind}"):
            place = f"{base}/{kind}/{name}/device"
            if not tree.exists(f"{place}/status"):
                place = f"{base}/{kind}/{name}"
            return _gaudi(tree, place)
    return {}


def _gaudi(tree: Tree, place: str) -> "dict[str, Any]":
    numbers = {name: known(tree.number(f"{place}/{name}")) for name in _GAUDI_NUMBERS}
    numbers["cpucp"] = known(tree.text(f"{place}/cpucp_ver"))
    return {
        "product": _gaudi_product(known_text(tree.text(f"{place}/device_type"))),
        "state": (known_text(tree.text(f"{place}/status")) or "").lower() or None,
        "details": {name: value for name, value in numbers.items() if value is not None},
    }


def _gaudi_product(kind: "str | None") -> "str | None":
    """`GAUDI3` as the driver has it is sold as Gaudi3."""
    return kind.capitalize() if kind else None


def intel_facts(tree: Tree, base: str, device: int) -> "dict[str, Any]":
    tiles = [name for name in tree.listed(base) if name.startswith("tile")]
    reasons: "list[str]" = []
    for tile in tiles:
        for gt in (n for n in tree.listed(f"{base}/{tile}") if n.startswith("gt")):
            place = f"{base}/{tile}/{gt}/freq0/throttle"
            reasons += [
                _IN_HARDWARE.get(reason, f"sw_{reason}")
                for reason in _THROTTLE_REASONS
                if known_number(tree.number(f"{place}/reason_{reason}")) == 1
            ]
    return {
        "product": INTEL_PRODUCTS.get(device),
        "throttle": ",".join(dict.fromkeys(reasons)) if tiles else None,
        "details": {"tile_count": len(tiles)} if tiles else {},
    }


def neuron_devices(tree: Tree) -> "list[dict[str, Any]]":
    """
    One Accelerator for each device that the Neuron driver shows, by its device node.

    The driver does not say which bus address is which number; `neuron-ls` does.
    """
    names = [name for name in tree.listed(_NEURON) if name.startswith("neuron")]
    return [_neuron(tree, name) for name in names]


def _neuron(tree: Tree, name: str) -> "dict[str, Any]":
    place = f"{_NEURON}/{name}"
    hardware = f"{place}/stats/hardware"
    node = f"/dev/{name}"
    uncorrected = [
        known_number(tree.count(f"{hardware}/{kind}/total"))
        for kind in ("mem_ecc_uncorrected", "sram_ecc_uncorrected")
    ]
    counted = [count for count in uncorrected if count is not None]
    repairable = known_number(tree.number(f"{hardware}/mem_ecc_repairable_uncorrected/total"))
    return {
        "name": node,
        "vendor": "aws",
        "product": known_text(tree.text(f"{place}/info/architecture/instance_type")),
        "device_node": node if tree.exists(node) else None,
        "identity": known_text(tree.text(f"{place}/info/serial_number")),
        "uncorrected_errors_count": sum(counted) if counted else None,
        "repair_pending": repairable > 0 if repairable is not None else None,
        "details": {
            "core_count": sum(n.startswith("neuron_core") for n in tree.listed(place)),
            "hardware_errors_count": _core_errors(tree, place),
        },
    }


def _core_errors(tree: Tree, place: str) -> int:
    return sum(
        known_number(tree.number(f"{place}/{core}/stats/status/hw_error/total")) or 0
        for core in tree.listed(place)
        if core.startswith("neuron_core")
    )
