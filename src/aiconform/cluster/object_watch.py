"""
A watch that goes on for ever: it begins again where it ended, and lists again when it has to.

Source: kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Literal

import structlog

from aiconform.cluster.objects import Change, Listing
from aiconform.cluster.requests import Request, Requests
from aiconform.cluster.resources import Resource
from aiconform.model.errors import ClusterError, ForbiddenError, NotServedError

log = structlog.get_logger()

Json = dict[str, Any]

WATCH_S = 290
_SILENCE_S = 330.0  # longer than a watch lasts: its end comes before
_BREAKS = 20
_PAUSE_S = 0.5
_KINDS: Mapping[str, Literal["ADDED", "MODIFIED", "DELETED"]] = {
    "ADDED": "ADDED",
    "MODIFIED": "MODIFIED",
    "DELETED": "DELETED",
}


async def follow(
    requests: Requests,
    listed: Callable[[], Awaitable[Listing]],
    resource: Resource,
    *,
    path: str,
    selectors: Mapping[str, str],
) -> AsyncIterator[Change]:
    """
    First all that is there, as ADDED; then every change, in the API server's order.

    Raises:
        ForbiddenError, NotServedError: At once.
        ClusterError: It broke again and again without a single event in between.
    """
    seen: dict[str, Json] = {}  # by UID
    breaks = 0
    while True:
        try:
            listing = await listed()
            for change in _since(seen, listing):
                yield change
            async for change in _from(
                requests, resource, path=path, version=listing.version, selectors=selectors
            ):
                breaks = 0
                _keep(seen, change)
                yield change
        except (ForbiddenError, NotServedError):
            raise
        except ClusterError as exc:
            breaks += 1
            if breaks > _BREAKS:
                raise
            log.warning("watch.broken", resource=resource.qualified, problem=exc.problem)
            await asyncio.sleep(_PAUSE_S)


async def _from(
    requests: Requests,
    resource: Resource,
    *,
    path: str,
    version: str,
    selectors: Mapping[str, str],
) -> AsyncIterator[Change]:
    """Watches one after the other, until the API server no longer knows where we are (410)."""
    while True:
        query: dict[str, str | int] = {
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": WATCH_S,
            **selectors,
        }
        request = Request(
            "watch", resource.qualified, "GET", path, query=query, attempt_s=_SILENCE_S
        )
        async with requests.stream(request) as lines:
            async for line in lines:
                event = json.loads(line)
                found = event.get("object") or {}
                if event.get("type") == "ERROR":
                    if found.get("code") == 410:
                        return
                    raise ClusterError(f"cannot {request}: {found.get('message')}")
                version = str((found.get("metadata") or {}).get("resourceVersion") or version)
                if kind := _KINDS.get(str(event.get("type"))):
                    yield Change(kind, whole(found, resource), time.time())


def whole(found: Json, resource: Resource) -> Json:
    """With apiVersion and kind, which lists leave out, and without who wrote which field."""
    metadata = dict(found.get("metadata") or {})
    metadata.pop("managedFields", None)
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        **found,
        "metadata": metadata,
    }


def _since(seen: dict[str, Json], listing: Listing) -> list[Change]:
    """What a new list tells that was not seen; `seen` becomes the list."""
    now = time.time()
    there = {str(item["metadata"].get("uid")): item for item in listing.items}
    changes: list[Change] = []
    for uid, item in there.items():
        known = seen.get(uid)
        if known is None:
            changes.append(Change("ADDED", item, now))
        elif _version(known) != _version(item):
            changes.append(Change("MODIFIED", item, now))
    changes += [Change("DELETED", item, now) for uid, item in seen.items() if uid not in there]
    seen.clear()
    seen.update(there)
    return changes


def _keep(seen: dict[str, Json], change: Change) -> None:
    uid = str(change.object["metadata"].get("uid"))
    if change.kind == "DELETED":
        seen.pop(uid, None)
    else:
        seen[uid] = change.object


def _version(found: Json) -> str:
    return str(found["metadata"].get("resourceVersion"))
