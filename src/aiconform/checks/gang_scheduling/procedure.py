"""
The procedure G0 to G4: control, together, refused, released, rivalry. It looks, and never judges.

It goes on only as long as going on can tell more: what has been placed in part needs no further
trial, and what others have changed meanwhile is tried once more.
"""

from typing import Any, Literal

from aiconform.checks.framework import Context
from aiconform.checks.gang_scheduling.adapters import Adapter, Gang, Offer, PodMaker
from aiconform.checks.gang_scheduling.shapes import BARRIER_S, holding, meeting, word_of
from aiconform.checks.gang_scheduling.slots import Slots
from aiconform.checks.gang_scheduling.trial import Trial, trial
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]
Went = Literal["done", "stopped", "moved"]

CONTROL_S, BIND_S, REFUSED_S, HELD_S, RELEASE_S, RIVALS_S = 60.0, 120.0, 60.0, 10.0, 120.0, 300.0
START_S = 300.0
_CALM_S = 3.0  # so long nothing more is bound, after the last slot was
_TO_THE_END_S = 8.0  # a partial placement is watched so long to see how far it goes
_EVIDENCE_S = 30.0


class Procedure:
    """The trials of one solution on the same slots."""

    def __init__(
        self, ctx: Context, adapter: Adapter, offer: Offer, slots: Slots, *, template: str
    ) -> None:
        self._ctx, self._adapter, self._offer, self._slots = ctx, adapter, offer, slots
        self._template = template
        self.size = slots.count if offer.quota is None else min(slots.count, offer.quota)
        self.rows: list[str] = []

    async def carry_out(self) -> Went:
        """ "moved": others took or freed slots meanwhile, so that it is worth another try."""
        for step in (self._control, self._together, self._refused, self._released, self._rivalry):
            went = await step()
            if went != "done":
                return went
        return "done"

    async def _control(self) -> Went:
        """Without a gang, one pod too many: all but one are placed."""
        gang, placed = self._gang("control", self._slots.count + 1), 0
        async with self._trial("control") as t:
            t.seen["size"] = gang.size
            await t.start_bare(gang, self._holders(gang))
            await t.wait(
                lambda: (
                    t.count(gang, "bound") >= self._slots.count
                    and t.count(gang, "unschedulable") >= 1
                ),
                limit_s=CONTROL_S,
            )
            await self._ctx.sleep(_CALM_S)
            # Removal frees slots one by one: what is placed then is no part of the control.
            t.seen["mark"], placed = len(t.entries), t.count(gang, "bound")
            t.seen["schedulers"] = sorted(
                {
                    str(mapping(p.get("spec")).get("schedulerName", ""))
                    for p in t.pods(gang).values()
                }
            )
        if not t.seen.ok:
            return "stopped"
        if _moved(t):
            return "moved"
        return "done" if placed == self._slots.count else "stopped"

    async def _together(self) -> Went:
        """A gang that fits."""
        gang, good = self._gang("together", self.size), False
        async with self._trial("together") as t:
            await self._start(t, gang)
            bound = await t.wait(lambda: t.count(gang, "bound") >= gang.size, limit_s=BIND_S)
            good = await self._look(t, gang) and bound
            if good:
                t.seen["barrier"] = await self._ended(t, gang)
        return self._next(t, gang, good)

    async def _refused(self) -> Went:
        """A gang that does not fit: nothing of it may be placed, at any moment."""
        gang, partial = self._gang("refused", self.size + 1), False
        hold_s = max(REFUSED_S, float(self._ctx.settings.get("refusedSeconds") or 0.0))
        async with self._trial("refused") as t:
            t.seen["limit_s"] = hold_s
            await self._start(t, gang)
            began = self._ctx.now()
            partial = await t.wait(lambda: t.count(gang, "bound") > 0, limit_s=hold_s)
            if partial:
                limit = self._eviction_s()
                await t.wait(lambda: t.count(gang, "bound") >= gang.size, limit_s=limit)
            # What happens while it is removed proves nothing.
            t.seen["mark"] = len(t.entries)
            t.seen["watched_s"] = round(self._ctx.now() - began, 3)
            await self._look(t, gang)
        return self._next(t, gang, not partial)

    async def _released(self) -> Went:
        """A gang waits for one slot, and starts when it is given back."""
        gang, blocker, good = self._gang("released", self.size), self._gang("blocker", 1), False
        async with self._trial("released") as t:
            await t.start((blocker, self._holders(blocker)), meet=False)
            held = await t.wait(lambda: t.count(blocker, "bound") == 1, limit_s=BIND_S)
            t.seen["blocker"], t.seen["blocked"] = blocker.name, held
            good = held and await self._freed(t, gang, blocker)
        return self._next(t, gang, good)

    async def _rivalry(self) -> Went:
        """Two gangs of which only one fits: one after the other, and no deadlock."""
        half = self.size // 2 + 1
        one, two = self._gang("one", half), self._gang("two", half)
        async with self._trial("rivalry") as t:
            t.seen["size"], t.seen["gangs"] = half, [one.name, two.name]
            await t.start((one, self._ranks(one)), (two, self._ranks(two)))

            def over() -> bool:
                return all(
                    t.count(g, "succeeded") + t.count(g, "failed") >= half for g in (one, two)
                )

            t.seen["ended"] = await t.wait(over, limit_s=RIVALS_S)
            t.seen["barriers"] = {g.name: await self._ended(t, g, limit_s=5.0) for g in (one, two)}
        return self._next(t, one, True)

    async def _freed(self, t: Trial, gang: Gang, blocker: Gang) -> bool:
        await self._start(t, gang)
        early = await self._waits(t, gang)
        await self._look(t, gang)
        # What the watch told up to here was before the slot was given back.
        t.seen["mark"] = len(t.entries)
        if early:
            return False
        t.seen["released_ms"] = round((self._ctx.now() - t.began) * 1000)
        await t.remove(blocker)
        bound = await t.wait(lambda: t.count(gang, "bound") >= gang.size, limit_s=RELEASE_S)
        if bound:
            t.seen["barrier"] = await self._ended(t, gang)
        return bound

    async def _waits(self, t: Trial, gang: Gang) -> bool:
        """Wait until it was refused, and a little more; was anything of it placed?"""

        async def refused() -> bool:
            state = self._adapter.standing(await t.group(gang)).state
            return t.count(gang, "bound") > 0 or state == "waiting"

        await self._ctx.until(refused, limit_s=_EVIDENCE_S)
        return await t.wait(lambda: t.count(gang, "bound") > 0, limit_s=HELD_S)

    async def _start(self, t: Trial, gang: Gang) -> None:
        t.seen["size"], t.seen["gang"] = gang.size, gang.name
        await t.start((gang, self._ranks(gang)))

    def _ranks(self, gang: Gang) -> PodMaker:
        nonce = word_of(self._ctx.nonce, gang.name)
        return meeting(gang, self._slots, nonce=nonce, template=self._template)

    def _holders(self, gang: Gang) -> PodMaker:
        return holding(gang, self._slots, template=self._template)

    async def _look(self, t: Trial, gang: Gang) -> bool:
        """How the solution says the gang stands; False: pods lost their gang."""
        t.seen["group"] = group = await t.group(gang)
        if group is not None:
            await self._ctx.save(group_file(t.seen.name), group)
        t.seen["stray"] = stray = t.stray(gang)
        t.seen["pods"] = {
            name: str(mapping(pod.get("metadata")).get("uid")) for name, pod in t.pods(gang).items()
        }
        return not stray

    async def _ended(self, t: Trial, gang: Gang, *, limit_s: float | None = None) -> list[Json]:
        """Wait for its pods to end; what each rank says of the meeting."""
        found = []
        until = self._ctx.now() + (limit_s or START_S + BARRIER_S)
        for name in sorted(t.pods(gang)):
            left_s = max(0.0, until - self._ctx.now())
            pod = await self._ctx.pod_ended(name, limit_s=left_s)
            lines = await self._ctx.log_lines(name)
            told = next((x for x in reversed(lines) if x.get("event") == "barrier.done"), None)
            phase = mapping((pod or {}).get("status")).get("phase")
            found.append({"pod": name, "phase": phase, "told": _short(told) if told else None})
        return found

    def _eviction_s(self) -> float:
        """How long a partial placement is watched; a timeout may take it back."""
        if self._offer.quota is None:
            return _TO_THE_END_S
        return float(self._ctx.settings.get("podsReadySeconds") or _TO_THE_END_S)

    def _next(self, t: Trial, gang: Gang, good: bool) -> Went:
        if not t.seen.ok:
            return "stopped"
        partial = 0 < t.count(gang, "bound") < gang.size
        if _moved(t) and not partial:
            return "moved"
        return "done" if good else "stopped"

    def _gang(self, short: str, size: int) -> Gang:
        return Gang(self._ctx.name(f"{self._adapter.name}-{short}"), size)

    def _trial(self, name: str) -> Any:
        step = f"{self._adapter.name}-{name}"
        return trial(self._ctx, self._adapter, self._offer, self._slots, step, self.rows)


def group_file(step: str) -> str:
    """Where the group of a trial is kept, as its solution left it."""
    return f"objects/{step}.yaml"


def _moved(t: Trial) -> bool:
    return not t.seen["slots"] == t.seen["slots_before"] == t.seen["slots_after"]


def _short(told: Json) -> Json:
    """Of `barrier.done`, what is judged, and what helps when it did not go well."""
    kept = (
        "rank",
        "ranks",
        "met_all",
        "ended",
        "nonce",
        "pod_uid",
        "missing",
        "troubles",
        "doubts",
    )
    met = [
        sorted(str(mapping(peer).get("pod_uid")) for peer in mapping(each.get("met")).values())
        for each in mappings(told.get("rounds"))
    ]
    return {**{key: told.get(key) for key in kept}, "met": met}
