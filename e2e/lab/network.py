"""
The lab's network: a switch in a namespace of its own, to which control plane, nodes and host plug.

The bridge is not in the host's namespace, so that the host's firewall (Docker's, for one, which
drops what it does not know) has no say over traffic between nodes. The host has one interface.
The default route of every node ends at the switch, which forwards nothing: no run on this lab
reaches the outside.
"""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from e2e.lab.errors import MachineError
from e2e.lab.paths import PREFIX
from e2e.lab.shell import attempt, run

NODE_NETWORK = ipaddress.IPv4Network("10.213.0.0/24")
POD_NETWORK = ipaddress.IPv4Network("10.214.0.0/16")
SERVICE_NETWORK = ipaddress.IPv4Network("10.215.0.0/16")

HOST_ADDRESS = str(NODE_NETWORK[1])
CONTROL_ADDRESS = str(NODE_NETWORK[2])
SWITCH_ADDRESS = str(NODE_NETWORK[254])
API_SERVICE_ADDRESS = str(SERVICE_NETWORK[1])
DNS_ADDRESS = str(SERVICE_NETWORK[10])

MOST_NODES = 200
SWITCH = f"{PREFIX}switch"
CONTROL = f"{PREFIX}control"
HOST_LINK = f"{PREFIX}host"

# Which end of a frame's way through the switch is the node's, by what the node does.
_AT_SWITCH = {"egress": "iifname", "ingress": "oifname"}
_NFT = ("nsenter", f"--net=/run/netns/{SWITCH}", "nft")


@dataclass(frozen=True)
class NodeNetwork:
    """Addresses and names of the node with this number; numbers begin with 1."""

    number: int

    @property
    def address(self) -> str:
        return str(NODE_NETWORK[10 + self.number])

    @property
    def pods(self) -> str:
        return f"{POD_NETWORK[self.number * 256]}/24"

    @property
    def namespace(self) -> str:
        return f"{PREFIX}node{self.number}"

    @property
    def port(self) -> str:
        """The switch's end of the node's cable."""
        return f"node{self.number}"


def namespace_file(namespace: str) -> Path:
    return Path("/run/netns") / namespace


def check_ranges_are_free() -> None:
    """
    Refuse to shadow a network that the host already reaches.

    Raises:
        MachineError: Names the route in the way.
    """
    for line in run("ip", "-4", "-o", "route", "show").splitlines():
        words = line.split()
        if words[0] == "default" or HOST_LINK in words:
            continue
        try:
            there = ipaddress.IPv4Network(words[0])
        except ValueError:
            continue
        for ours in (NODE_NETWORK, POD_NETWORK):
            if there.overlaps(ours):
                raise MachineError(f"the lab uses {ours}, and this host has the route `{line}`")


def make_switch() -> None:
    """Switch, control plane's namespace and the host's own plug."""
    run("ip", "netns", "add", SWITCH)
    _batch(
        SWITCH, "link set lo up", "link add br0 type bridge", "link set br0 up",
        f"address add {SWITCH_ADDRESS}/24 dev br0",
    )  # fmt: skip
    _plug(CONTROL, port="control", address=CONTROL_ADDRESS)
    run("ip", "link", "add", HOST_LINK, "type", "veth", "peer", "name", "host", "netns", SWITCH)
    _batch(SWITCH, "link set host master br0", "link set host up")
    run("ip", "address", "add", f"{HOST_ADDRESS}/24", "dev", HOST_LINK)
    run("ip", "link", "set", HOST_LINK, "up")


def plug_node(node: NodeNetwork) -> None:
    """Namespace and cable of a node, which forwards its pods' traffic."""
    _plug(node.namespace, port=node.port, address=node.address)
    write = "echo 1 > /proc/sys/net/ipv4/ip_forward"
    run("nsenter", f"--net={namespace_file(node.namespace)}", "sh", "-c", write)


def route_pods(nodes: list[NodeNetwork]) -> None:
    """Everybody learns the way to every node's pods; repeating it is harmless."""
    ways = {node.number: f"route replace {node.pods} via {node.address}" for node in nodes}
    _batch(None, *ways.values())
    _batch(CONTROL, *ways.values())
    for node in nodes:
        _batch(node.namespace, *(way for number, way in ways.items() if number != node.number))


def remove() -> None:
    """Remove whatever of the above there is."""
    attempt("ip", "link", "delete", HOST_LINK)
    folder = namespace_file("")
    for found in sorted(folder.glob(f"{PREFIX}*")) if folder.exists() else []:
        if not attempt("ip", "netns", "delete", found.name):
            found.unlink(missing_ok=True)  # a leftover of an interrupted `ip netns add`


def slow(node: NodeNetwork, *, rate_mbit: int, direction: str) -> None:
    """Limit what the node sends ("egress") or what reaches it ("ingress")."""
    where = {
        "egress": ("-n", node.namespace, "qdisc", "replace", "dev", "eth0"),
        "ingress": ("-n", SWITCH, "qdisc", "replace", "dev", node.port),
    }
    if direction not in where:
        raise ValueError(f"direction is egress or ingress, not {direction!r}")
    limit = ("root", "tbf", "rate", f"{rate_mbit}mbit", "burst", "256k", "latency", "50ms")
    run("tc", *where[direction], *limit)


def lose(node: NodeNetwork, *, percent: float, direction: str) -> None:
    """
    Drop a share of what the node sends ("egress") or of what reaches it ("ingress").

    At the switch, as a bad cable would: the node itself sees nothing of it. By nftables, because
    not every kernel has netem.
    """
    if direction not in _AT_SWITCH:
        raise ValueError(f"direction is egress or ingress, not {direction!r}")
    share = f"numgen random mod 1000000 < {round(percent * 1e4)}"
    rule = f'{_AT_SWITCH[direction]} "{node.port}" {share} drop'
    chain = f"chain lossy {{\ntype filter hook forward priority 0\n{rule}\n}}"
    run(*_NFT, "-f", "-", stdin=f"table bridge {_lossy(node)} {{\n{chain}\n}}\n")


def cut(node: NodeNetwork) -> None:
    """Pull the node's cable."""
    _batch(SWITCH, f"link set {node.port} down")


def mend(node: NodeNetwork) -> None:
    """Undo `slow`, `lose` and `cut`."""
    attempt(*_NFT, "delete", "table", "bridge", _lossy(node))
    attempt("tc", "-n", node.namespace, "qdisc", "delete", "dev", "eth0", "root")
    attempt("tc", "-n", SWITCH, "qdisc", "delete", "dev", node.port, "root")
    _batch(SWITCH, f"link set {node.port} up")


def _lossy(node: NodeNetwork) -> str:
    """The table that has the rule of `lose`."""
    return f"lossy_{node.port}"


def _plug(namespace: str, *, port: str, address: str) -> None:
    run("ip", "netns", "add", namespace)
    _batch(SWITCH, f"link add {port} type veth peer name eth0 netns {namespace}")
    _batch(SWITCH, f"link set {port} master br0", f"link set {port} up")
    _batch(
        namespace, "link set lo up", "link set eth0 up", f"address add {address}/24 dev eth0",
        f"route add default via {SWITCH_ADDRESS}",
    )  # fmt: skip


def _batch(namespace: str | None, *commands: str) -> None:
    where = ("-n", namespace) if namespace else ()
    run("ip", *where, "-batch", "-", stdin="\n".join(commands) + "\n")
