"""What the autoscaler says while it works: events of our pods, NodeClaims, its own status."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiconform.checks.cluster_autoscaling import words
from aiconform.checks.cluster_autoscaling.finding import versioned
from aiconform.checks.cluster_autoscaling.kinds import (
    KARPENTER_POOL,
    NODE_CLAIM,
    STATUS,
    STATUS_NAMESPACE,
)
from aiconform.checks.cluster_autoscaling.pool import Pool
from aiconform.checks.framework import Context
from aiconform.cluster.resources import CONFIG_MAP, EVENT
from aiconform.cluster.trouble import mapping

Json = dict[str, Any]
_LOOK_S = 1.0
_SAID_S = 15.0  # events are written a moment after what they tell
_CLAIMS_EVERY_S = 5.0


class Said:
    """
    Attributes:
        adapter: Whose words are understood: karpenter, cluster-autoscaler, generic.
        karpenter: The version of Karpenter's API that is served.
        events: All that were told of our pods, for `events.jsonl`.
    """

    def __init__(self, ctx: Context, pool: Pool, *, adapter: str, karpenter: str) -> None:
        self._ctx, self._pool = ctx, pool
        self.adapter, self._karpenter = adapter, karpenter
        self.events: list[Json] = []
        self._claims: dict[str, Json] = {}
        self._looked = 0.0

    async def of_pod(
        self, short: str, pod: Mapping[str, Any], wanted: Callable[[Sequence[Json]], list[str]]
    ) -> list[Json]:
        """Events of a pod of ours, once there is one of those wanted or some time has passed."""
        fields = f"involvedObject.uid={pod['metadata']['uid']}"
        told: list[Json] = []

        async def look() -> bool:
            told[:] = words.digest(await self._ctx.find(EVENT, fields=fields))
            return bool(wanted(told))

        await self._ctx.until(look, limit_s=_SAID_S, every_s=_LOOK_S)
        self.events += [{"pod": short, **each} for each in told]
        return told[:50]

    async def look_at_claims(self) -> None:
        """Now and then: NodeClaims without success are soon deleted again."""
        if self.adapter != "karpenter" or self._ctx.now() < self._looked + _CLAIMS_EVERY_S:
            return
        self._looked = self._ctx.now()
        await self._list_claims()

    async def of_node(self, trigger: Mapping[str, Any], *, came: bool) -> Json:
        """What is said of the trigger, and of what stands in its way elsewhere."""
        told = await self.of_pod("trigger", trigger, words.called)
        elsewhere: list[str] = []
        if self.adapter == "karpenter":
            await self._list_claims()
            elsewhere = await self._without_capacity()
        if self.adapter == "cluster-autoscaler" and not came:
            elsewhere = [await self._backoff()]
        claims = list(self._claims.values())[:20]
        return {"events": told, "claims": claims, "elsewhere": [w for w in elsewhere if w]}

    async def _list_claims(self) -> None:
        found = await self._ctx.find(versioned(NODE_CLAIM, self._karpenter), namespace=None)
        name = self._pool.selector.get(KARPENTER_POOL, "")
        self._claims.update({c["uid"]: c for c in words.claims(found, name)})

    async def _without_capacity(self) -> list[str]:
        """Karpenter's word that the cloud had none, of a NodeClaim that it then gave up."""
        fields = "involvedObject.kind=NodeClaim,reason=InsufficientCapacityError"
        events = await self._ctx.find(EVENT, namespace="default", fields=fields)
        known = {claim["name"] for claim in self._claims.values()}
        return [
            f"insufficient capacity: {event.get('message')}"[:600]
            for event in events
            if mapping(event.get("involvedObject")).get("name") in known
        ]

    async def _backoff(self) -> str:
        status = await self._ctx.get(CONFIG_MAP, STATUS, namespace=STATUS_NAMESPACE) or {}
        text = str(mapping(status.get("data")).get("status", ""))
        await self._ctx.file("objects/cluster-autoscaler-status.txt", text)
        return words.backoff(text)
