"""What is looked at; nothing is judged here."""

import asyncio
import json
from typing import Any

from aiconform.checks.framework import Context, UnavailableError, said
from aiconform.checks.workload_sandboxing import manifests
from aiconform.checks.workload_sandboxing.classes import Site, choose, promises
from aiconform.cluster.facts import pod_facts
from aiconform.cluster.resources import EVENT, POD, RUNTIME_CLASS

Json = dict[str, Any]

START_S = 180.0
SAY_S = 45.0  # the search of all files may take ten seconds, and a busy node longer
# The kubelet tries again and again; so often says that it will not work.
MOST_ATTEMPTS = 3
_ENDED = frozenset({"Succeeded", "Failed"})
_SEEN, _FAILED = "sandbox.seen", "FailedCreatePodSandBox"


async def run(ctx: Context) -> None:
    sites: list[Site] = []
    async with ctx.step("classes-found") as seen:
        classes = await ctx.find(RUNTIME_CLASS, namespace=None)
        sites, left_out = choose(classes, ctx.nodes, ctx.settings)
        seen.update({
            "classes": [
                {"name": c["metadata"]["name"], "handler": c.get("handler", ""),
                 "promises": promises(c)}
                for c in classes[:50]
            ],
            "sites": [site.facts() for site in sites],
            "left_out": left_out,
            # Recorded: an API for sandboxes that rests on such classes.
            "agent_sandbox": list(await ctx.versions("agents.x-k8s.io")),
        })  # fmt: skip
        await ctx.save("objects/runtimeclasses.yaml", list(classes))
    if not sites:
        return
    await _unknown_class(ctx, sites[0])
    await asyncio.gather(*(_site(ctx, site, number) for number, site in enumerate(sites, 1)))


async def _unknown_class(ctx: Context, site: Site) -> None:
    """A class that does not exist, and the same pod without one: dry runs of both."""
    async with ctx.step("unknown-class-refused") as seen:
        for key, name in (("unknown", f"{ctx.name('absent')}-{ctx.nonce}".lower()), ("known", "")):
            asked = Site(name, "", site.node, claimed=False)
            make = manifests.sandboxed if name else manifests.plain
            pod = make(
                asked, ctx.hostname(site.node), name=ctx.name(key), nonce=ctx.nonce,
                canary="canary",
            )  # fmt: skip
            reply = await ctx.attempt(POD, pod, namespace="probe")
            seen[key] = {"ok": reply.ok, "status": reply.status, "message": reply.message[:400]}


async def _site(ctx: Context, site: Site, number: int) -> None:
    canary = f"canary-{ctx.nonce}-{number}".lower()
    asked = {"nonce": ctx.nonce, "canary": canary}
    hostname = ctx.hostname(site.node)
    neighbour = ctx.name(f"neighbour-{number}")
    placed: Json | None = None
    async with ctx.step(f"neighbours-{number}") as seen:
        seen.update(site.facts())
        placed = await ctx.apply(
            POD, manifests.neighbour(site, hostname, name=neighbour, **asked), namespace="probe"
        )
        other = ctx.name(f"plain-{number}")
        made = await ctx.apply(
            POD, manifests.plain(site, hostname, name=other, **asked), namespace="probe"
        )
        await ctx.pod_ready(neighbour, namespace="probe")
        seen["first"] = await _said(ctx, placed, f"{number}-neighbour")
        await ctx.pod_ended(other, namespace="probe")
        seen["second"] = await _said(ctx, made, f"{number}-plain")
        await ctx.delete(POD, made, namespace="probe")
    if not seen.ok or placed is None or seen["first"] is None:
        return
    async with ctx.step(f"sandbox-{number}") as seen:
        seen.update(site.facts())
        name = ctx.name(f"sandboxed-{number}")
        made = await ctx.apply(
            POD, manifests.sandboxed(site, hostname, name=name, **asked), namespace="probe"
        )
        seen["kept"] = made["spec"].get("runtimeClassName")
        last = await ctx.until(lambda: _settled(ctx, made), limit_s=START_S)
        last = last or await ctx.get(POD, name, namespace="probe") or made
        ended = (last.get("status") or {}).get("phase") in _ENDED
        trouble = pod_facts(last).trouble
        seen["bound"] = (last.get("spec") or {}).get("nodeName")
        seen["ended"] = ended
        seen["why"] = trouble.sentence[:300] if trouble else ""
        seen["events"] = [] if ended else _told(await _events(ctx, made))
        seen["line"] = await _said(ctx, made, f"{number}-sandbox") if ended else None
        still = await ctx.get(POD, neighbour, namespace="probe")
        seen["neighbour_running"] = (
            still is not None
            and still["metadata"]["uid"] == placed["metadata"]["uid"]
            and (still.get("status") or {}).get("phase") == "Running"
        )
        await ctx.save(f"objects/sandboxed-{number}.yaml", last)


async def _settled(ctx: Context, made: Json) -> Json | None:
    """
    The pod once it has ended, or its sandbox could not be made several times.

    Raises:
        UnavailableError: It is gone.
    """
    pod = await ctx.get(POD, made["metadata"]["name"], namespace="probe")
    if pod is None:
        raise UnavailableError("PodGone", "the sandboxed pod was taken away")
    if (pod.get("status") or {}).get("phase") in _ENDED:
        return pod
    refused = [e for e in await _events(ctx, made) if e.get("reason") == _FAILED]
    attempts = sum(_count(event) for event in refused)
    return pod if attempts >= MOST_ATTEMPTS else None


async def _events(ctx: Context, pod: Json) -> list[Json]:
    uid = pod["metadata"]["uid"]
    found = await ctx.find(EVENT, namespace="probe", fields=f"involvedObject.uid={uid}")
    return [e for e in found if (e.get("involvedObject") or {}).get("uid") == uid]


def _told(events: list[Json]) -> list[str]:
    """Warnings, the newest last."""
    told = [f"{e.get('reason')}: {e.get('message')}"[:400] for e in events if _warns(e)]
    return told[-5:]


def _warns(event: Json) -> bool:
    return str(event.get("type")) == "Warning"


def _count(event: Json) -> int:
    series = event.get("series") or {}
    return int(series.get("count") or event.get("count") or 1)


async def _said(ctx: Context, pod: Json, file: str) -> Json | None:
    """Its one line, kept as a file too."""
    line = await said(ctx, pod, _SEEN, limit_s=SAY_S, namespace="probe")
    if line is not None:
        await ctx.file(f"identities/{file}.json", json.dumps(line, indent=1, sort_keys=True))
    return line
