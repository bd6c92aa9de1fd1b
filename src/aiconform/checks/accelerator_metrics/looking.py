"""Looks, and records; never judges. The steps and their facts are read by `judging`."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from aiconform import catalogue
from aiconform.checks.accelerator_metrics import evidence
from aiconform.checks.accelerator_metrics.finding import (
    POD_MONITOR,
    SERVICE_MONITOR,
    Candidate,
    Cluster,
    candidates,
    node_ports,
)
from aiconform.checks.accelerator_metrics.loading import Load
from aiconform.checks.accelerator_metrics.names import Exporter, exporters
from aiconform.checks.accelerator_metrics.places import Place, groups, loaded, places
from aiconform.checks.accelerator_metrics.scraping import (
    Chosen,
    Scrape,
    choose,
    scrape_again,
    scrape_all,
)
from aiconform.checks.accelerator_metrics.steps import APART_S, step_name
from aiconform.checks.framework import Context, Inventory, UnavailableError
from aiconform.cluster.resources import ENDPOINT_SLICE, NODE, POD, SERVICE
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]
T = TypeVar("T")

AGAIN_S = 10.0  # an exporter that has just started may not answer yet
PLACES_A_STEP, FIGURES_A_STEP = 100, 10
_NODE_PORT_TIMEOUT_S = 3.0
_MOST_TRIED = 6


async def run(ctx: Context) -> None:
    found: tuple[Place, ...] = ()
    inventory: Inventory | None = None
    nodes: Sequence[Json] = ()
    async with ctx.step("inventory") as seen:
        inventory = await ctx.inventory()
        nodes = await ctx.find(NODE, namespace=None)
        found = places(inventory, nodes)
        drivers = {d.driver for d in inventory.devices if d.accelerator}
        seen.update({
            "place_count": len(found),
            "device_count": sum(place.least for place in found),
            "incomplete": [p for p in inventory.incomplete if _is_ours(p, drivers)],
            "not_permitted": list(inventory.not_permitted),
        })  # fmt: skip
    if seen.ok and inventory is not None and found and not inventory.not_permitted:
        await _Look(ctx, inventory, found, nodes).look()


def _is_ours(pool: str, drivers: Iterable[str]) -> bool:
    """Of a pool that is not complete nothing is known but its driver."""
    driver = pool.partition("/")[0]
    known = {name for vendor in catalogue.vendors() for name in vendor.dra_drivers}
    return driver in known or driver in drivers


class _Look:
    def __init__(
        self, ctx: Context, inventory: Inventory, found: Sequence[Place], nodes: Sequence[Json]
    ) -> None:
        self._ctx, self._inventory, self._places = ctx, inventory, found
        wanted = {place.node for place in found}
        self._addresses = {
            name: _addresses(node) for node in nodes if (name := _name(node)) in wanted
        }
        self._table: Sequence[Exporter] = ()
        self._chosen: list[Chosen] = []

    async def look(self) -> None:
        if not await self._see_exporters() or not self._chosen:
            return
        await self._see_figures()
        groups_of = groups(chosen.place for chosen in self._chosen)
        for number, (_, members) in enumerate(sorted(groups_of.items()), 1):
            place = loaded(members)
            step = step_name("load", number)
            if place is None:
                async with self._ctx.step(step):
                    raise UnavailableError(
                        "NoFreeDevice",
                        f"no {members[0].what} is free on a schedulable node with an exporter",
                    )
                continue
            chosen = next(c for c in self._chosen if c.place is place)
            load = Load(self._ctx, chosen, self._inventory, step=step, number=number)
            await load.look()

    # --- where exporters answer ----------------------------------------------------------------

    async def _see_exporters(self) -> bool:
        rows: list[Json] = []
        async with self._ctx.step("exporters") as seen:
            try:
                self._table = exporters(self._ctx.settings)
                listed = candidates(await self._cluster())
            except (KeyError, TypeError, ValueError) as exc:
                raise UnavailableError("BadSettings", f"{type(exc).__name__}: {exc}") from exc
            tried = await self._tried(listed)
            picked = {id(p): choose(p, tried, self._table) for p in self._places}
            bare = {p.node for p in self._places if picked[id(p)] is None}
            if bare:
                extra = node_ports(self._addresses, bare)
                tried += await scrape_all(self._ctx, extra, timeout_s=_NODE_PORT_TIMEOUT_S)
                picked = {id(p): choose(p, tried, self._table) for p in self._places}
            self._chosen = [c for p in self._places if (c := picked[id(p)]) is not None]
            rows = [_row(p, picked[id(p)], tried) for p in self._places]
            seen.update({
                "row_steps": len(list(_parts(rows, PLACES_A_STEP))),
                "figure_steps": len(list(_parts(self._chosen, FIGURES_A_STEP))),
                "groups": sorted({row["group"] for row in rows}),
                "load_groups": sorted({c.place.group for c in self._chosen}),
            })  # fmt: skip
        for number, part in enumerate(_parts(rows, PLACES_A_STEP), 1):
            await self._ctx.see(step_name("places", number), {"rows": list(part)})
        return seen.ok

    async def _cluster(self) -> Cluster:
        find = self._ctx.find
        return Cluster(
            nodes=self._addresses,
            pods=await find(POD, namespace=None),
            services=await find(SERVICE, namespace=None),
            slices=await find(ENDPOINT_SLICE, namespace=None),
            pod_monitors=await find(POD_MONITOR, namespace=None),
            service_monitors=await find(SERVICE_MONITOR, namespace=None),
            settings=self._ctx.settings,
        )

    async def _tried(self, listed: Sequence[Candidate]) -> list[tuple[Candidate, Scrape]]:
        """Each once; exporters by their own word that do not answer once more."""
        tried = await scrape_all(self._ctx, listed)
        silent = [c for c, s in tried if c.known and s.problem in {"unreachable", "http"}]
        if not silent:
            return tried
        await self._ctx.sleep(AGAIN_S)
        again = {id(c): s for c, s in await scrape_all(self._ctx, silent)}
        return [(c, again.get(id(c), s)) for c, s in tried]

    # --- what they tell ------------------------------------------------------------------------

    async def _see_figures(self) -> None:
        """Every exporter twice, half a minute apart."""
        ctx = self._ctx
        rows: list[Json] = []
        for number, part in enumerate(_parts(self._chosen, FIGURES_A_STEP), 1):
            async with ctx.step(step_name("figures", number)) as seen:
                due = max(chosen.first.at for chosen in part) + APART_S
                if due > ctx.now():
                    await ctx.sleep(due - ctx.now())
                urls = [(chosen.candidate.url, chosen.exporter) for chosen in part]
                seconds = await asyncio.gather(*(scrape_again(ctx, *each) for each in urls))
                told = [_told(c, s) for c, s in zip(part, seconds, strict=True)]
                seen["rows"] = told
                rows += told
                for chosen, second in zip(part, seconds, strict=True):
                    await self._keep(chosen, second)
        await ctx.file("metrics.csv", evidence.as_csv(rows))
        await ctx.file("mapping.yaml", evidence.mapping_used(c.exporter for c in self._chosen))

    async def _keep(self, chosen: Chosen, second: Scrape) -> None:
        if second.page is None or len(self._chosen) > evidence.MOST_SCRAPES:
            return
        path = f"scrapes/{chosen.place.node}-{chosen.exporter.id}.prom"
        await self._ctx.file(path, evidence.as_page(second.page, ours=self._ctx.work))


def _row(place: Place, chosen: Chosen | None, tried: Sequence[tuple[Candidate, Scrape]]) -> Json:
    here = [(c, s) for c, s in tried if c.node == place.node]
    told = [] if chosen else [
        {"url": c.url, "found_by": c.found_by, "known": c.known,
         "problem": s.problem or "no-names", "told": s.told}
        for c, s in sorted(here, key=lambda each: not each[0].known)[:_MOST_TRIED]
    ]  # fmt: skip
    return {
        **place.as_facts(),
        "exporter": chosen.exporter.id if chosen else None,
        "url": chosen.candidate.url if chosen else None,
        "found_by": chosen.candidate.found_by if chosen else None,
        "tried_count": len(here),
        "tried": told,
    }


def _told(chosen: Chosen, second: Scrape) -> Json:
    return {
        **chosen.place.as_facts(),
        "exporter": chosen.exporter.id,
        "idle": chosen.exporter.idle,
        "url": chosen.candidate.url,
        "scrapes": [chosen.first.as_facts(), second.as_facts()],
    }


def _parts(found: Sequence[T], size: int) -> list[Sequence[T]]:
    return [found[start : start + size] for start in range(0, len(found), size)]


def _addresses(node: Json) -> list[str]:
    told = mappings(mapping(node.get("status")).get("addresses"))
    return [str(each["address"]) for each in told if each.get("type") == "InternalIP"]


def _name(node: Json) -> str:
    return str(mapping(node.get("metadata")).get("name") or "")
