"""What is looked at; nothing is judged here."""

import asyncio
import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.catalogue.drivers import Driver
from aiconform.checks.driver_runtime_management import manifests
from aiconform.checks.driver_runtime_management.granting import grant, impossible
from aiconform.checks.driver_runtime_management.operators import OPERATORS, promised, read
from aiconform.checks.driver_runtime_management.units import Unit, described, maker_of, units_of
from aiconform.checks.driver_runtime_management.versions import from_attributes, from_labels
from aiconform.checks.driver_runtime_management.visits import visit
from aiconform.checks.framework import Context, Inventory, UnavailableError
from aiconform.cluster.resources import RUNTIME_CLASS

Json = dict[str, Any]

MOST_UNITS = 200  # what facts and time have room for; the rest is told
_AT_A_TIME = 8
_MOST_GRANTS = 16


async def run(ctx: Context) -> None:
    known: Mapping[str, Driver] = {}
    units: list[Unit] = []
    found: Inventory | None = None
    async with ctx.step("accelerators-found") as seen:
        known = described(ctx.settings)
        found = await ctx.inventory()
        labels = {node.name: node.labels for node in ctx.nodes}
        classes = ctx.settings.get("deviceClasses") or {}
        everything = units_of(found, known, labels, classes=classes)
        units = everything[:MOST_UNITS]
        seen.update({
            "units": [unit.facts() for unit in units],
            "left_out": [f"{u.maker} on {u.node}" for u in everything[MOST_UNITS:]][:500],
            "undescribed": sorted({unit.maker for unit in units} - known.keys()),
            "incomplete": list(found.incomplete)[:50],
            "not_permitted": list(found.not_permitted),
        })  # fmt: skip
    units = [unit for unit in units if unit.maker in known]
    if not units or found is None:
        return
    advertised = await _advertised(ctx, found, units, known)
    read = await _read(ctx, units, known)
    plain = {(look["maker"], look["node"]): look for look in read}
    granted = await _granted(ctx, units, known, plain)
    await _table(ctx, units, advertised, [*read, *granted])
    first = next((u for u in units if u.device_class or u.resource), None)
    if first is not None:
        told: list[Json] = next((a["said"] for a in advertised if a["node"] == first.node), [])
        await impossible(ctx, first, known[first.maker], told)


async def _advertised(
    ctx: Context, found: Inventory, units: Sequence[Unit], known: Mapping[str, Driver]
) -> list[Json]:
    rows: list[Json] = []
    async with ctx.step("versions-advertised") as seen:
        operators = await _operators(ctx)
        facts = {node.name: node for node in ctx.nodes}
        for unit in units:
            driver, node = known[unit.maker], facts.get(unit.node)
            labels = node.labels if node else {}
            devices = [
                (device.driver, device.attributes)
                for device in found.devices
                if unit.node in device.nodes and maker_of(device.driver, known) == unit.maker
            ]
            said = [
                *from_attributes(devices), *from_labels(labels, driver),
                *promised(operators, unit.maker, labels),
            ]  # fmt: skip
            runtimes = {key: labels[key] for key in driver.runtime_labels if key in labels}
            rows.append({
                "maker": unit.maker, "node": unit.node, "group": unit.group, "said": said[:8],
                "runtime": node.runtime if node else "", "kernel": node.kernel if node else "",
                "runtimes": runtimes,
            })  # fmt: skip
        seen["nodes"] = rows
        seen["operators"] = operators
        seen["runtime_classes"] = await _runtime_classes(ctx)
    return rows


async def _operators(ctx: Context) -> list[Json]:
    found = []
    for operator in OPERATORS:
        objects = await ctx.find(operator.resource, namespace=None)
        found += [read(operator, each) for each in objects]
    return found[:50]


async def _runtime_classes(ctx: Context) -> list[str]:
    classes = await ctx.find(RUNTIME_CLASS, namespace=None)
    return sorted(f"{c['metadata']['name']}={c.get('handler', '')}" for c in classes)[:50]


async def _read(ctx: Context, units: Sequence[Unit], known: Mapping[str, Driver]) -> list[Json]:
    """On each node, by a pod that asked for no device."""
    looks: list[Json] = []
    usable = [unit for unit in units if unit.usable]
    async with ctx.step("true-versions-read") as seen:
        for start in range(0, len(usable), _AT_A_TIME):
            some = list(enumerate(usable[start : start + _AT_A_TIME], start + 1))
            looks += await asyncio.gather(*(_plain(ctx, n, unit, known) for n, unit in some))
            seen["looks"] = looks
        seen["looks"] = looks
    return looks


async def _plain(ctx: Context, number: int, unit: Unit, known: Mapping[str, Driver]) -> Json:
    driver = known[unit.maker]
    pod = manifests.reader(
        unit, ctx.hostname(unit.node), driver, name=ctx.name(f"reader-{number}"), nonce=ctx.nonce
    )
    return {"maker": unit.maker, "node": unit.node, **await visit(ctx, pod, driver)}


async def _granted(
    ctx: Context,
    units: Sequence[Unit],
    known: Mapping[str, Driver],
    plain: Mapping[tuple[str, str], Json],
) -> list[Json]:
    """One device on a node of each group, and where only a granted container sees the version."""
    looks: list[Json] = []
    async with ctx.step("device-granted") as seen:
        if not ctx.device_budget:
            raise UnavailableError("NoDeviceAllowed", "run.checks.accelerators is 0")
        seen["looks"] = looks
        for number, unit in enumerate(_to_try(units, plain), 1):
            look = await grant(ctx, unit, known[unit.maker], number=number)
            before = plain.get((unit.maker, unit.node)) or {}
            look["new_devices"] = _beyond(look, before, "devices")
            look["new_files"] = _beyond(look, before, "files")
            looks.append({**look, "compared": bool(before.get("said"))})
    return looks


def _to_try(units: Sequence[Unit], plain: Mapping[tuple[str, str], Json]) -> list[Unit]:
    """The first with a free device of each group; then those whose version nobody has read."""
    free = [unit for unit in units if unit.device_class or unit.resource]
    first: dict[str, Unit] = {}
    for unit in free:
        first.setdefault(unit.group, unit)
    chosen = list(first.values())
    unread = [
        unit
        for unit in free
        if unit not in chosen and not (plain.get((unit.maker, unit.node)) or {}).get("version")
    ]
    return [*chosen, *unread][: max(_MOST_GRANTS, len(chosen))]


def _beyond(look: Json, before: Json, key: str) -> list[str]:
    return sorted(set(look[key]) - set(before.get(key) or ()))


async def _table(
    ctx: Context, units: Sequence[Unit], advertised: Sequence[Json], looks: Sequence[Json]
) -> None:
    """`versions.csv`: what is said and what is so, side by side."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("node", "accelerators", "advertised", "by", "true", "read in", "runtime"))
    for unit in units:
        here = [r for r in looks if (r["maker"], r["node"]) == (unit.maker, unit.node)]
        true: Json = next((r for r in here if r["version"]), {})
        told: Json = next(
            (a for a in advertised if (a["maker"], a["node"]) == (unit.maker, unit.node)), {}
        )
        nothing: list[Json] = [{}]
        for said in told.get("said") or nothing:
            rows.writerow((
                unit.node, unit.maker, said.get("version", ""), said.get("key", ""),
                true.get("version", ""), true.get("source", ""), told.get("runtime", ""),
            ))  # fmt: skip
    await ctx.file("versions.csv", text.getvalue())
