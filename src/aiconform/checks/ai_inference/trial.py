"""One class on trial: its Gateway, our routes, and requests counted where they arrive."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.ai_inference import objects, steps
from aiconform.checks.ai_inference.backends import Backends
from aiconform.checks.ai_inference.choosing import Candidate, addresses, in_url
from aiconform.checks.ai_inference.kinds import (
    GATEWAY,
    ROUTE,
    gateway_facts,
    gateway_is_ready,
    holds,
    port_is_taken,
    route_facts,
)
from aiconform.checks.ai_inference.split import looks_unlikely
from aiconform.checks.ai_inference.traffic import CSV_HEAD, Load, client_pod, counted, rows, told_by
from aiconform.checks.framework import Context, UnavailableError
from aiconform.cluster.resources import NETWORK_POLICY, POD, SERVICE

Json = dict[str, Any]

GATEWAY_S = 300.0
ANOTHER_PORT_S = 60.0
ROUTE_S = 60.0
CLIENT_S = 420.0


class Trial:
    """Records its steps under `k<number>-`."""

    def __init__(self, ctx: Context, number: int, candidate: Candidate, backends: Backends) -> None:
        self._ctx, self._candidate, self._backends = ctx, candidate, backends
        self._prefix = f"k{number}"
        existing = str(ctx.settings.get("useExisting") or "")
        self._namespace, _, self._gateway = existing.rpartition("/")
        self._gateway = self._gateway or ctx.name(f"{self._prefix}-gateway")
        self._routes = objects.Routes(
            prefix=ctx.name(self._prefix),
            parent=objects.parent(self._gateway, self._namespace),
            domain=f"{self._prefix}-{ctx.nonce}.aiconform.test",
            a=backends.a.name,
            b=backends.b.name,
        )
        self._rows: list[str] = [CSV_HEAD]
        self._port = candidate.ports[0]
        self._address = ""

    async def run(self) -> None:
        if not await self._see_gateway():
            return
        missing = await self._see_routes()
        if missing is None or not await self._see_address():
            return
        b_uid = self._backends.b.uid
        first = steps.first(self._routes, missing=missing)
        if not await self._see_traffic("first", first):
            return
        if not await self._weigh("weights-split", 80, 20):
            return
        told = await self._see_traffic("split", steps.split(self._routes, b_uid=b_uid))
        if told and looks_unlikely(told["w2"], uids=self._uids()):
            again = steps.split(self._routes, b_uid=b_uid, again=True)
            await self._see_traffic("split-again", again)
        if await self._weigh("weights-swapped", 0, 100):
            await self._see_traffic("swap", steps.swap(self._routes, b_uid=b_uid))
        await self._see_end()

    # --- objects -------------------------------------------------------------------------------

    def _step(self, name: str) -> str:
        return f"{self._prefix}-{name}"

    async def _see_gateway(self) -> bool:
        """Make what is asked for, and wait until the controller says that it works."""
        ctx, ready = self._ctx, False
        async with ctx.step(self._step("gateway")) as seen:
            seen.update({"class": self._candidate.class_name, "name": self._gateway,
                         "own": not self._namespace})  # fmt: skip
            if not self._namespace:
                await self._make_gateway()
            for manifest in self._routes.all().values():
                await ctx.apply(ROUTE, manifest)
            facts, found, tried = await self._programmed(len(self._routes.all()))
            ready = gateway_is_ready(facts, routes=1)
            seen.update({**facts, "ports_tried": tried, "ready": ready})
            await ctx.save(f"objects/{self._prefix}-gateway.yaml", found or {})
        return seen.ok and ready

    async def _make_gateway(self) -> None:
        ctx, candidate = self._ctx, self._candidate
        labels = {objects.GATEWAY_LABEL: self._gateway}
        policy = objects.allow_traffic(ctx.name(f"{self._prefix}-allow"), labels)
        await ctx.apply(NETWORK_POLICY, policy)
        wanted = objects.gateway(
            self._gateway, class_name=candidate.class_name, port=candidate.ports[0]
        )
        await ctx.apply(GATEWAY, wanted)

    async def _programmed(self, routes: int) -> tuple[Json, Json | None, list[int]]:
        """(what is said of the Gateway, itself, the ports that were tried)."""
        limit_s = float(self._ctx.settings.get("gatewayWaitS", GATEWAY_S))
        tried: list[int] = []
        while True:
            tried.append(self._port)
            found = await self._settled(routes, limit_s)
            facts = gateway_facts(found or {})
            left = [port for port in self._candidate.ports if port not in tried]
            if not left or self._namespace or not port_is_taken(facts):
                return facts, found, tried
            self._port, limit_s = left[0], ANOTHER_PORT_S
            listeners = [objects.listener(self._port)]
            await self._ctx.patch(GATEWAY, self._gateway, {"spec": {"listeners": listeners}})

    async def _settled(self, routes: int, limit_s: float) -> Json | None:
        """The Gateway once it works or says that it cannot, else as it is at the end."""

        async def look() -> Json | None:
            found = await self._get_gateway()
            facts = gateway_facts(found or {})
            done = gateway_is_ready(facts, routes=routes) or port_is_taken(facts)
            return found if done else None

        return await self._ctx.until(look, limit_s=limit_s, every_s=1) or await self._get_gateway()

    async def _get_gateway(self) -> Json | None:
        if not self._namespace:
            return await self._ctx.get(GATEWAY, self._gateway)
        fields = f"metadata.name={self._gateway},metadata.namespace={self._namespace}"
        found = await self._ctx.find(GATEWAY, namespace=None, fields=fields)
        return next(iter(found), None)

    async def _see_routes(self) -> bool | None:
        """Is the route to nowhere there? None: the others are not sound."""
        ctx = self._ctx
        async with ctx.step(self._step("routes")) as seen:
            seen["routes"] = {
                short: await self._route(short, both=True) for short in self._routes.all()
            }
            await ctx.save(f"objects/{self._prefix}-routes.yaml", await self._found_routes())
        if not seen.ok:
            return None
        async with ctx.step(self._step("route-to-nowhere")) as nowhere:
            await ctx.apply(ROUTE, self._routes.missing(ctx.name("nowhere")))
            nowhere.update(await self._route("missing", both=False))
        sound = all(
            holds(told["accepted"]) and holds(told["resolved"]) for told in seen["routes"].values()
        )
        return nowhere.ok if sound else None

    async def _found_routes(self) -> Sequence[Json]:
        found = [await self._ctx.get(ROUTE, self._routes.name(s)) for s in self._routes.all()]
        return [each for each in found if each is not None]

    async def _route(self, short: str, *, both: bool) -> Json:
        """
        What is said of a route, once it is said at its own generation.

        Args:
            both: Wait for Accepted and ResolvedRefs to be true; else for both to be told.
        """

        def facts_of(found: Mapping[str, Any]) -> Json:
            controller = self._candidate.controller
            return route_facts(found, gateway=self._gateway, controller=controller)

        def settled(found: Json) -> bool:
            told = facts_of(found)
            conditions = (told["accepted"], told["resolved"])
            return all(map(holds, conditions)) if both else None not in conditions

        name = self._routes.name(short)
        found = await self._ctx.wait_for(ROUTE, name, settled, limit_s=ROUTE_S)
        return facts_of(found or await self._ctx.get(ROUTE, name) or {})

    async def _weigh(self, step: str, a: int, b: int) -> bool:
        """Give the weighted route other weights, and wait until they are accepted."""
        sound = False
        async with self._ctx.step(self._step(step)) as seen:
            rules = {"spec": {"rules": self._routes.weights(a, b)}}
            await self._ctx.patch(ROUTE, self._routes.name("weights"), rules)
            told = await self._route("weights", both=True)
            sound = holds(told["accepted"]) and holds(told["resolved"])
            seen.update(told)
        return seen.ok and sound

    # --- traffic -------------------------------------------------------------------------------

    async def _see_address(self) -> bool:
        """The first address at which one of our hostnames is answered."""
        ctx = self._ctx
        async with ctx.step(self._step("address")) as seen:
            labels = f"{objects.GATEWAY_LABEL}={self._gateway}"
            services = await ctx.find(SERVICE, labels=labels)
            found = addresses(await self._get_gateway() or {}, services, ctx.settings)
            places = [in_url(address, self._port) for address in found]
            seen["places"] = places
            seen["tries"] = tries = await self._tried(places)
            good = (p for p, told in zip(places, tries, strict=True) if told["streak"])
            seen["chosen"] = self._address = next(good, "")
        return seen.ok and bool(self._address)

    async def _tried(self, places: Sequence[str]) -> list[Json]:
        """What each place answers, in one pod."""
        if not places:
            return []
        loads = {f"{self._prefix}-try-{number}": place for number, place in enumerate(places, 1)}
        host = self._routes.host("weights")
        asked = [Load(name, host, count=300, until=1, pause_s=0.2, limit_s=30.0) for name in loads]
        told = await self._send("address", asked, loads)
        return [told[load.name] for load in asked]

    async def _see_traffic(self, phase: str, plan: steps.Steps) -> dict[str, Json]:
        """Send a phase's requests from one pod; record each step. Empty: it met trouble."""
        ctx, told = self._ctx, {}
        loads = [load for each in plan.values() for load in each]
        async with ctx.step(self._step(f"client-{phase}")) as seen:
            seen["loads"] = len(loads)
            told = await self._send(phase, loads, self._address)
            seen["done"] = sum(facts is not None for facts in told.values())
        found: dict[str, Json] = {}
        for step, each in plan.items() if seen.ok else ():
            found[step] = {load.name: told[load.name] for load in each}
            facts = {"uids": self._uids(), "loads": found[step]}
            await ctx.see(self._step(step), facts)
        await ctx.file(f"{self._prefix}-split.csv", "\n".join(self._rows) + "\n")
        return found

    def _uids(self) -> dict[str, str]:
        return {"a": self._backends.a.uid, "b": self._backends.b.uid}

    async def _send(
        self, phase: str, loads: Sequence[Load], address: str | Mapping[str, str]
    ) -> dict[str, Json]:
        """What each load met, with what both backends counted of it."""
        ctx = self._ctx
        name, nonce = ctx.name(f"{self._prefix}-client-{phase}"), f"{ctx.nonce}-{self._prefix}"
        await ctx.apply(POD, client_pod(name, loads, address=address, nonce=nonce))
        ended = await ctx.pod_ended(name, limit_s=CLIENT_S)
        lines = await ctx.log_lines(name)
        if ended is None or ended["status"]["phase"] != "Succeeded":
            state = "did not end in time" if ended is None else "failed"
            raise UnavailableError("ClientFailed", f"the client pod {name} {state}")
        backends = await self._backends.told(ctx)
        found: dict[str, Json] = {}
        for load in loads:
            told = told_by(lines, load, nonce=nonce)
            if told is None:
                raise UnavailableError("ClientFailed", f"{name} told nothing of {load.name}")
            self._rows += rows(lines, load, nonce=nonce)
            step = f"{nonce}-{load.name}"
            arrived = {letter: counted(text, step=step) for letter, text in backends.items()}
            found[load.name] = {**told, "at_backends": arrived}
        return found

    async def _see_end(self) -> None:
        """The route is deleted, and so must its traffic end."""
        ctx = self._ctx
        async with ctx.step(self._step("route-deleted")) as seen:
            name = self._routes.name("weights")
            found = await ctx.get(ROUTE, name)
            if found is not None:
                await ctx.delete(ROUTE, found)
            seen["gone"] = await ctx.gone(ROUTE, name, limit_s=ROUTE_S)
        if seen.ok:
            await self._see_traffic("gone", steps.gone(self._routes))
