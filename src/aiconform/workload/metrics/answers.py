"""Scrapes, settings and served requests, and the ways in which a scrape can be made to fail."""

import asyncio
import math
import time
from collections.abc import Mapping
from typing import Any, Literal, get_args

from aiconform.workload.answering import (
    Request,
    Response,
    json_object,
    json_response,
    problem_response,
    text_response,
)
from aiconform.workload.echo.answers import Echo
from aiconform.workload.errors import CutError, RefusedError
from aiconform.workload.identity import Identity
from aiconform.workload.metrics.names import count_request, declare_names
from aiconform.workload.metrics.registry import KINDS, Kind, Registry

EXPOSITION = (("Content-Type", "text/plain; version=0.0.4; charset=utf-8"),)
HANG_S = 120.0

Failure = Literal["unavailable", "empty", "stale", "hang", "reset"]
FAILURES = get_args(Failure)


class Metrics:
    """
    Args:
        labels: On every series. A check puts its nonce there and finds its own series by it.
    """

    def __init__(self, identity: Identity, *, labels: Mapping[str, str] | None = None) -> None:
        self.registry = Registry(common=labels)
        self.scrape_count = 0
        self.failure: Failure | None = None
        declare_names(self.registry)
        self._echo = Echo(identity)
        self._identity = identity
        self._stale = ""

    async def answer(self, request: Request) -> Response:
        """
        Raises:
            RefusedError: A setting that cannot be made.
            CutError: Scrapes are to be cut off.
        """
        if request.path == "/metrics":
            return await self._scrape()
        if request.path == "/work" or request.path.startswith("/v1/"):
            return await self._work(request)
        if request.path.startswith("/value/"):
            return self._value(request)
        if request.path in ("/set", "/add", "/observe", "/stop", "/start"):
            if request.method != "POST":
                return problem_response("this path wants POST", status=405)
            return self._change(request.path, json_object(request.body or b"{}"))
        return await self._echo.answer(request)  # /healthz, /counts, 404

    async def _scrape(self) -> Response:
        self.scrape_count += 1
        if self.failure == "unavailable":
            return problem_response("stopped by POST /stop", status=503)
        if self.failure == "reset":
            raise CutError
        if self.failure == "hang":
            await asyncio.sleep(HANG_S)
        text = {"empty": "", "stale": self._stale}.get(self.failure or "", self.registry.text())
        return Response(200, text.encode(), EXPOSITION)

    async def _work(self, request: Request) -> Response:
        """A request of a user, counted when it was served well."""
        began = time.monotonic()
        response = (
            text_response("served\n", headers=self._identity.as_headers())
            if request.path == "/work"
            else await self._echo.answer(request)
        )
        if response.status == 200 and request.path != "/v1/models":
            count_request(self.registry, duration_s=time.monotonic() - began)
        return response

    def _value(self, request: Request) -> Response:
        """For autoscalers that read JSON. Labels are the query."""
        name, labels = request.path.removeprefix("/value/"), dict(request.query)
        value = self.registry.value(name, labels)
        if value is None:
            return problem_response(f"there is no {name} with the labels {labels}", status=404)
        return json_response({"name": name, "value": value, **self._identity.as_json()})

    def _change(self, path: str, body: dict[str, Any]) -> Response:
        if path in ("/stop", "/start"):
            self._fail(body.get("how", "unavailable") if path == "/stop" else None)
            return json_response({"failure": self.failure, "scrapes": self.scrape_count})
        name, labels = body.get("name"), body.get("labels", {})
        if not isinstance(name, str) or not isinstance(labels, dict):
            raise RefusedError('write {"name": "...", "value": 1, "labels": {"...": "..."}}')
        value = _number(body.get("value", 1 if path != "/set" else None))
        if path == "/observe":
            self.registry.observe(name, value, count=_count(body), labels=labels)
            return json_response({"name": name, "labels": labels, "observed": value})
        kind = self._kind(name, body.get("type"))
        change = self.registry.set if path == "/set" else self.registry.add
        change(name, value, kind=kind, labels=labels)
        now = self.registry.value(name, labels)
        return json_response({"name": name, "labels": labels, "type": kind, "value": now})

    def _fail(self, how: Any) -> None:
        if how is not None and how not in FAILURES:
            raise RefusedError(f"`how` must be one of {', '.join(FAILURES)}")
        if how == "stale" and self.failure != "stale":
            self._stale = self.registry.text()
        self.failure = how

    def _kind(self, name: str, asked: Any) -> Kind:
        """As asked, as it is, or by the name's ending as Prometheus' conventions have it."""
        if asked is not None and asked not in KINDS:
            raise RefusedError(f"`type` must be one of {', '.join(KINDS)}")
        kind: Kind = asked or ("counter" if name.endswith("_total") else "gauge")
        return kind if asked else self.registry.kind_of(name) or kind


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RefusedError("`value` must be a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise RefusedError("`value` must be finite")
    return number


def _count(body: dict[str, Any]) -> int:
    count = body.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 1_000_000:
        raise RefusedError("`count` must be a whole number, 1 to 1000000")
    return count
