"""A pod that looks once; what it said, and what became of it."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiconform.catalogue.drivers import Driver
from aiconform.checks.driver_runtime_management.versions import in_text
from aiconform.checks.framework import Context, said
from aiconform.cluster.facts import pod_facts
from aiconform.cluster.resources import POD

Json = dict[str, Any]

START_S = 300.0
SAY_S = 20.0
_SEEN = "devices.seen"


async def visit(
    ctx: Context,
    pod: Json,
    driver: Driver,
    *,
    limit_s: float = START_S,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> Json:
    """
    Make the pod, wait for what it says, and delete it.

    Args:
        meanwhile: Of a pod that stays: what to do while it is there. Others end by themselves.

    Returns:
        `bound`: the node that it went to; `ran`; `why`: its trouble; `said`: whether it spoke;
        `files`, `devices`: paths; `version`, `source`: of the driver, by its files; `tool`.

    Raises:
        RefusedError, ImageError and the like: trouble of the step.
    """
    name = str(pod["metadata"]["name"])
    made = await ctx.apply(POD, pod)
    wait = ctx.pod_ready if meanwhile else ctx.pod_ended
    ran = await wait(name, limit_s=limit_s)
    last = ran or await ctx.get(POD, name) or made
    line = await said(ctx, last, _SEEN, limit_s=SAY_S) if ran else None
    if ran and meanwhile:
        await meanwhile()
    if line is not None:
        await ctx.file(f"visits/{name}.json", json.dumps(line, indent=1, sort_keys=True))
    trouble = pod_facts(last).trouble
    await ctx.delete(POD, last)
    return {
        "pod": name,
        "bound": (last.get("spec") or {}).get("nodeName"),
        "ran": ran is not None,
        "why": trouble.sentence[:400] if trouble else "",
        "said": line is not None,
        **seen_in(line or {}, driver),
    }


def seen_in(line: Mapping[str, Any], driver: Driver) -> Json:
    """What counts of a listing (pure)."""
    texts = {str(t["path"]): t["text"] for t in line.get("texts") or ()}
    source, version = next(
        (
            (path, found)
            for path in driver.version_files
            if (found := in_text(texts.get(path), driver.version_pattern))
        ),
        (None, None),
    )
    devices = [d["path"] for d in line.get("devices") or () if d.get("kind") == "char"]
    return {
        "version": version,
        "source": source,
        "devices": [path for path in devices if _notable(path)][:100],
        "files": sorted(
            {*(line.get("vendor_files") or ()), *(p for p, text in texts.items() if text)}
        )[:100],
        "tool": [
            {"status": each.get("status"), "output": str(each.get("output"))[:300]}
            for each in line.get("executed") or ()
            if each.get("found")
        ],
    }


def _notable(path: str) -> bool:
    return not path.startswith(("/dev/pts/", "/dev/console"))
