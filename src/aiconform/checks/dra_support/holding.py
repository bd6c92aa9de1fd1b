"""Which devices are asked for, and the pods that hold them."""

from dataclasses import dataclass
from typing import Any

from aiconform.checks.framework import Context, Inventory, on_nodes, workload

Json = dict[str, Any]

SIT_S = 600  # a pod that holds a device stays until it is deleted
SAY_S = 30.0  # until a running pod has said which devices it has


@dataclass(frozen=True)
class Offer:
    """Free devices of one driver on one node, and the class to ask for them by."""

    device_class: str
    driver: str
    node: str
    free: int
    pool_nodes: tuple[str, ...]


def offers_of(found: Inventory, named_class: str) -> list[Offer]:
    """By node and driver; those where two devices are free first, accelerators before others."""
    free = [d for d in found.free_devices() if not d.shared]
    ranked: dict[tuple[str, str, str], list[int]] = {}
    for rank, device in enumerate(free):
        device_class = named_class or found.class_for(device.driver)
        for node in device.nodes if device_class else ():
            if node in found.nodes:
                ranked.setdefault((str(device_class), device.driver, node), []).append(rank)
    pools = {(d.driver, node): d.nodes for d in free for node in d.nodes}
    order = sorted(ranked, key=lambda key: (len(ranked[key]) < 2, ranked[key][0]))
    return [
        Offer(device_class, driver, node, len(ranked[device_class, driver, node]),
              pools[driver, node])
        for device_class, driver, node in order
    ]  # fmt: skip


def pod(ctx: Context, short: str, offer: Offer, *, claim: str = "") -> Json:
    """Lists its devices and stays."""
    flags = ("--nonce", ctx.nonce, "--sleep", str(SIT_S))
    spec: Json = {
        "containers": [workload("devices", *flags, claims=("device",) if claim else ())],
        "affinity": on_nodes(ctx.hostname(offer.node)),
    }
    if claim:
        spec["resourceClaims"] = [{"name": "device", "resourceClaimName": claim}]
    return {"metadata": {"name": ctx.name(short)}, "spec": spec}


async def device_numbers(ctx: Context, short: str) -> list[str] | None:
    """The character devices in a pod as "major:minor"; None when it has not said them in time."""

    async def look() -> list[Json]:
        lines = await ctx.log_lines(ctx.name(short))
        return [
            line
            for line in lines
            if line.get("event") == "devices.seen" and line.get("nonce") == ctx.nonce
        ]

    said = await ctx.until(look, limit_s=SAY_S)
    if not said:
        return None
    return [f"{d['major']}:{d['minor']}" for d in said[0]["devices"] if d["kind"] == "char"]
