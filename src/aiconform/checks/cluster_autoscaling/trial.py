"""One pod for a whole node, and one for more than that: what the autoscaler makes of them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.cluster_autoscaling import nodes as of
from aiconform.checks.cluster_autoscaling import words
from aiconform.checks.cluster_autoscaling.pool import PENDING_S, Limits, Pool
from aiconform.checks.cluster_autoscaling.said import Said
from aiconform.checks.framework import Change, Context, UnavailableError, workload
from aiconform.cluster.resources import NODE, POD
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]
NODES, EVENTS = "nodes.csv", "events.jsonl"
_LOOK_S = 1.0


class Trial:
    """
    Attributes:
        said: What the autoscaler says meanwhile.
        known: UIDs of the pool's nodes that were there before anything was asked for.
        brought: Nodes that came since, as they were last seen.
        gone_at: UID of such a node → when it was gone, Unix seconds.
        waited: Step → seconds that the platform took.
    """

    def __init__(self, ctx: Context, pool: Pool, limits: Limits, *, said: Said) -> None:
        self.ctx, self.pool, self.limits, self.said = ctx, pool, limits, said
        self.known: set[str] = set()
        self.baseline = 0
        self.waited: dict[str, float] = {}
        self.rows: list[str] = []
        self.brought: list[Json] = []
        self.gone_at: dict[str, float] = {}
        self._trigger: Json = {}
        self._node: Json = {}
        self.began = ctx.now()

    # --- up ------------------------------------------------------------------------------------

    async def wait_pending(self) -> bool:
        """The trigger is made, and no node that is there can take it."""
        ctx, told = self.ctx, dict[str, Any]()
        async with (
            ctx.step("pending") as seen,
            ctx.following(POD, labels=ctx.selector) as changes,
        ):
            self._trigger = await ctx.apply(POD, self._pod("trigger", self.pool.devices_per_node))
            uid = self._trigger["metadata"]["uid"]

            async def look() -> bool:
                told.update(_first_word(changes, uid, wanted=self.pool.resource))
                return bool(told.get("bound")) or (
                    told["message"] is not None
                    and (not self.baseline or self.pool.resource in told["message"])
                )

            await ctx.until(look, limit_s=PENDING_S, every_s=_LOOK_S)
            seen.update({"uid": uid, "baseline": self.baseline, "limit_s": PENDING_S,
                         "message": told.get("message"), "bound": told.get("bound")})  # fmt: skip
        return seen.ok and told.get("message") is not None

    async def wait_added(self) -> bool:
        """A new node comes, and the trigger runs on it."""
        ctx, began = self.ctx, self.ctx.now()
        async with (
            ctx.step("added") as seen,
            ctx.following(NODE, namespace=None, labels=self.pool.labels) as changes,
        ):
            seen["limit_s"] = self.limits.up_s
            try:
                pod = await ctx.until(self._bound, limit_s=self.limits.up_s, every_s=_LOOK_S)
                if pod is not None:
                    running = await ctx.pod_ready(self._name)
                    await self._still_there()
                    seen["running"] = running is not None
                    await self._look_at_node(str(pod["spec"]["nodeName"]))
                    await ctx.save("objects/trigger.yaml", running or pod)
            finally:
                self.brought = of.came(changes, self.pool, self.known)
                self.rows += of.rows(changes, self.pool, step="added", began=self.began)
                seen["took_s"] = round(ctx.now() - began, 1)
                seen["new_nodes"] = self.brought[:20]
                self.waited["added"] = seen["took_s"]
            seen.update(await self.said.of_node(self._trigger, came=bool(self._node)))
            seen.update({"node": self._node or None, "adapter": self.said.adapter,
                         "trigger": _identity(self._trigger),
                         "devices": self.pool.devices_per_node})  # fmt: skip
        await self._write()
        return seen.ok and bool(self._node) and self._node["uid"] not in self.known

    @property
    def _name(self) -> str:
        return str(self._trigger["metadata"]["name"])

    async def _bound(self) -> Json | None:
        await self.said.look_at_claims()
        pod = await self._still_there()
        return pod if pod["spec"].get("nodeName") else None

    async def _still_there(self) -> Json:
        """
        The trigger.

        Raises:
            UnavailableError: Somebody has deleted it, so that nothing is asked for any more.
        """
        pod = await self.ctx.get(POD, self._name)
        if pod is None or pod["metadata"].get("deletionTimestamp"):
            told = f"the pod {self._name} was deleted, and not by this check"
            raise UnavailableError("TriggerGone", told)
        return pod

    async def _look_at_node(self, name: str) -> None:
        node = await self.ctx.get(NODE, name, namespace=None)
        if node is not None:
            self._node = {**of.brief(node, self.pool), "known": False}
            self._node["known"] = self._node["uid"] in self.known
            await self.ctx.save("objects/node.yaml", node)

    # --- down ----------------------------------------------------------------------------------

    async def wait_removed(self) -> None:
        """The trigger goes; its node has to follow, and no other."""
        ctx, name = self.ctx, str(self._node["name"])
        async with (
            ctx.step("removed") as seen,
            ctx.following(NODE, namespace=None, labels=self.pool.labels) as changes,
        ):
            try:
                seen["there"] = not await self._gone(name, self._node["uid"])
                began = ctx.now()
                await ctx.delete(POD, self._trigger)
                gone = await ctx.until(
                    lambda: self._gone(name, self._node["uid"]),
                    limit_s=self.limits.down_s, every_s=_LOOK_S,
                )  # fmt: skip
                took = ctx.now() - began
                self.waited["removed"] = took
                seen.update({"node": name, "gone": bool(gone), "took_s": round(took, 1),
                             "limit_s": self.limits.down_s})  # fmt: skip
                if gone:
                    self.gone_at[self._node["uid"]] = ctx.now()
                else:
                    seen["foreign"] = await self._foreign(name)
            finally:
                self.rows += of.rows(changes, self.pool, step="removed", began=self.began)
        await self._write()

    async def withdraw(self) -> None:
        """The trigger goes without having run; do the nodes that came go as well?"""
        ctx = self.ctx
        async with ctx.step("withdrawn") as seen:
            if self._trigger:
                await ctx.delete(POD, self._trigger)
            seen["nodes"] = [node["name"] for node in self.brought][:20]
            await ctx.until(self._all_gone, limit_s=self.limits.down_s, every_s=5.0)
            seen["left"] = self.left()

    async def _all_gone(self) -> bool:
        for node in self.brought:
            if node["uid"] not in self.gone_at and await self._gone(node["name"], node["uid"]):
                self.gone_at[node["uid"]] = self.ctx.now()
        return not self.left()

    def left(self) -> list[str]:
        """Names of nodes that came since the baseline and are not known to be gone."""
        return [node["name"] for node in self.brought if node["uid"] not in self.gone_at]

    def node_minutes(self) -> float:
        """What was added, from when it was made until it was gone, or until now."""
        now = self.ctx.now()
        spans: list[float] = [self.gone_at.get(n["uid"], now) - n["created"] for n in self.brought]
        return round(sum(max(0.0, span) for span in spans) / 60, 2)

    async def _gone(self, name: str, uid: str) -> bool:
        """Whether the node is no more; another one of the same name does not count."""
        found = await self.ctx.get(NODE, name, namespace=None)
        return found is None or str(mapping(found.get("metadata")).get("uid")) != uid

    async def _foreign(self, node: str) -> list[str]:
        """Namespaces of pods that keep the node: not ours, not one that every node has."""
        pods = await self.ctx.find(POD, namespace=None, fields=f"spec.nodeName={node}")
        return sorted(
            str(mapping(pod.get("metadata")).get("namespace"))
            for pod in pods
            if mapping(pod.get("status")).get("phase") not in {"Succeeded", "Failed"}
            and mapping(pod.get("metadata")).get("namespace") != self.ctx.work
            and not any(
                owner.get("kind") in {"DaemonSet", "Node"}
                for owner in mappings(mapping(pod.get("metadata")).get("ownerReferences"))
            )
        )

    async def _counts(self, changes: Sequence[Change], limit_s: float) -> list[int]:
        """The least and the most Ready nodes of the pool during this time."""
        counts: set[int] = set()

        async def look() -> None:
            if changes:  # nothing yet: the watch has not begun, or there is no node
                counts.add(of.ready_count(of.standing(changes, self.pool)))

        await self.ctx.until(look, limit_s=limit_s, every_s=_LOOK_S)
        return [min(counts, default=0), max(counts, default=0)]

    # --- neither -------------------------------------------------------------------------------

    async def wait_refused(self) -> None:
        """A pod for one device more than a node has: no node may come for it."""
        ctx, known = self.ctx, {*self.known, *(node["uid"] for node in self.brought)}
        async with (
            ctx.step("refused") as seen,
            ctx.following(NODE, namespace=None, labels=self.pool.labels) as changes,
        ):
            try:
                more = self.pool.devices_per_node + 1
                seen["baseline"] = self.baseline + len(self.left())
                pod = await ctx.apply(POD, self._pod("too-large", more))
                counts = await self._counts(changes, self.limits.refuse_s)
                told = await self.said.of_pod("too-large", pod, words.refused)
                last = await ctx.get(POD, pod["metadata"]["name"])
                listed = await ctx.find(NODE, namespace=None, labels=self.pool.labels)
                late = [of.brief(n, self.pool) for n in listed]
                new = {n["uid"]: n for n in late if n["uid"] not in known}
                new |= {n["uid"]: n for n in of.came(changes, self.pool, known)}
                self.brought += new.values()
                seen.update(
                    {"devices": more, "events": told, "new_nodes": list(new.values())[:20],
                     "bound": last["spec"].get("nodeName") if last else None,
                     "adapter": self.said.adapter, "window_s": self.limits.refuse_s,
                     "ready_counts": counts}
                )  # fmt: skip
                await ctx.delete(POD, pod)
            finally:
                self.rows += of.rows(changes, self.pool, step="refused", began=self.began)
        await self._write()

    # --- inside --------------------------------------------------------------------------------

    def _pod(self, short: str, devices: int) -> Json:
        """Of the pool, and not pinned to nodes that are there: a new one may take it."""
        container = workload("metrics", port=8080, devices={self.pool.resource: devices})
        return {
            "metadata": {"name": self.ctx.name(short)},
            "spec": {
                "priorityClassName": self.ctx.scale_class,
                "nodeSelector": dict(self.pool.selector),
                "tolerations": [dict(each) for each in self.pool.tolerations],
                "containers": [container],
            },
        }

    async def _write(self) -> None:
        """Evidence so far: should the time box end the check, it stays."""
        await self.ctx.file(NODES, of.HEADING + "".join(self.rows))
        lines = (json.dumps(event) for event in self.said.events)
        await self.ctx.file(EVENTS, "".join(f"{line}\n" for line in lines))


def _identity(pod: Mapping[str, Any]) -> Json:
    return {"uid": pod["metadata"]["uid"], "created": of.created(pod)}


def _first_word(changes: Sequence[Change], uid: str, *, wanted: str) -> Json:
    """
    What first became of a pod: refused by the scheduler (`message`), or `bound` at once.

    Of several messages it is the one with the word that is wanted, else the last.
    """
    messages: list[str] = []
    for change in changes:
        if mapping(change.object.get("metadata")).get("uid") != uid:
            continue
        if node := mapping(change.object.get("spec")).get("nodeName"):
            bound = None if messages else str(node)
            return {"message": _best(messages, wanted), "bound": bound}
        for condition in mappings(mapping(change.object.get("status")).get("conditions")):
            refused = condition.get("type") == "PodScheduled" and condition.get("status") == "False"
            if refused and condition.get("reason") == "Unschedulable":
                messages.append(str(condition.get("message") or "")[:1000])
    return {"message": _best(messages, wanted), "bound": None}


def _best(messages: Sequence[str], wanted: str) -> str | None:
    named = [message for message in messages if wanted in message]
    return next(reversed(named or messages), None)
