"""A pod of this check, and what it says when it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiconform.checks.framework import PREPARE_S, Context, HttpError, allocated, asked
from aiconform.checks.high_performance_networking.manifests import PORT
from aiconform.cluster.facts import pod_facts
from aiconform.cluster.resources import POD, RESOURCE_CLAIM

Json = dict[str, Any]


@dataclass(frozen=True)
class Running:
    uid: str
    ip: str
    node: str


async def start(ctx: Context, manifest: Json, *, claim: str = "") -> tuple[Json, Running | None]:
    """
    Make the pod and wait until it is ready; what it is as facts, and itself when it is.

    Raises:
        RefusedError, ImageError and the like: trouble of the step.
    """
    made = await ctx.apply(POD, manifest)
    name = made["metadata"]["name"]
    ready = await ctx.pod_ready(name, limit_s=PREPARE_S)
    last = ready or await ctx.get(POD, name) or made
    found = await ctx.get(RESOURCE_CLAIM, claim) if claim else None
    status = (found or {}).get("status") or {}
    trouble = pod_facts(last).trouble
    node = (last.get("spec") or {}).get("nodeName")
    ip = str((last.get("status") or {}).get("podIP") or "")
    await ctx.save(f"objects/{name}.yaml", [each for each in (last, found) if each])
    facts = {
        "bound": node,
        "running": ready is not None,
        "why": trouble.sentence[:300] if trouble else "",
        "ip": ip,
        "devices": allocated(found or {}),
        "network_data": [d.get("networkData") for d in status.get("devices") or ()],
    }
    if ready is None:
        return facts, None
    return facts, Running(str(last["metadata"]["uid"]), ip, str(node))


async def ask(
    ctx: Context, pod: Running, what: str, body: Mapping[str, Any], *, timeout_s: float = 15.0
) -> Json:
    """
    Raises:
        HttpError: It did not answer, another one did, or it refused.
    """
    told = await asked(ctx, pod.ip, PORT, what, body, timeout_s=timeout_s)
    if (told.get("nonce"), told.get("pod_uid")) != (ctx.nonce, pod.uid):
        raise HttpError(f"POST {what} of {pod.ip}: somebody else answered")
    return told
