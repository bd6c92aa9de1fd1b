"""What of a node tries to reach anything but the cluster: counted, and dropped."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from e2e.lab.network import NODE_NETWORK, POD_NETWORK, SERVICE_NETWORK, NodeNetwork, namespace_file
from e2e.lab.shell import attempt, run

_TABLE = "outside"
_INSIDE = ", ".join(map(str, (NODE_NETWORK, POD_NETWORK, SERVICE_NETWORK, "127.0.0.0/8")))
# Of the node's own processes and, before routing, of its pods. Groups of receivers are no outside.
_RULES = f"""\
table ip {_TABLE} {{
  counter tried {{}}
  chain processes {{
    type filter hook output priority -300
    ip daddr != {{ {_INSIDE}, 224.0.0.0/4 }} counter name tried drop
  }}
  chain pods {{
    type filter hook prerouting priority -300
    ip daddr != {{ {_INSIDE}, 224.0.0.0/4 }} counter name tried drop
  }}
}}
"""


@contextmanager
def guarded(nodes: Sequence[NodeNetwork]) -> Iterator["Guard"]:
    """Nothing leaves the cluster, and what tries to is counted, until the end of the block."""
    try:
        for node in nodes:
            run(*_nft(node), "-f", "-", stdin=_RULES)
        yield Guard(nodes)
    finally:
        for node in nodes:
            attempt(*_nft(node), "delete", "table", "ip", _TABLE)


class Guard:
    """The counters of the guarded nodes."""

    def __init__(self, nodes: Sequence[NodeNetwork]) -> None:
        self._nodes = nodes

    def tried(self) -> Mapping[str, int]:
        """Node's port at the switch → packets for the outside since the last look."""
        return {node.port: _count(node) for node in self._nodes}


def _count(node: NodeNetwork) -> int:
    told = json.loads(run(*_nft(node), "-j", "reset", "counter", "ip", _TABLE, "tried"))
    (found,) = (each["counter"] for each in told["nftables"] if "counter" in each)
    return int(found["packets"])


def _nft(node: NodeNetwork) -> tuple[str, ...]:
    return ("nsenter", f"--net={namespace_file(node.namespace)}", "nft")
