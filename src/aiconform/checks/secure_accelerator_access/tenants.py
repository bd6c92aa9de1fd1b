"""A pod that was granted a device: started, and ended with its claim."""

from dataclasses import dataclass, field
from typing import Any

from aiconform.checks.framework import Context
from aiconform.checks.secure_accelerator_access import manifests, pods
from aiconform.checks.secure_accelerator_access.sites import Site
from aiconform.checks.secure_accelerator_access.visits import is_settled
from aiconform.cluster.resources import POD, RESOURCE_CLAIM

Json = dict[str, Any]


@dataclass
class Tenant:
    """`pod` as the API has it; `listing` is what its container with the device said."""

    name: str
    claim: str
    pod: Json
    state: Json
    allocated: Json
    files: tuple[str, ...] = ()
    listing: Json | None = field(default=None)


async def start_tenant(
    ctx: Context, site: Site, name: str, *, claim: str, limit_s: float
) -> Tenant:
    """
    Wait until it is ready, or has been rejected.

    Raises:
        RefusedError, ImageError and the like: trouble of the step.
    """
    made = manifests.tenant(site, name=name, nonce=ctx.nonce, claim=claim)
    await ctx.apply(POD, made, namespace="probe")

    settled = await ctx.wait_for(POD, name, is_settled, limit_s=limit_s, namespace="probe")
    pod = settled or await ctx.get(POD, name, namespace="probe") or {}
    found_claim = await ctx.get(RESOURCE_CLAIM, claim, namespace="probe") if claim else None
    path = f"objects/{name}.yaml"
    objects = [found for found in (pod, found_claim) if found]
    if objects:
        await ctx.save(path, objects)
    return Tenant(
        name=name,
        claim=claim,
        pod=pod,
        state=pods.pod_state(pod or None),
        allocated=pods.granted(pod, found_claim),
        files=(path,) if objects else (),
    )


async def end_tenant(ctx: Context, name: str, *, claim: str) -> bool:
    """Delete both and wait; False: one was still there after two minutes."""
    gone = True
    pod = await ctx.get(POD, name, namespace="probe")
    if pod is not None:
        await ctx.delete(POD, pod, namespace="probe")
        gone = await ctx.gone(POD, name, namespace="probe")
    if claim:
        found = await ctx.get(RESOURCE_CLAIM, claim, namespace="probe")
        if found is not None:
            await ctx.delete(RESOURCE_CLAIM, found, namespace="probe")
            gone = await ctx.gone(RESOURCE_CLAIM, claim, namespace="probe") and gone
    return gone
