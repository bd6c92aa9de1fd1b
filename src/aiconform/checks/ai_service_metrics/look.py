"""Looking: where queries are answered, a stub with known numbers, and what is told of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.ai_service_metrics.monitors import (
    MONITORS,
    PORT,
    PROMETHEUS,
    STUB_LABEL,
    monitor,
    query_places,
    selection,
)
from aiconform.checks.ai_service_metrics.queries import (
    GAUGE,
    broken_buckets,
    differs,
    digest,
    of_run,
    parse,
    url_of,
    wanted,
)
from aiconform.checks.framework import Context, HttpError, Resource, UnavailableError, workload
from aiconform.cluster.resources import POD, SERVICE

Json = dict[str, Any]

REQUESTS = 10
GAUGE_FIRST, GAUGE_THEN = 37, 53
WAIT_S = 300.0
GONE_S = 60.0
_LOOK_S = 2.0
# Left for the steps that follow, so that the time box does not cut off what was seen.
_RESERVE_S = 20.0


async def run(ctx: Context) -> None:
    kinds: list[Resource] = []
    async with ctx.step("discovery") as seen:
        kinds = [kind for kind in MONITORS if await _serves(ctx, kind)]
        places = await _places(ctx)
        seen["places"] = places
        seen["monitor_kinds"] = [kind.qualified for kind in kinds]
    if not seen.ok or not places:
        return
    async with ctx.step("s0") as answers:
        answers["tries"] = tries = [await _try(ctx, place) for place in places]
    good = [each["place"] for each in tries if each["answer"] == "vector"] if answers.ok else []
    if good:
        await _Stub(ctx, good, kinds).run()


async def _serves(ctx: Context, kind: Resource) -> bool:
    return kind.plural in await ctx.served(kind.group, kind.version)


async def _places(ctx: Context) -> list[str]:
    if url := ctx.settings.get("url"):
        return [str(url)]
    return list(query_places(await ctx.find(SERVICE, namespace=None)))


async def _try(ctx: Context, place: str) -> Json:
    """Does it answer `vector(1)` with a vector of one?"""
    try:
        answer = await ctx.http("GET", url_of(place, "vector(1)"))
    except HttpError as exc:
        return {"place": place, "answer": "none", "told": str(exc)[:300]}
    found = parse(answer.text)
    sound = answer.status == 200 and found is not None and [s.value for s in found] == [1.0]
    kind = "vector" if sound else "auth" if answer.status in {401, 403} else "other"
    return {"place": place, "answer": kind, "told": f"HTTP {answer.status}"}


class _Stub:
    """A pod with known numbers, another that nobody is told of, and what is told of both."""

    def __init__(self, ctx: Context, places: Sequence[str], kinds: Sequence[Resource]) -> None:
        self._ctx, self._places, self._kinds = ctx, places, kinds
        self._word, self._silent = f"{ctx.nonce}-told", f"{ctx.nonce}-silent"
        self._name = ctx.name("stub")
        self._base = ""
        self._wait_s = float(ctx.settings.get("waitS", WAIT_S))
        self._place = places[0]
        self._trouble: HttpError | None = None

    async def run(self) -> None:
        labels = await self._see_selectors()
        if not await self._see_stub(labels) or not await self._see_target():
            return
        if not await self._see_sent("s2", REQUESTS, GAUGE_FIRST):
            return
        if not await self._see_told("s3", REQUESTS, GAUGE_FIRST):
            return
        await self._see_silence()
        if await self._see_sent("s4-sent", 2 * REQUESTS, GAUGE_THEN):
            await self._see_told("s4", 2 * REQUESTS, GAUGE_THEN)
        await self._see_end()

    async def _see_selectors(self) -> dict[str, str]:
        """The labels that our monitor gets, so that the Prometheus objects there take it."""
        ctx, labels = self._ctx, dict[str, str]()
        async with ctx.step("selectors") as seen:
            found = await ctx.find(PROMETHEUS, namespace=None)
            selections = [selection(each, namespace=ctx.work) for each in found[:20]]
            seen["selections"] = selections
            for each in selections:
                if each["takes_any"] and each["reaches_us"]:
                    labels.update(each["labels"])
        return labels

    async def _see_stub(self, labels: Mapping[str, str]) -> bool:
        ctx = self._ctx
        async with ctx.step("stub") as seen:
            annotations = {"prometheus.io/scrape": "true", "prometheus.io/port": str(PORT),
                           "prometheus.io/path": "/metrics"}  # fmt: skip
            await ctx.apply(POD, self._pod(self._name, self._word, annotations))
            silent = ctx.name("silent")
            await ctx.apply(POD, self._pod(silent, self._silent, {}))
            for kind in self._kinds:
                name = ctx.name(f"monitor-{kind.group.partition('.')[0]}")
                await ctx.apply(kind, monitor(kind, name, stub=self._name, labels=labels))
            pod, other = await ctx.pod_ready(self._name), await ctx.pod_ready(silent)
            if pod is None or other is None:
                raise UnavailableError("StubNotReady", "the stubs did not become ready")
            ip = str(pod["status"]["podIP"])
            self._base = f"http://[{ip}]:{PORT}" if ":" in ip else f"http://{ip}:{PORT}"
            seen.update({"pod": self._name, "namespace": ctx.work, "word": self._word,
                         "monitors": [kind.qualified for kind in self._kinds]})  # fmt: skip
            await ctx.save("objects/stub.yaml", pod)
        return seen.ok

    def _pod(self, name: str, word: str, annotations: Mapping[str, str]) -> Json:
        metadata = {"name": name, "labels": {STUB_LABEL: name}, "annotations": dict(annotations)}
        container = workload("metrics", "--nonce", word, port=PORT)
        return {"metadata": metadata, "spec": {"containers": [container]}}

    async def _see_target(self) -> bool:
        """Is the stub found at all, and where are its series told?"""
        found: str | None = None
        async with self._ctx.step("s1") as seen:
            limit_s = self._limit()
            found = await self._ctx.until(self._found, limit_s=limit_s, every_s=_LOOK_S)
            if found is None and self._trouble is not None:
                raise self._trouble
            seen.update({"found": found is not None, "waited_s": limit_s})
            self._place = found or self._place
            seen["place"] = self._place
        return found is not None

    async def _found(self) -> str | None:
        for place in self._places:
            if await self._asked(place):
                return place
        return None

    async def _see_sent(self, step: str, total: int, gauge: int) -> bool:
        """Exactly ten requests, and the gauge set; the stub itself says what it has."""
        async with self._ctx.step(step) as seen:
            for _ in range(REQUESTS):
                answer = await self._ctx.http("POST", f"{self._base}/work")
                if answer.status != 200:
                    raise UnavailableError("StubRefused", f"the stub answers {answer.status}")
            body = f'{{"name": "{GAUGE}", "value": {gauge}, "type": "gauge"}}'
            answer = await self._ctx.http("POST", f"{self._base}/set", body=body)
            own = await self._ctx.http("GET", f"{self._base}/metrics")
            seen.update({"total": total, "gauge": gauge, "set": answer.status})
            seen["own"] = _own(own.text, self._word)
        return seen.ok

    async def _see_told(self, step: str, requests: int, gauge: int) -> bool:
        """Wait until exactly the right numbers are told; keep what was told last."""
        expected, last = wanted(requests, gauge=gauge), dict[str, Any]()

        async def look() -> bool | None:
            found = await self._asked(self._place)
            if found is None:
                return None
            last.update(digest(found))
            sound = not differs(last, expected) and not broken_buckets(last, requests)
            return sound or None

        right: bool | None = None
        async with self._ctx.step(step) as seen:
            limit_s = self._limit()
            right = await self._ctx.until(look, limit_s=limit_s, every_s=_LOOK_S)
            if not right and self._trouble is not None:
                raise self._trouble
            seen.update({"told": last, "requests": requests, "gauge": gauge, "limit_s": limit_s})
        return seen.ok and bool(right)

    async def _see_silence(self) -> None:
        """What is told of a stub that nobody was told of, and of one that never was."""
        async with self._ctx.step("silence") as seen:
            seen["silent"] = len(await self._ask(self._silent, self._place))
            seen["never"] = len(await self._ask(f"{self._ctx.nonce}-never", self._place))

    async def _see_end(self) -> None:
        """Information: do the series end with their pod?"""
        ctx = self._ctx
        async with ctx.step("after-deletion") as seen:
            pod = await ctx.get(POD, self._name)
            if pod is not None:
                await ctx.delete(POD, pod)

            async def ended() -> bool | None:
                found = await self._asked(self._place)
                return True if found is not None and not found else None

            left = ctx.deadline - ctx.now() - _RESERVE_S
            limit_s = max(1.0, min(GONE_S, left))
            seen["ended"] = bool(await ctx.until(ended, limit_s=limit_s, every_s=_LOOK_S))

    def _limit(self) -> float:
        return max(1.0, min(self._wait_s, self._ctx.deadline - self._ctx.now() - _RESERVE_S))

    async def _asked(self, place: str) -> Sequence[Any] | None:
        """The stub's series; None when nobody answered this time, which may pass."""
        try:
            found = await self._ask(self._word, place)
        except HttpError as exc:
            self._trouble = exc
            return None
        self._trouble = None
        return found

    async def _ask(self, word: str, place: str) -> Sequence[Any]:
        """
        The series with this word.

        Raises:
            HttpError: It answers no vector.
        """
        answer = await self._ctx.http("GET", url_of(place, of_run(word)))
        found = parse(answer.text) if answer.status == 200 else None
        if found is None:
            raise HttpError(f"{place} answers a query with no vector (HTTP {answer.status})")
        return found


def _own(text: str, word: str) -> list[str]:
    """The stub's own page, the lines that are compared."""
    names = wanted(0, gauge=0)
    return [line for line in text.splitlines() if word in line and line.partition("{")[0] in names][
        :20
    ]
