"""Versions as drivers, labels and attributes write them (pure)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from aiconform.catalogue.drivers import Driver

Json = Mapping[str, Any]

# Case matters: cudaDriverVersion is what the driver can serve, and not its own version.
ATTRIBUTE = "driverVersion"
_LEADING = re.compile(r"\s*v?(\d+(?:\.\d+)*)")


def parts(version: str) -> tuple[int, ...]:
    """The numbers that it begins with; a semantic version has 5 where the driver says 05."""
    found = _LEADING.match(version)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def agree(one: str, other: str) -> bool:
    """At the precision that both have: 580.95 agrees with 580.95.05."""
    return all(a == b for a, b in zip(parts(one), parts(other), strict=False))


def in_text(text: str | None, pattern: str) -> str | None:
    """The version in a file; None: there is none."""
    found = re.search(pattern, text or "")
    return found[1] if found and parts(found[1]) else None


def from_labels(labels: Mapping[str, str], driver: Driver) -> list[dict[str, str]]:
    """Every version of the driver that the node's labels tell."""
    said = [_said("label", key, labels[key]) for key in driver.version_labels if key in labels]
    numbers = [labels[key] for key in driver.version_label_parts if labels.get(key)]
    if numbers and len(numbers) == len(driver.version_label_parts):
        said.append(_said("label", driver.version_label_parts[0], ".".join(numbers)))
    return [each for each in said if parts(each["version"])]


def from_attributes(devices: Iterable[tuple[str, Json]]) -> list[dict[str, str]]:
    """
    Every version that devices tell, once.

    Args:
        devices: (driver, attributes) of each device.
    """
    found: dict[tuple[str, str], dict[str, str]] = {}
    for driver, attributes in devices:
        for key, value in sorted(attributes.items()):
            if not key.endswith(ATTRIBUTE) or not isinstance(value, Mapping):
                continue
            kind = "version" if "version" in value else "string"
            told = str(value.get(kind) or "")
            if parts(told):
                name = key if "/" in key else f"{driver}/{key}"
                found[name, told] = {**_said("attribute", name, told), "kind": kind}
    return list(found.values())


def unheard_of(said: Json) -> str:
    """A CEL expression that asks for a later major version than the one that was said."""
    domain, _, name = str(said["key"]).partition("/")
    attribute = f'device.attributes["{domain}"].{name}'
    there = f'"{name}" in device.attributes["{domain}"]'
    later = f"{parts(str(said['version']))[0] + 1000}.0.0"
    if said.get("kind") == "version":
        return f'{there} && !{attribute}.isLessThan(semver("{later}"))'
    return f'{there} && {attribute} == "{later}"'


def _said(adapter: str, key: str, version: str) -> dict[str, str]:
    return {"adapter": adapter, "key": key, "version": version}
