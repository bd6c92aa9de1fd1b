"""
Which extended resources are accelerators, and whose.

A node's allocatable resources also name network ports, huge pages and virtual machines' devices, so
only known names count, and those that a site adds. An unknown name is never guessed to be one.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache

from pydantic import TypeAdapter

from aiconform.catalogue.loading import load
from aiconform.model.base import Frozen, Sentence, Text


class Source(Frozen):
    """Where a row comes from, and when it was read."""

    where: Sentence
    date: Text


class Resources(Frozen):
    """Names as node.status.allocatable has them; `*` stands for any part."""

    names: tuple[Text, ...]
    # Several of these may be one device (time slices), so their count says nothing about devices.
    shared: tuple[Text, ...] = ()


class Vendor(Frozen):
    """One maker of accelerators as Kubernetes shows its devices."""

    id: Text
    title: Text
    pci_vendor: Text
    resources: Resources
    taint_keys: tuple[Text, ...] = ()  # beside the resource names themselves
    dra_drivers: tuple[Text, ...] = ()
    source: Source

    def owns(self, resource: str) -> bool:
        patterns = (*self.resources.names, *self.resources.shared)
        return any(fnmatchcase(resource, pattern) for pattern in patterns)

    def shares(self, resource: str) -> bool:
        return any(fnmatchcase(resource, pattern) for pattern in self.resources.shared)


class _File(Frozen):
    vendors: tuple[Vendor, ...]
    never: tuple[Text, ...]  # resources that are no accelerators, whatever a site says


@cache
def _file() -> _File:
    return load("vendors.yaml", TypeAdapter(_File))


def vendors() -> tuple[Vendor, ...]:
    """All known vendors."""
    return _file().vendors


def accelerator_resources(
    allocatable: Mapping[str, str], extra: Collection[str] = ()
) -> dict[str, int]:
    """
    The accelerators among a node's allocatable resources, with their counts.

    Args:
        allocatable: Kubernetes quantities; device counts are plain integers, and what is none is
            left out.
        extra: Resource names that the site counts as accelerators, beside the known vendors'.
    """
    return {
        name: count
        for name, quantity in sorted(allocatable.items())
        if is_accelerator(name, extra) and (count := _count(quantity)) > 0
    }


def is_accelerator(resource: str, extra: Collection[str] = ()) -> bool:
    """Is this resource an accelerator of a known vendor, or one that the site named?"""
    domain, slash, _ = resource.partition("/")
    if not slash or not domain or any(fnmatchcase(resource, never) for never in _file().never):
        return False
    return resource in extra or any(vendor.owns(resource) for vendor in vendors())


def device_count(resources: Mapping[str, int]) -> int:
    """How many distinct devices these resources promise at least; time slices promise one."""
    return sum(
        min(count, 1) if any(vendor.shares(name) for vendor in vendors()) else count
        for name, count in resources.items()
    )


def is_accelerator_taint(key: str, resources: Iterable[str]) -> bool:
    """
    Is this taint the usual one that keeps other pods off a node's accelerators?

    Only for a node that has such accelerators: the key is the resource's name, or one that its
    vendor or a cloud uses for it.
    """
    owned = tuple(resources)
    if key in owned:
        return True
    return any(key in v.taint_keys and any(v.owns(name) for name in owned) for v in vendors())


def _count(quantity: str) -> int:
    """Extended resources are whole numbers; anything else counts as none."""
    return int(quantity) if re.fullmatch(r"[0-9]{1,9}", quantity.strip()) else 0
