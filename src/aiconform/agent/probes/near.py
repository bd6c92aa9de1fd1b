"""
On which cores does a thread belong that feeds a device? On those of the device's NUMA node.

A copy that begins on the other socket measures the link between the sockets. What is not known is
not bound: a framework does not always say which bus address a device of its has.
"""

import contextlib
import os
from collections.abc import Collection, Iterator
from typing import Any

from aiconform.agent.engines.protocol import Device
from aiconform.agent.inventory.collect import read_accelerators
from aiconform.agent.inventory.pci import DEVICES
from aiconform.agent.inventory.read import Tree, known_text

MAX_LIST = 4096  # characters: the longest that a kernel prints is far below


def near_cores(tree: Tree, address: "str | None", allowed: Collection[int]) -> "frozenset[int]":
    """
    Cores of `allowed` on the NUMA node of the device; none when that is not known.

    Args:
        address: Bus address of the device. None, it is not known: then the answer is that of all
            the accelerators of this pod, if they have the same.
    """
    if address is not None:
        return _local(tree, address) & frozenset(allowed)
    given = [
        str(each["pci_address"])
        for each in read_accelerators(tree)["accelerators"]
        if each.get("device_node") and each.get("pci_address")
    ]
    local = {_local(tree, each) for each in given}
    return local.pop() & frozenset(allowed) if len(local) == 1 else frozenset()


def address_of(engine: Any, device: Device) -> "str | None":
    """As the bus is named in sysfs: 0000:1b:00.0; None when the engine does not say it."""
    ask = getattr(engine, "bus_address", None)
    return ask(device) if ask is not None else None


@contextlib.contextmanager
def bound_to(cores: Collection[int]) -> Iterator[bool]:
    """This thread runs on `cores` alone inside the block; none: it is left as it is, and False."""
    before = os.sched_getaffinity(0)
    if not cores:
        yield False
        return
    os.sched_setaffinity(0, cores)
    try:
        yield True
    finally:
        os.sched_setaffinity(0, before)


def cores_in(listed: str) -> "frozenset[int]":
    """{0, 1, 2, 8} of `0-2,8`; none of what is no list of cores."""
    found: "set[int]" = set()
    for part in listed[:MAX_LIST].split(","):
        first, dash, last = part.strip().partition("-")
        if not _is_core(first) or (dash and not _is_core(last)):
            return frozenset()
        found.update(range(int(first), int(last if dash else first) + 1))
    return frozenset(found)


def _is_core(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) <= 6


def _local(tree: Tree, address: str) -> "frozenset[int]":
    return cores_in(known_text(tree.text(f"{DEVICES}/{address}/local_cpulist")) or "")
