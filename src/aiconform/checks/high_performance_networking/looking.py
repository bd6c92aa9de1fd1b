"""What is looked at; nothing is judged here."""

import asyncio
import json
from typing import Any

from aiconform.checks.framework import Context, Inventory, UnavailableError, placement
from aiconform.checks.high_performance_networking import manifests
from aiconform.checks.high_performance_networking.links import secondary
from aiconform.checks.high_performance_networking.networks import (
    ATTACHMENT,
    Network,
    is_network,
    networks_of,
)
from aiconform.checks.high_performance_networking.pods import Running, ask, start
from aiconform.cluster.resources import POD, RESOURCE_CLAIM

Json = dict[str, Any]

BYTES = 256 * 2**20
SEND_S = 150.0
ARRIVE_S = 30.0
WATCH_S = 30.0  # for what must not happen


async def run(ctx: Context) -> None:
    networks: list[Network] = []
    found: Inventory | None = None
    async with ctx.step("networks-found") as seen:
        found = await ctx.inventory()
        networks = networks_of(found, ctx.settings)
        attachments = await ctx.find(ATTACHMENT, namespace=None)
        classes = ctx.settings.get("deviceClasses") or {}
        seen.update({
            "networks": [network.facts() for network in networks[:10]],
            "published": sorted({d.driver for d in found.devices if is_network(d, classes)}),
            "attachments": sorted(
                f"{a['metadata'].get('namespace')}/{a['metadata']['name']}" for a in attachments
            )[:50],
            "not_permitted": list(found.not_permitted),
        })  # fmt: skip
        if networks and not ctx.device_budget:
            raise UnavailableError("NoDeviceAllowed", "run.checks.accelerators is 0")
    if not seen.ok or found is None or not networks:
        return
    await _Trial(ctx, networks[0], found).carry_out()


class _Trial:
    """One network, from a pod that has it to what nobody may have."""

    def __init__(self, ctx: Context, network: Network, found: Inventory) -> None:
        self._ctx, self._network, self._found = ctx, network, found
        self._nodes = network.nodes or tuple(sorted(found.nodes))

    async def carry_out(self) -> None:
        node, first = await self._started("first", (), cel=self._network.cel)
        if node is not None:
            await self._without(node)
        if first is None:
            return
        others = [node for node in self._nodes if node != first[0].node]
        if self._ctx.device_budget > 1 and others:
            _, second = await self._started("second", others[:1], cel="")
            if second is not None:
                await self._exchange(first, second)
        else:
            async with self._ctx.step("exchange"):
                told = "a second node with a free device" if not others else "two devices at a time"
                raise UnavailableError("OneNode", f"traffic needs {told}")
        await asyncio.gather(self._nobody(), self._held(first[0].node))

    async def _started(
        self, name: str, nodes: tuple[str, ...] | list[str], *, cel: str
    ) -> tuple[str | None, tuple[Running, Json] | None]:
        """Where it went, and the pod with its first look; None: it did not come so far."""
        ctx, network = self._ctx, self._network
        pod: Running | None = None
        node: str | None = None
        async with ctx.step(name) as seen:
            claim = ""
            if network.kind == "claim":
                claim = ctx.name(name)
                await ctx.apply(RESOURCE_CLAIM, manifests.claim(network, name=claim, cel=cel))
            nodes = nodes or (self._nodes[:1] if network.kind == "attachment" else ())
            manifest = self._pod(name, nodes, network, claim=claim)
            facts, pod = await start(ctx, manifest, claim=claim)
            seen.update(facts)
            node = facts["bound"]
            seen["look"] = await ask(ctx, pod, "look", {}) if pod else None
        return node, (pod, seen["look"]) if seen.ok and pod else None

    async def _without(self, node: str) -> None:
        """The control: a pod on the same node that asks for no network device."""
        async with self._ctx.step("plain") as seen:
            facts, pod = await start(self._ctx, self._pod("plain", (node,), None))
            seen.update(facts)
            seen["look"] = await ask(self._ctx, pod, "look", {}) if pod else None

    async def _exchange(self, first: tuple[Running, Json], second: tuple[Running, Json]) -> None:
        ctx = self._ctx
        async with ctx.step("exchange") as seen:
            pods, links = (
                (first[0], second[0]),
                [secondary(look, pod.ip) for pod, look in (first, second)],
            )
            addresses = [_address(link) for link in links]
            seen["addresses"] = addresses
            seen["bytes"] = BYTES
            if None in addresses:
                await ctx.file("exchange.json", json.dumps({"addresses": addresses}))
                return
            opened = await ask(ctx, pods[0], "receive", {"address": addresses[0]})
            seen["before"] = [await ask(ctx, pod, "look", {}) for pod in pods]
            order = {
                "source": addresses[1], "to": addresses[0], "port": opened["port"], "bytes": BYTES,
            }  # fmt: skip
            seen["sent"] = await ask(ctx, pods[1], "send", order, timeout_s=SEND_S)

            async def arrived() -> Json | None:
                told = await ask(ctx, pods[0], "received", {})
                return told if told["done"] else None

            received = await ctx.until(arrived, limit_s=ARRIVE_S)
            seen["received"] = received or await ask(ctx, pods[0], "received", {})
            seen["after"] = [await ask(ctx, pod, "look", {}) for pod in pods]
            told = {key: seen[key] for key in ("addresses", "sent", "received", "before", "after")}
            await ctx.file("exchange.json", json.dumps(told, indent=1, sort_keys=True))

    async def _nobody(self) -> None:
        """A pod that asks for a property that no device has."""
        network = self._network
        if network.kind == "attachment":
            return
        async with self._ctx.step("nobody-has-it") as seen:
            units = 1 + max(network.free.values())  # of a resource: more than any node has
            claim = await self._claimed("nobody", cel=manifests.NOBODYS)
            await self._waits(seen, "nobody", (), claim=claim, units=units)

    async def _held(self, node: str) -> None:
        """A pod that asks for all the devices that were free, while one of them is held."""
        network = self._network
        if network.kind != "claim" or not network.exclusive:
            return
        async with self._ctx.step("held-is-refused") as seen:
            claim = await self._claimed("held", count=network.free[node])
            await self._waits(seen, "held", (node,), claim=claim, units=1)

    async def _claimed(self, name: str, *, count: int = 1, cel: str = "") -> str:
        if self._network.kind != "claim":
            return ""
        full = self._ctx.name(name)
        manifest = manifests.claim(self._network, name=full, count=count, cel=cel)
        await self._ctx.apply(RESOURCE_CLAIM, manifest)
        return full

    async def _waits(
        self, seen: Any, name: str, nodes: tuple[str, ...], *, claim: str, units: int
    ) -> None:
        made = await self._ctx.apply(
            POD, self._pod(name, nodes, self._network, claim=claim, units=units)
        )
        await self._ctx.sleep(WATCH_S)
        last = await self._ctx.get(POD, made["metadata"]["name"]) or made
        seen.update(placement(last))

    def _pod(
        self, name: str, nodes: tuple[str, ...] | list[str], network: Network | None,
        *, claim: str = "", units: int = 1,
    ) -> Json:  # fmt: skip
        ctx = self._ctx
        keys = {
            taint.key
            for node in nodes or self._nodes
            for taint in self._found.nodes[node].taints
            if taint.keeps_pods_away
        }
        hostnames = [ctx.hostname(node) for node in nodes]
        return manifests.pod(
            network, hostnames, sorted(keys), name=ctx.name(name), nonce=ctx.nonce, claim=claim,
            units=units,
        )  # fmt: skip


def _address(link: Json | None) -> str | None:
    return str(link["addresses"][0]) if link and link["addresses"] else None
