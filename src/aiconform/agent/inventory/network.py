"""Network interfaces of the pod's namespace."""

import re
from typing import Any

from aiconform.agent.inventory.read import Tree, Unknown, known_number, known_text

_NET = "/sys/class/net"


def read_interfaces(tree: Tree) -> "list[dict[str, Any]]":
    """All but the loopback, which has nothing to say."""
    return [_interface(tree, name) for name in tree.listed(_NET, expected=True) if name != "lo"]


def _interface(tree: Tree, name: str) -> "dict[str, Any]":
    base = f"{_NET}/{name}"
    return {
        "name": name,
        "address": known_text(tree.text(f"{base}/address")),
        "mtu_bytes": known_number(tree.count(f"{base}/mtu")),
        "speed_megabit_per_s": _speed(tree, f"{base}/speed"),
        "state": known_text(tree.text(f"{base}/operstate")),
    }


def _speed(tree: Tree, path: str) -> "int | None":
    """A veth says -1, and an interface that is down answers with an error: both are no speed."""
    value = tree.text(path)
    if isinstance(value, Unknown) or not re.fullmatch(r"[0-9]{1,12}", value):
        return None
    return int(value)
