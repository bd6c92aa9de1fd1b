"""Which PCI functions are accelerators: vendor and class together, never the class alone."""

from dataclasses import dataclass

# PCI base class and subclass, as sysfs prints them without the programming interface.
VGA, CONTROLLER_3D, OTHER_DISPLAY, ACCELERATOR = 0x0300, 0x0302, 0x0380, 0x1200
_DISPLAY = frozenset({VGA, CONTROLLER_3D, OTHER_DISPLAY})

# Google's vendor id is also on network and disk functions, Amazon's too: only these are
# accelerators. Sources: jax/_src/hardware_utils.py (TPU v3 to v7), aws-neuron-driver (Inferentia
# 1, 2 and Trainium 1, 2, 3).
TPU_DEVICES = frozenset({0x0027, 0x0056, 0x005E, 0x0062, 0x0063, 0x006F, 0x0076})
NEURON_DEVICES = frozenset({0x7064, 0x7164, 0x7264, 0x7364, 0x7564})


@dataclass(frozen=True)
class Function:
    """One PCI function, as far as its kind goes."""

    address: str  # 0000:1b:00.0
    vendor: int
    device: int
    pci_class: int  # base class and subclass, 16 bits


def accelerator_vendor(function: Function) -> "str | None":
    """The vendor's name when this function is an accelerator, else None."""
    vendor, kind = function.vendor, function.pci_class
    if vendor == 0x10DE and kind in _DISPLAY:
        return "nvidia"
    if vendor == 0x1002 and kind in _DISPLAY | {ACCELERATOR}:
        return "amd"
    if vendor == 0x1DA3 and kind == ACCELERATOR:
        return "habana"
    if vendor == 0x8086 and _is_intel_gpu(function):
        return "intel"
    if vendor == 0x1AE0 and function.device in TPU_DEVICES:
        return "google"
    if vendor == 0x1D0F and function.device in NEURON_DEVICES:
        return "aws"
    return None


def _is_intel_gpu(function: Function) -> bool:
    """A display function off bus 0: on bus 0 sits the graphics unit of a desktop processor."""
    on_bus_zero = function.address.split(":")[-2:-1] == ["00"]
    return function.pci_class in _DISPLAY and not on_bus_zero
