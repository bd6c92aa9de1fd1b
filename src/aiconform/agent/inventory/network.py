"""Network interfaces of the pod's namespace, and the RDMA ports that it can see."""

from typing import Any

from aiconform.agent.inventory.read import Tree, Unknown, known_number, known_text

_NET = "/sys/class/net"
_INFINIBAND = "/sys/class/infiniband"


def read_interfaces(tree: Tree) -> "list[dict[str, Any]]":
    """All but the loopback, which has nothing to say."""
    return [_interface(tree, name) for name in tree.listed(_NET, expected=True) if name != "lo"]


def read_rdma_ports(tree: Tree) -> "list[dict[str, Any]]":
    """Every port of every RDMA device, named as `mlx5_0/1`."""
    return [
        _port(tree, device, port)
        for device in tree.listed(_INFINIBAND)
        for port in tree.listed(f"{_INFINIBAND}/{device}/ports")
    ]


def _interface(tree: Tree, name: str) -> "dict[str, Any]":
    base = f"{_NET}/{name}"
    return {
        "name": name,
        "address": known_text(tree.text(f"{base}/address")),
        "mtu_bytes": known_number(tree.number(f"{base}/mtu")),
        "speed_megabit_per_s": _speed(tree, f"{base}/speed"),
        "state": known_text(tree.text(f"{base}/operstate")),
    }


def _speed(tree: Tree, path: str) -> "int | None":
    """A veth says -1, and an interface that is down answers with an error: both are no speed."""
    value = tree.text(path)
    if isinstance(value, Unknown) or not value.isdecimal():
        return None
    return int(value)


def _port(tree: Tree, device: str, port: str) -> "dict[str, Any]":
    base = f"{_INFINIBAND}/{device}/ports/{port}"
    return {
        "name": f"{device}/{port}",
        "state": _after_colon(known_text(tree.text(f"{base}/state"))),
        "rate": known_text(tree.text(f"{base}/rate")),
        "link_layer": known_text(tree.text(f"{base}/link_layer")),
        "numa_node": known_number(tree.number(f"{_INFINIBAND}/{device}/device/numa_node")),
    }


def _after_colon(value: "str | None") -> "str | None":
    """`4: ACTIVE` says ACTIVE."""
    return value.rpartition(":")[2].strip() if value else None
