"""Two backends of ours, each behind a Service of its own, and what they count."""

from dataclasses import dataclass
from typing import Any

from aiconform.checks.ai_inference.choosing import in_url
from aiconform.checks.ai_inference.objects import (
    PORT,
    allow_traffic,
    backend,
    service,
)
from aiconform.checks.framework import Context, UnavailableError
from aiconform.checks.framework.manners import CHECK_LABEL
from aiconform.cluster.facts import RUN_LABEL
from aiconform.cluster.resources import ENDPOINT_SLICE, NETWORK_POLICY, POD, SERVICE
from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]

_ENDPOINTS_S = 60.0


@dataclass(frozen=True)
class Backend:
    name: str  # of the pod and of its Service
    uid: str
    ip: str


@dataclass(frozen=True)
class Backends:
    a: Backend
    b: Backend

    @classmethod
    async def made(cls, ctx: Context) -> "Backends | None":
        """Make them, and record who they are; None when they could not be had."""
        found: dict[str, Backend] = {}
        async with ctx.step("backends") as seen:
            labels = {CHECK_LABEL: ctx.check.id, RUN_LABEL: ctx.run}
            await ctx.apply(NETWORK_POLICY, allow_traffic(ctx.name("allow-own"), labels))
            for letter in ("a", "b"):
                name = ctx.name(f"backend-{letter}")
                await ctx.apply(POD, backend(name, letter=letter, nonce=ctx.nonce))
                await ctx.apply(SERVICE, service(name))
            for letter in ("a", "b"):
                name = ctx.name(f"backend-{letter}")
                pod = await ctx.pod_ready(name)
                if pod is None:
                    raise UnavailableError("BackendNotReady", f"pod {name} did not become ready")
                found[letter] = Backend(name, pod["metadata"]["uid"], pod["status"]["podIP"])
            seen["uids"] = {letter: each.uid for letter, each in found.items()}
            seen["endpoints"] = {
                letter: await _endpoints(ctx, each.name) for letter, each in found.items()
            }
        return cls(found["a"], found["b"]) if seen.ok else None

    async def told(self, ctx: Context) -> dict[str, str]:
        """What each of them says that it has got so far."""
        return {"a": await self._told(ctx, self.a), "b": await self._told(ctx, self.b)}

    async def _told(self, ctx: Context, each: Backend) -> str:
        answer = await ctx.http("GET", f"http://{in_url(each.ip, PORT)}/counts")
        if answer.status != 200 or each.uid not in answer.text:
            told = f"{each.ip} is not, or no longer, backend {each.name}"
            raise UnavailableError("BackendChanged", told)
        return answer.text


async def _endpoints(ctx: Context, service_name: str) -> list[str]:
    """UIDs of the pods that the Service leads to, once it leads anywhere."""

    async def look() -> list[str]:
        found = await ctx.find(ENDPOINT_SLICE, labels=f"kubernetes.io/service-name={service_name}")
        return [
            str(mapping(endpoint.get("targetRef")).get("uid"))
            for each in found
            for endpoint in mappings(each.get("endpoints"))
        ]

    return await ctx.until(look, limit_s=_ENDPOINTS_S) or []
