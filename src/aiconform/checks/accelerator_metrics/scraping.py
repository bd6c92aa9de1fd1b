"""Scraping one exporter: what came, as facts, and which of a node's exporters is the one."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aiconform.checks.accelerator_metrics.exposition import MalformedError, Sample, parse
from aiconform.checks.accelerator_metrics.figures import Page, read
from aiconform.checks.accelerator_metrics.finding import Candidate
from aiconform.checks.accelerator_metrics.names import Exporter
from aiconform.checks.accelerator_metrics.places import Place
from aiconform.checks.framework import Context, HttpError

TIMEOUT_S = 10.0
_AT_A_TIME = 16
_ACCEPT = {"Accept": "text/plain;version=0.0.4"}


@dataclass(frozen=True)
class Scrape:
    """
    Attributes:
        problem: Empty, or unreachable, auth, http, malformed, no-names.
        page: What the exporter's names say; None when there was a problem.
    """

    at: float
    problem: str = ""
    told: str = ""
    samples: Sequence[Sample] = ()
    page: Page | None = None

    def as_facts(self) -> dict[str, Any]:
        stamps = self.page.stamps if self.page else None
        devices = self.page.devices if self.page else {}
        return {
            "at": self.at,
            "problem": self.problem,
            "told": self.told,
            "age_s": None if stamps is None else round(self.at - stamps[0], 3),
            "ahead_s": None if stamps is None else round(stamps[1] - self.at, 3),
            "devices": {device: dict(each.figures) for device, each in devices.items()},
        }


@dataclass(frozen=True)
class Chosen:
    """The exporter that answers for a place, with the page that decided it."""

    place: Place
    candidate: Candidate
    exporter: Exporter
    first: Scrape


async def scrape(
    ctx: Context, url: str, exporter: Exporter | None = None, *, timeout_s: float = TIMEOUT_S
) -> Scrape:
    """One scrape; read by the exporter's names when it is given."""
    at = ctx.now()
    try:
        answer = await ctx.http("GET", url, headers=_ACCEPT, timeout_s=timeout_s)
    except HttpError as exc:
        return Scrape(at, "unreachable", str(exc)[:300])
    if answer.status in {401, 403}:
        return Scrape(at, "auth", f"HTTP {answer.status}")
    if answer.status != 200:
        return Scrape(at, "http", f"HTTP {answer.status}")
    try:
        samples = parse(answer.text, content_type=answer.headers.get("content-type", ""))
    except MalformedError as exc:
        return Scrape(at, "malformed", str(exc)[:300])
    page = read(samples, exporter) if exporter else None
    return Scrape(at, samples=samples, page=page)


async def scrape_again(ctx: Context, url: str, exporter: Exporter) -> Scrape:
    """As `scrape`; who did not answer is asked once more."""
    found = await scrape(ctx, url, exporter)
    if found.problem not in {"unreachable", "http"}:
        return found
    await ctx.sleep(2.0)
    return await scrape(ctx, url, exporter)


async def scrape_all(
    ctx: Context, candidates: Iterable[Candidate], *, timeout_s: float = TIMEOUT_S
) -> list[tuple[Candidate, Scrape]]:
    """Side by side, a few at a time."""
    turn = asyncio.Semaphore(_AT_A_TIME)

    async def one(candidate: Candidate) -> tuple[Candidate, Scrape]:
        if not candidate.url:
            return candidate, Scrape(ctx.now(), "down", candidate.trouble)
        async with turn:
            return candidate, await scrape(ctx, candidate.url, timeout_s=timeout_s)

    return list(await asyncio.gather(*(one(each) for each in candidates)))


def choose(
    place: Place, tried: Iterable[tuple[Candidate, Scrape]], table: Sequence[Exporter]
) -> Chosen | None:
    """
    The exporter that tells most of this place's devices; the first of those that tell as much.

    An exporter of another maker's devices never counts, whatever it tells.
    """
    best: tuple[tuple[bool, int], Chosen] | None = None
    for candidate, found in tried:
        if found.problem or candidate.node != place.node:
            continue
        for exporter in table:
            if place.maker and exporter.vendors and place.maker not in exporter.vendors:
                continue
            page = read(found.samples, exporter)
            counts = page.count("utilization"), page.count("memory_used")
            score = (min(counts) > 0, min(max(counts), place.most))
            if max(counts) and (best is None or score > best[0]):
                chosen = Chosen(place, candidate, exporter, replace(found, page=page))
                best = (score, chosen)
    return best[1] if best else None
