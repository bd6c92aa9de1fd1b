"""A pod that looks once, from its creation to its listing."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.framework import Context, HttpError, ImageError, asked
from aiconform.checks.secure_accelerator_access import pods
from aiconform.checks.secure_accelerator_access.listings import compact
from aiconform.checks.secure_accelerator_access.manifests import VISITOR, word
from aiconform.cluster.resources import POD

Json = dict[str, Any]

START_S = 300.0
LOG_S = 10.0
_MOST_ASKED = 64  # what the server takes
_SEEN = "devices.seen"
_NO_IMAGE = frozenset({"ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"})


async def visit(ctx: Context, pod: Mapping[str, Any], *, limit_s: float = START_S) -> Json:
    """
    Make the pod and wait until it has looked, or the runtime would not start it.

    Returns:
        `pod` (its state), `listing` (None: it said nothing), `files` (evidence saved).

    Raises:
        RefusedError, ImageError and the like: trouble of the step.
    """
    name = str(pod["metadata"]["name"])
    await ctx.apply(POD, pod, namespace="probe")

    def settled(found: Json) -> bool:
        return is_settled(found) and (pods.is_ended(found) or pods.is_refused(found))

    last = await ctx.wait_for(POD, name, settled, limit_s=limit_s, namespace="probe")
    last = last or await ctx.get(POD, name, namespace="probe")
    listing = None
    files: list[str] = []
    if last is not None and not pods.is_refused(last):
        listing, files = await first_listing(ctx, name, VISITOR)
    if last is not None:
        await ctx.delete(POD, last, namespace="probe")
    return {"pod": pods.pod_state(last), "listing": listing, "files": files}


def is_settled(pod: Json) -> bool:
    """
    Ready, ended, or the runtime would not start it.

    Raises:
        ImageError: Its image cannot be had.
    """
    state = pods.pod_state(pod)
    if state["reason"] in _NO_IMAGE:
        raise ImageError(state["name"], reason=state["reason"], sentence=state["message"])
    return bool(state["ready"]) or pods.is_ended(pod) or pods.is_refused(pod)


async def first_listing(ctx: Context, name: str, container: str) -> tuple[Json | None, list[str]]:
    """The container's first look, from its log, and the evidence file of it."""

    async def look() -> Json | None:
        lines = await ctx.log_lines(name, container=container, namespace="probe")
        return next((line for line in lines if _is_ours(ctx, line, container)), None)

    line = await ctx.until(look, limit_s=LOG_S)
    return (
        (None, []) if line is None else (compact(line), [await _saved(ctx, name, container, line)])
    )


async def look_again(
    ctx: Context,
    pod: Json,
    container: str,
    port: int,
    *,
    make: Sequence[str],
    look_for: Sequence[str] = (),
    label: str,
) -> tuple[Json, list[str]]:
    """
    Ask a running container to open devices that it sees, and to make and open files of numbers.

    Args:
        make: Device numbers, which are opened as well.
        look_for: Further paths' patterns and device numbers.

    Raises:
        HttpError: It did not answer, or another one did.
    """
    address = str((pod.get("status") or {}).get("podIP") or "")
    body = {"open": [*look_for, *make][:_MOST_ASKED], "mknod": list(make)}
    line = await asked(ctx, address, port, "look", body, timeout_s=30.0)
    told = (line.get("nonce"), line.get("pod_uid"))
    if told != (word(ctx.nonce, container), pod["metadata"]["uid"]):
        raise HttpError(f"POST look of {address}: somebody else answered")
    name = str(pod["metadata"]["name"])
    return compact(line), [await _saved(ctx, name, f"{container}-{label}", line)]


def _is_ours(ctx: Context, line: Mapping[str, Any], container: str) -> bool:
    return line.get("event") == _SEEN and line.get("nonce") == word(ctx.nonce, container)


async def _saved(ctx: Context, pod: str, container: str, line: Json) -> str:
    path = f"visibility/{pod}-{container}.json"
    await ctx.file(path, json.dumps(line, indent=1, sort_keys=True))
    return path
