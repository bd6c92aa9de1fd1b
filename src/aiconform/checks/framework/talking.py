"""What pods of our own say: in their logs, and when they are asked."""

import json
from collections.abc import Mapping
from typing import Any

from aiconform.checks.framework.context import Context
from aiconform.checks.framework.http import HttpError
from aiconform.checks.framework.rights import Workplace

Json = dict[str, Any]


async def said(
    ctx: Context,
    pod: Mapping[str, Any],
    event: str,
    *,
    limit_s: float,
    namespace: Workplace = "work",
) -> Json | None:
    """The first line of this very pod about the event, with this run's nonce; None: not in time."""
    name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]

    async def look() -> Json | None:
        for line in await ctx.log_lines(name, namespace=namespace):
            told = (line.get("event"), line.get("nonce"), line.get("pod_uid"))
            if told == (event, ctx.nonce, uid):
                return line
        return None

    return await ctx.until(look, limit_s=limit_s)


async def asked(
    ctx: Context, address: str, port: int, what: str, body: Mapping[str, Any], *, timeout_s: float
) -> Json:
    """
    What the server of a pod answers; whether it is the pod that was meant, the caller has to see.

    Args:
        address: The pod's, of either IP version.
        what: The path, without a slash.

    Raises:
        HttpError: It did not answer, or refused.
    """
    host = f"[{address}]" if ":" in address else address
    url = f"http://{host}:{port}/{what}"
    headers = {"content-type": "application/json"}
    answer = await ctx.http(
        "POST", url, headers=headers, body=json.dumps(body), timeout_s=timeout_s
    )
    try:
        told = json.loads(answer.text)
    except ValueError as exc:
        raise HttpError(f"POST {url}: HTTP {answer.status}, and no JSON") from exc
    if answer.status != 200 or not isinstance(told, dict):
        raise HttpError(f"POST {url}: HTTP {answer.status}: {answer.text[:200]}")
    return told
