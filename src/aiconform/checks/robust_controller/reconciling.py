"""Looking: an object is made, changed, wounded and deleted, and what the operator does of it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from aiconform.checks.framework import Context
from aiconform.checks.robust_controller.finding import Found
from aiconform.cluster.facts import pod_facts
from aiconform.cluster.resources import POD
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]

STATUS_S = 60.0
GOOD_S = 300.0
CHANGE_S = 120.0
HEAL_S = 120.0
GONE_S = 120.0
_MOST_NAMED = 30


class Trial:
    """One object of the operator's kind, from its beginning to its end."""

    def __init__(self, ctx: Context, found: Found) -> None:
        self._ctx, self._found, self._operator = ctx, found, found.operator
        self._name = ctx.name(found.operator.key)
        self._object: Json = {}
        self._known: set[str] = set()  # UIDs of all that it has owned

    async def run(self) -> None:
        """Stops at what does not come about; what was made is deleted in any case."""
        if await self._see_reconciled():
            steps = [self._see_good, self._see_changed, self._see_healed]
            if self._operator.ends:
                steps = [self._see_changed, self._see_healed, self._see_good]
            for see in steps:
                if not await see():
                    break
        if self._object:
            await self._see_deleted()

    # --- steps ---------------------------------------------------------------------------------

    async def _see_reconciled(self) -> bool:
        """Is a status written, and does it come to own something?"""
        ctx, done = self._ctx, False
        async with ctx.step(self._step("reconciled")) as seen:
            manifest = self._operator.valid(self._name)
            self._object = await ctx.apply(self._found.resource, manifest)

            async def look() -> bool | None:
                owned = await self._owned()
                status = mapping((await self._now()).get("status"))
                seen.update({"status": digest(status), "owned": names(owned)})
                has_children = bool(owned) or self._operator.starts_empty
                return (is_written(status) and has_children) or None

            began = ctx.now()
            done = bool(await ctx.until(look, limit_s=STATUS_S))
            seen.update({"limit_s": STATUS_S, "took_s": ctx.now() - began, "done": done})
            seen["starts_empty"] = self._operator.starts_empty
        return seen.ok and done

    async def _see_good(self) -> bool:
        ctx, good = self._ctx, False
        async with ctx.step(self._step("good")) as seen:

            async def look() -> bool | None:
                found = await self._now()
                seen["status"] = digest(mapping(found.get("status")))
                seen["missing"] = missing = self._missing(found)
                return not missing or None

            began = ctx.now()
            good = bool(await ctx.until(look, limit_s=GOOD_S, every_s=1.0))
            seen.update({"limit_s": GOOD_S, "took_s": ctx.now() - began, "done": good})
            seen["troubles"] = [] if good else troubles(await self._owned())
            await ctx.save(f"objects/{self._operator.key}.yaml", await self._now())
        return seen.ok and good

    async def _see_changed(self) -> bool:
        ctx, followed = self._ctx, False
        async with ctx.step(self._step("changed")) as seen:
            before = await self._owned()
            found = await self._now()
            changed = await ctx.patch(self._found.resource, self._name, self._operator.patch(found))
            seen.update({"change": self._operator.change, "before": names(before)})
            seen["generations"] = [
                found["metadata"].get("generation"),
                changed["metadata"].get("generation"),
            ]

            async def look() -> bool | None:
                owned = await self._owned()
                seen["after"] = names(owned)
                return self._operator.followed(before, owned) or await self._has_seen(changed)

            began = ctx.now()
            followed = bool(await ctx.until(look, limit_s=CHANGE_S))
            seen.update({"limit_s": CHANGE_S, "took_s": ctx.now() - began, "done": followed})
            seen["held"] = is_held(await self._now())
        return seen.ok and followed

    async def _see_healed(self) -> bool:
        """One child is deleted; as many as before have to be there again, and not that one."""
        ctx, healed = self._ctx, False
        async with ctx.step(self._step("healed")) as seen:
            before = self._alive(await self._owned())
            seen["before"] = names(before)
            if before:
                lost = before[0]
                await ctx.delete(self._operator.heals, lost)
                seen["deleted"] = lost["metadata"]["name"]
                uid = lost["metadata"]["uid"]

                async def look() -> bool | None:
                    now = self._alive(await self._owned())
                    seen["after"] = names(now)
                    there = {each["metadata"]["uid"] for each in now}
                    return (uid not in there and len(there) >= len(before)) or None

                began = ctx.now()
                healed = bool(await ctx.until(look, limit_s=HEAL_S))
                seen["took_s"] = ctx.now() - began
            seen.update({"limit_s": HEAL_S, "done": healed})
        return seen.ok and healed

    async def _see_deleted(self) -> None:
        ctx = self._ctx
        async with ctx.step(self._step("deleted")) as seen:
            await self._owned()  # what it owns now goes with it
            await ctx.delete(self._found.resource, self._object)

            async def look() -> bool | None:
                found = await ctx.get(self._found.resource, self._name)
                left = await self._owned()
                seen["object"] = found is not None
                seen["finalizers"] = (found or {}).get("metadata", {}).get("finalizers") or []
                seen["left"] = names(left)
                return (found is None and not left) or None

            began = ctx.now()
            gone = bool(await ctx.until(look, limit_s=GONE_S))
            seen.update({"limit_s": GONE_S, "took_s": ctx.now() - began, "done": gone})

    # --- what there is -------------------------------------------------------------------------

    def _step(self, name: str) -> str:
        return f"{self._operator.key}-{name}"

    async def _now(self) -> Json:
        return await self._ctx.get(self._found.resource, self._name) or {}

    async def _owned(self) -> list[Json]:
        """All that hangs on the object by owner references, at any depth."""
        found: list[Json] = []
        for kind in self._operator.owns:
            for each in await self._ctx.find(kind):
                found.append({**each, "kind": kind.kind})
        owned = owned_by({self._object["metadata"]["uid"], *self._known}, found)
        self._known.update(each["metadata"]["uid"] for each in owned)
        return owned

    async def _has_seen(self, changed: Mapping[str, Any]) -> bool | None:
        """Does the status tell of the generation that the change has made?"""
        if not self._operator.by_generation:
            return None
        wanted = changed["metadata"].get("generation")
        told = mapping((await self._now()).get("status")).get("observedGeneration")
        return (isinstance(told, int) and isinstance(wanted, int) and told >= wanted) or None

    def _alive(self, owned: Sequence[Json]) -> list[Json]:
        """Those of the kind that has to come again."""
        return [
            each
            for each in owned
            if each["kind"] == self._operator.heals.kind
            and not each["metadata"].get("deletionTimestamp")
        ]

    def _missing(self, found: Mapping[str, Any]) -> list[str]:
        """What is not yet as it should be; a status of an older generation says nothing."""
        status = mapping(found.get("status"))
        seen = status.get("observedGeneration")
        generation = mapping(found.get("metadata")).get("generation")
        if isinstance(seen, int) and isinstance(generation, int) and seen < generation:
            return [f"observedGeneration {seen} of {generation}"]
        told = {c.get("type"): c.get("status") for c in mappings(status.get("conditions"))}
        missing = [name for name in self._operator.good if told.get(name) != "True"]
        if self._operator.good_path is not None:
            path, wanted = self._operator.good_path
            value: Any = found
            for part in path:
                value = mapping(value).get(part)
            if value != wanted:
                missing.append(f"{'.'.join(path)} is {value}, not {wanted}")
        return missing


def owned_by(owners: Collection[str], found: Sequence[Json]) -> list[Json]:
    """The objects that hang on these UIDs, or are of them, at any depth (pure)."""
    known, owned = set(owners), list[Json]()
    rest = list(found)
    while True:
        more = [each for each in rest if each["metadata"]["uid"] in known or _owners(each) & known]
        if not more:
            return owned
        owned += more
        known |= {each["metadata"]["uid"] for each in more}
        rest = [each for each in rest if each["metadata"]["uid"] not in known]


def _owners(found: Mapping[str, Any]) -> set[str]:
    return {str(o.get("uid")) for o in mappings(found["metadata"].get("ownerReferences"))}


def is_written(status: Mapping[str, Any]) -> bool:
    """A controller has looked: it says which generation it saw, or a condition, or a state."""
    return bool(status.get("conditions") or status.get("observedGeneration") or status.get("state"))


def is_held(found: Mapping[str, Any]) -> bool:
    """It is suspended: a queue may have put our change back."""
    spec = mapping(found.get("spec"))
    return spec.get("suspend") is True or mapping(spec.get("runPolicy")).get("suspend") is True


def digest(status: Mapping[str, Any]) -> Json:
    conditions = mappings(status.get("conditions"))[:10]
    return {
        "written": is_written(status),
        "observed_generation": status.get("observedGeneration"),
        "state": str(status.get("state") or "")[:200],
        "conditions": [
            {key: str(c.get(key) or "")[:200] for key in ("type", "status", "reason", "message")}
            for c in conditions
        ],
    }


def names(found: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted(f"{each['kind']}/{each['metadata']['name']}" for each in found)[:_MOST_NAMED]


def troubles(owned: Sequence[Mapping[str, Any]]) -> list[Json]:
    """Why pods of ours do not run: then it may not be the operator's fault."""
    found = [(each, pod_facts(each)) for each in owned if each["kind"] == POD.kind]
    return [
        {"pod": told.name, "reason": told.trouble.reason, "sentence": told.trouble.sentence[:300]}
        for _, told in found
        if told.trouble
    ][:5]
