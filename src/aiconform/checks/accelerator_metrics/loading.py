"""One device under load: what its exporter tells before, during and after."""

from collections.abc import Mapping
from typing import Any

from aiconform.checks.accelerator_metrics import manifests
from aiconform.checks.accelerator_metrics.figures import Page
from aiconform.checks.accelerator_metrics.following import (
    followed,
    is_idle_again,
    risen,
    worked,
)
from aiconform.checks.accelerator_metrics.places import Place
from aiconform.checks.accelerator_metrics.scraping import Chosen, scrape, scrape_again
from aiconform.checks.framework import (
    Context,
    DraDevice,
    ImageError,
    Inventory,
    Step,
    UnavailableError,
    moved,
    results_of,
)
from aiconform.cluster.facts import pod_facts
from aiconform.cluster.resources import POD, RESOURCE_CLAIM
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]

START_S = 300.0  # an image with a framework is large
RESERVE_S = 30.0  # of the time box, for what follows the load
RISE_S, FALL_S, EVERY_S = 60.0, 60.0, 3.0
IDLE_SCRAPES, IDLE_EVERY_S = 2, 4.0
_ENDED = frozenset({"Succeeded", "Failed"})


class Load:
    """Holds one device for two minutes at most."""

    def __init__(
        self, ctx: Context, chosen: Chosen, inventory: Inventory, *, step: str, number: int
    ) -> None:
        self._ctx, self._chosen, self._inventory, self._step = ctx, chosen, inventory, step
        self._name = ctx.name(f"load-{number}")
        self._claim = self._name if chosen.place.driver else ""
        self._nonce = f"{ctx.nonce}-load-{number}"
        self._before: Json = {}
        self._page: Page | None = None

    async def look(self) -> None:
        ctx, place = self._ctx, self._chosen.place
        async with ctx.step(self._step) as seen:
            seen.update({**place.as_facts(), "exporter": self._chosen.exporter.id})
            seen["engine"] = manifests.engine_of(ctx.settings)
            seen["probe"] = why = self._no_probe()
            if why:
                return
            if ctx.device_budget < 1:
                raise UnavailableError("NoBudget", "no accelerator may be held here")
            seen["before"] = self._before = await self._scraped()
            seen["foreign"] = _foreign(place)
            await self._under_load(seen)
            await self._after(seen)
            seen["moved"] = moved(self._inventory, await ctx.inventory())

    def _no_probe(self) -> str:
        """Why there is no way to keep such a device busy here; empty: there is."""
        settings, place = self._ctx.settings, self._chosen.place
        if place.driver and not place.device_class:
            return f"no DeviceClass is for {place.driver} alone"
        if manifests.image_of(settings):
            return ""
        if manifests.engine_of(settings) == "none" and not place.maker:
            return ""
        return f"no image with a framework for {place.what} is named (settings: images.load)"

    async def _under_load(self, seen: Step) -> None:
        ctx, place = self._ctx, self._chosen.place
        if self._claim:
            await ctx.apply(RESOURCE_CLAIM, manifests.load_claim(place, name=self._claim))
        pod = manifests.load_pod(
            place, hostname=ctx.hostname(place.node), name=self._name, nonce=self._nonce,
            settings=ctx.settings, claim=self._claim,
        )  # fmt: skip
        await ctx.save("objects/load.yaml", await ctx.apply(POD, pod))
        seen["idle"] = idle = await self._idle()
        began = await self._said("burn.began")
        seen["began"] = began
        during: list[Json] = []
        seen["during"] = during
        if began and idle and self._works(began):
            await self._sample(idle[-1], during)
        found = await ctx.get(POD, self._name)
        seen["pod"] = _state(found)
        seen["assigned"] = await self._assigned(found)
        seen["lines"] = lines = (await self._lines())[-3:]
        seen["progress"] = _progress(began or {}, lines)
        page = self._page
        seen["attached"] = [] if page is None else sorted(
            d for d, r in page.devices.items() if (ctx.work, self._name) in r.pods
        )  # fmt: skip
        seen["matched"] = _matched(page, seen["assigned"])
        await ctx.file("logs/load.txt", await ctx.log(self._name) or "")

    def _works(self, began: Json) -> bool:
        return worked(began, engine=manifests.engine_of(self._ctx.settings),
                      maker=self._chosen.place.maker)  # fmt: skip

    async def _idle(self) -> list[Json]:
        """While the device is granted and nothing is done with it; none: that was missed."""
        said = await self._said("burn.waits")
        found: list[Json] = []
        while said and said["event"] == "burn.waits" and len(found) < IDLE_SCRAPES:
            await self._ctx.sleep(IDLE_EVERY_S)
            found.append(await self._scraped())
        late = any(line.get("event") == "burn.began" for line in await self._lines())
        return [] if late else found

    async def _sample(self, idle: Json, during: list[Json]) -> None:
        """Until the figures have followed several times in a row, or the time is over."""

        async def look() -> bool | None:
            during.append(await self._scraped())
            return bool(followed(idle, during)) or None

        await self._ctx.until(look, limit_s=RISE_S, every_s=EVERY_S)

    async def _after(self, seen: Step) -> None:
        ctx = self._ctx
        pod = await ctx.get(POD, self._name)
        if pod is not None:
            await ctx.delete(POD, pod)
        seen["gone"] = await ctx.gone(POD, self._name, limit_s=60.0)
        if self._claim and (claim := await ctx.get(RESOURCE_CLAIM, self._claim)) is not None:
            await ctx.delete(RESOURCE_CLAIM, claim)
        after: list[Json] = []
        seen["after"] = after
        if not seen["during"]:
            return
        devices = risen(seen["idle"][-1], seen["during"][-1])

        async def look() -> bool | None:
            after.append(await self._scraped())
            return is_idle_again(self._before, after[-1], devices) or None

        await ctx.until(look, limit_s=FALL_S, every_s=EVERY_S)

    async def _scraped(self) -> Json:
        url, exporter = self._chosen.candidate.url, self._chosen.exporter
        ask = scrape if self._before else scrape_again
        found = await ask(self._ctx, url, exporter)
        if found.page is not None:
            self._page = found.page
        told = found.as_facts()
        told["devices"] = {
            device: [figures.get("utilization"), figures.get("memory_used")]
            for device, figures in told["devices"].items()
        }
        return told

    async def _said(self, event: str) -> Json | None:
        """The line of this event, or that the pod ended without it; None: neither in time."""

        async def look() -> Json | None:
            for line in await self._lines():
                if line.get("event") == event:
                    return line
            found = await self._ctx.get(POD, self._name)
            if found is None or pod_facts(found).phase in _ENDED:
                return {"event": "ended"}
            trouble = pod_facts(found).trouble
            if trouble and trouble.final and "Image" in trouble.reason:
                raise ImageError(self._name, reason=trouble.reason, sentence=trouble.sentence)
            return None

        left_s = self._ctx.deadline - self._ctx.now() - RISE_S - FALL_S - RESERVE_S
        limit_s = max(1.0, min(START_S, left_s))
        return await self._ctx.until(look, limit_s=limit_s, every_s=1.0)

    async def _lines(self) -> list[Json]:
        lines = await self._ctx.log_lines(self._name)
        return [line for line in lines if line.get("nonce") == self._nonce]

    async def _assigned(self, pod: Json | None) -> list[str]:
        """What the kubelet, or the claim and its device's attributes, say was granted."""
        ids = [
            str(each.get("resourceID"))
            for status in mappings(mapping((pod or {}).get("status")).get("containerStatuses"))
            for told in mappings(status.get("allocatedResourcesStatus"))
            for each in mappings(told.get("resources"))
        ]
        if not self._claim:
            return ids
        claim = await self._ctx.get(RESOURCE_CLAIM, self._claim) or {}
        granted = {(r.get("driver"), r.get("pool"), r.get("device")) for r in results_of(claim)}
        devices = (await self._ctx.inventory()).devices
        mine = [d for d in devices if (d.driver, d.pool, d.name) in granted]
        return ids + [name for device in mine for name in _identities(device)]


def _foreign(place: Place) -> int:
    """So many devices others may hold, and their figures may change: which ones is not told."""
    if place.counts == "shared":
        return place.most
    return max(0, place.most - (place.free or 0))


def _identities(device: DraDevice) -> list[str]:
    values: list[Mapping[str, Any]] = [mapping(v) for v in device.attributes.values()]
    return [str(v["string"]) for v in values if v.get("string")]


def _matched(page: Page | None, assigned: list[str]) -> list[str]:
    """Devices of the page that carry an assigned identity among their names."""
    if page is None:
        return []
    wanted = {each.lower() for each in assigned}
    return sorted(
        device
        for device, reading in page.devices.items()
        if wanted & {name.lower() for name in (device, *reading.names)}
    )


def _state(pod: Json | None) -> Json:
    if pod is None:
        return {"found": False}
    facts = pod_facts(pod)
    status = mapping(pod.get("status"))
    waits = next((c for c in mappings(status.get("conditions")) if c.get("status") == "False"), {})
    return {
        "found": True,
        "phase": facts.phase,
        "node": mapping(pod.get("spec")).get("nodeName"),
        "trouble": facts.trouble.sentence if facts.trouble else str(waits.get("message") or ""),
    }


def _progress(began: Mapping[str, Any], lines: list[Json]) -> int:
    """Products on the device; where the processor stands for it, bytes that it has hashed."""
    key = "products" if began.get("framework") else "hashed_bytes"
    return max((int(line.get(key) or 0) for line in lines), default=0)
