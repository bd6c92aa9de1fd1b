"""
The link between an accelerator and its host: as wide as its narrowest part, bridges included.

An idle device may have slowed its link down, so speeds now say little; lanes now do.
"""

import re
from typing import Any

from aiconform.agent.inventory.read import Tree, known_number, known_text

_ADDRESS = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
MOST_LANES = 32
# Six bits of ones: what a device that no longer answers on the bus seems to have.
ALL_ONES = 63


def read_path(tree: Tree, base: str) -> "dict[str, Any]":
    """Narrowest and slowest part of the way from the root port, and the root's name."""
    parts = _path(tree, base)
    functions = [part for part in parts if _ADDRESS.fullmatch(part)]
    prefix = tree.real(base)
    places = [prefix[: prefix.index(function) + len(function)] for function in functions]
    now = [lanes(tree, f"{place}/current_link_width") for place in places]
    most = [lanes(tree, f"{place}/max_link_width") for place in places]
    speeds = [known_text(tree.text(f"{place}/max_link_speed")) for place in places]
    return {
        "path_link_width": min((n for n in now if n), default=None),
        "path_max_link_width": min((n for n in most if n), default=None),
        "path_max_link_speed": min(
            (s for s in speeds if s and gigatransfers(s)), key=gigatransfers, default=None
        ),
        "pci_root": next((p for p in parts if re.fullmatch(r"pci[0-9a-f:]+", p)), None),
    }


def lanes(tree: Tree, path: str) -> "int | None":
    """The kernel prints 0 or 255 for a link that it cannot see, as in most virtual machines."""
    count = known_number(tree.number(path))
    return count if count is not None and 0 < count <= MOST_LANES else None


def is_off_the_bus(tree: Tree, base: str) -> bool:
    """Every register of a device that fell off the bus reads as ones."""
    return known_number(tree.number(f"{base}/current_link_width")) == ALL_ONES


def gigatransfers(speed: str) -> float:
    """32.0 of `32.0 GT/s PCIe`; 0 for `Unknown`."""
    found = re.match(r"(\d{1,3}(?:\.\d+)?) GT/s", speed)
    return float(found.group(1)) if found else 0.0


def _path(tree: Tree, base: str) -> "list[str]":
    return tree.real(base).split("/")
