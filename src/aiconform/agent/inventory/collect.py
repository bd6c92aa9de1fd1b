"""
The inventory as an exercise: section by section, so that a hung read costs only what follows it.

Runs in a child process. Each path is told before it is read: the last one told is where it hung.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiconform.agent.inventory.cgroup import read_limits
from aiconform.agent.inventory.given import Given, read_given, visibility
from aiconform.agent.inventory.host import read_host, read_knobs
from aiconform.agent.inventory.network import read_interfaces
from aiconform.agent.inventory.others import neuron_devices
from aiconform.agent.inventory.pci import read_pci_accelerators
from aiconform.agent.inventory.ports import read_rdma_ports
from aiconform.agent.inventory.read import Tree, Unknown
from aiconform.agent.inventory.software import read_software
from aiconform.agent.inventory.tools.ask import Facts, ask_libraries, ask_tools, run_tool
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
    found = read_accelerators(tree)
    tell(**found)
    tell(rdma_ports=read_rdma_ports(tree))
    # A vendor's tool speaks of this machine, never of a tree that a test brings.
    if tree.is_machine and found["accelerators"]:
        emit({"kind": "reading", "path": "vendors' tools"})
        tell(accelerators=with_facts(found["accelerators"], _ask(found["accelerators"])))


def read_accelerators(tree: Tree) -> "dict[str, Any]":
    """Those on the bus, and those of the pod that no bus shows, with their two counts."""
    on_host = read_pci_accelerators(tree)
    functions = () if isinstance(on_host, Unknown) else on_host
    vendors = {str(each["vendor"]) for each in functions}
    given = read_given(tree, environ=os.environ, on_host=vendors)
    shown = {each["device_node"] for each in functions}
    # Without a bus address a node cannot be matched to a function of the same vendor: it is
    # listed by itself only where the bus shows none of that vendor.
    extra = [g for g in given if g.device_node not in shown and g.vendor not in vendors]
    # Neuron's driver has no bus address for its devices, and a function nothing but that.
    neuron = [_on_bus(each, functions) for each in neuron_devices(tree)]
    listed = [each for each in functions if not (neuron and each["vendor"] == "aws")]
    named = {each["name"] for each in neuron}
    return {
        "accelerators": [
            *listed,
            *neuron,
            *(_from_node(each) for each in extra if each.device_node not in named),
        ],
        "accelerators_on_host_count": None if isinstance(on_host, Unknown) else len(functions),
        "accelerators_given_count": len(given),
    }


def _on_bus(neuron: "dict[str, Any]", functions: "Sequence[dict[str, Any]]") -> "dict[str, Any]":
    """With the PCI id of the host's Neuron functions, when they all have the same."""
    ids = {each["pci_id"] for each in functions if each["vendor"] == "aws"}
    return {**neuron, "pci_id": ids.pop() if len(ids) == 1 else None}


def with_facts(accelerators: "list[dict[str, Any]]", facts: Facts) -> "list[dict[str, Any]]":
    """What tools say, added to what sysfs says; a tool is nearer to the device."""
    return [_with_facts(each, facts) for each in accelerators]


def _with_facts(accelerator: "dict[str, Any]", facts: Facts) -> "dict[str, Any]":
    by_address = facts.get(accelerator.get("pci_address") or "", {})
    told = {**by_address, **facts.get(accelerator.get("device_node") or "", {})}
    details = {**accelerator.get("details", {}), **told.get("details", {})}
    return {**accelerator, **told, **({"details": details} if details else {})}


def _ask(accelerators: "list[dict[str, Any]]") -> Facts:
    vendors = {str(each["vendor"]) for each in accelerators if each["device_node"]}
    addresses = {
        str(each["pci_address"]): str(each["vendor"])
        for each in accelerators
        if each.get("pci_address") and each["device_node"]
    }
    answered = ask_libraries(addresses)
    # The library told all that the tool would.
    left = vendors - {addresses[address] for address in answered}
    return {**ask_tools(left, run_tool), **answered}


def _from_node(given: Given) -> "dict[str, Any]":
    return {
        "name": given.device_node,
        "vendor": given.vendor,
        "device_node": given.device_node,
    }
