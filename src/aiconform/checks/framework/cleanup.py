"""Everything that a check made goes again, and a listing proves it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiconform.checks.framework.check import Check
from aiconform.checks.framework.surroundings import Surroundings
from aiconform.cluster.objects import Json
from aiconform.cluster.resources import Resource
from aiconform.model.errors import ClusterError, NotServedError

LIMIT_S = 120.0
GRACE_S = 1
_LOOK_S = 0.5
_MOST_NAMED = 50


async def clean_up(
    check: Check, around: Surroundings, *, selector: str, limit_s: float = LIMIT_S
) -> tuple[str, ...]:
    """
    Delete every object that the selector finds, of every kind that the check may make.

    Deleted are only objects that a listing has shown, by their UID. What controllers make again
    meanwhile is deleted with the next look. Finalizers of others are left alone.

    Returns:
        What is still there when the time has passed, and what could not be listed or deleted.
    """
    deadline = around.clock() + limit_s
    while True:
        left, problems = await _sweep(check, around, selector)
        if not left or around.clock() >= deadline:
            named = [*left, *problems]
            return tuple(told[:500] for told in named[:_MOST_NAMED])
        await around.sleep(_LOOK_S)


async def _sweep(check: Check, around: Surroundings, selector: str) -> tuple[list[str], list[str]]:
    """One look: (what was there, what went wrong)."""
    answers = await asyncio.gather(
        *(
            _sweep_kind(around, resource, place, selector)
            for place in ("work", "probe")
            for resource in check.sweeps(place)
        )
    )
    left = [name for names, _ in answers for name in names]
    return left, sorted({problem for _, problem in answers if problem})


async def _sweep_kind(
    around: Surroundings, resource: Resource, place: str, selector: str
) -> tuple[list[str], str]:
    namespace = around.namespace(place)
    try:
        found = await around.objects.list(resource, namespace=namespace, labels=selector)
        await asyncio.gather(*(_delete(around, resource, namespace, o) for o in found.items))
    except NotServedError:
        return [], ""
    except ClusterError as exc:
        return [], f"{resource.qualified} in {namespace}: {exc.problem}"
    return [f"{resource.qualified} {namespace}/{_name(o)}" for o in found.items], ""


async def _delete(
    around: Surroundings, resource: Resource, namespace: str, found: Mapping[str, Any]
) -> None:
    metadata = found["metadata"]
    if metadata.get("deletionTimestamp"):
        return
    await around.objects.delete(
        resource, metadata["name"], namespace=namespace, uid=metadata["uid"], grace_s=GRACE_S
    )


def _name(found: Json) -> str:
    return str(found["metadata"]["name"])
