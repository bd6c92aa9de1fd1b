"""Which interface of a pod is which, and what each has carried (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.framework import TUNNELS

Facts = Mapping[str, Any]


def extras(look: Facts, pod_ip: str) -> list[dict[str, Any]]:
    """All but the loopback and the interface that has the pod's own address."""
    return [
        dict(each)
        for each in look["interfaces"]
        if each["name"] != "lo" and each["name"] not in TUNNELS and pod_ip not in each["addresses"]
    ]


def secondary(look: Facts, pod_ip: str) -> dict[str, Any] | None:
    """The first further interface that has an address, else the first; None: there is none."""
    found = extras(look, pod_ip)
    return next((each for each in found if each["addresses"]), found[0] if found else None)


def carried(
    before: Facts, after: Facts, *, address: str, direction: str
) -> tuple[int | None, dict[str, int]]:
    """
    Bytes that went over the interface with the address, and over each other one.

    Args:
        direction: tx_bytes or rx_bytes.

    Returns:
        None: the interface is gone, or does not count.
    """
    then = {each["name"]: each for each in before["interfaces"]}
    own: int | None = None
    others: dict[str, int] = {}
    for each in after["interfaces"]:
        old = then.get(each["name"])
        if old is None or None in (old[direction], each[direction]):
            continue
        moved = each[direction] - old[direction]
        if address in each["addresses"]:
            own = moved
        else:
            others[each["name"]] = moved
    return own, others


def new_rdma(look: Facts, plain: Facts) -> list[str]:
    """RDMA devices that a pod without a request does not see."""
    return sorted(_names(look["rdma"]) - _names(plain["rdma"]))


def _names(devices: Sequence[Facts]) -> set[str]:
    return {str(device["name"]) for device in devices}
