"""
The inventory as an exercise: section by section, so that a hung read costs only what follows it.

Runs in a child process. Each path is told before it is read: the last one told is where it hung.
"""

import os
from pathlib import Path
from typing import Any

from aiconform.agent.inventory.cgroup import read_limits
from aiconform.agent.inventory.given import Given, read_given, visibility
from aiconform.agent.inventory.host import read_host, read_knobs
from aiconform.agent.inventory.network import read_interfaces, read_rdma_ports
from aiconform.agent.inventory.pci import read_pci_accelerators
from aiconform.agent.inventory.read import Tree, Unknown
from aiconform.agent.inventory.software import read_software
from aiconform.agent.probes.request import Emit, Request


def collect_inventory(request: Request, emit: Emit) -> None:
    """Emits sections, unknown reads and paths; `inventory.assemble` puts them together."""
    tree = Tree(
        Path(str(request.values.get("root", "/"))),
        on_read=lambda path: emit({"kind": "reading", "path": path}),
        on_unknown=lambda each: emit({"kind": "unknown", "path": each.path, "reason": each.reason}),
    )

    def tell(**section: Any) -> None:
        emit({"kind": "section", "values": section})

    # What cannot hang comes first; what asks drivers comes last.
    tell(limits=read_limits(tree))
    tell(host=read_host(tree))
    tell(knobs={**read_knobs(tree), **visibility(os.environ)})
    tell(software=read_software(tree))
    tell(interfaces=read_interfaces(tree))
    tell(**_accelerators(tree))
    tell(rdma_ports=read_rdma_ports(tree))


def _accelerators(tree: Tree) -> "dict[str, Any]":
    """Those on the bus, and those of the pod that no bus shows, with their two counts."""
    on_host = read_pci_accelerators(tree)
    functions = () if isinstance(on_host, Unknown) else on_host
    vendors = {str(each["vendor"]) for each in functions}
    given = read_given(tree, environ=os.environ, on_host=vendors)
    shown = {each["device_node"] for each in functions}
    # Without a bus address a node cannot be matched to a function of the same vendor: it is
    # listed by itself only where the bus shows none of that vendor.
    extra = [g for g in given if g.device_node not in shown and g.vendor not in vendors]
    return {
        "accelerators": [*functions, *(_from_node(each) for each in extra)],
        "accelerators_on_host_count": None if isinstance(on_host, Unknown) else len(functions),
        "accelerators_given_count": len(given),
    }


def _from_node(given: Given) -> "dict[str, Any]":
    return {
        "name": given.device_node,
        "vendor": given.vendor,
        "device_node": given.device_node,
    }
