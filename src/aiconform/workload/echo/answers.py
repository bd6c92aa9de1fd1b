"""Which path gets which answer, and who is told to have given it."""

import asyncio
import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

from aiconform.workload.answering import (
    Request,
    Response,
    json_response,
    problem_response,
    text_response,
)
from aiconform.workload.echo.completions import Pace, completion, models
from aiconform.workload.echo.counts import Counts
from aiconform.workload.errors import CutError, RefusedError
from aiconform.workload.identity import Identity


@dataclass(frozen=True)
class Manner:
    """How well the server behaves; tests of gateways and of load generators want less than well."""

    pace: Pace = field(default_factory=Pace)
    delay_s: float = 0.0
    abort_every: int = 0  # reset instead of answering each nth request; 0: never


class Echo:
    def __init__(self, identity: Identity, *, manner: Manner | None = None) -> None:
        self.counts = Counts()
        self._identity = identity
        self._manner = manner or Manner()

    async def answer(self, request: Request) -> Response:
        """
        Raises:
            CutError: This request is to be cut off.
        """
        if request.path == "/healthz":
            return text_response("ok\n")
        if request.path == "/counts":
            return json_response({**self._identity.as_json(), **self.counts.as_json()})
        self.counts.count(request)
        every = self._manner.abort_every
        if every and self.counts.request_count % every == 0:
            raise CutError
        if self._manner.delay_s:
            await asyncio.sleep(self._manner.delay_s)
        try:
            response = self._answer_work(request)
        except RefusedError as exc:
            response = problem_response(str(exc), status=400)
        # Refusals too: a 404 of ours must be told from a 404 of the gateway's.
        return replace(response, headers=(*response.headers, *self._identity.as_headers()))

    def _answer_work(self, request: Request) -> Response:
        if request.path == "/echo" or request.path.startswith("/echo/"):
            return json_response(self.origin(request))
        if request.path == "/v1/models" and request.method in ("GET", "HEAD"):
            return models()
        if request.path == "/v1/chat/completions" and request.method == "POST":
            return completion(request.body, origin=self.origin(request), pace=self._manner.pace)
        if request.path in ("/v1/models", "/v1/chat/completions"):
            return problem_response("this path wants another method", status=405)
        return problem_response("nothing is served at this path", status=404)

    def origin(self, request: Request) -> dict[str, Any]:
        """Who answers, and what arrived: header names in the case and order in which they came."""
        return {
            **self._identity.as_json(),
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": request.head.headers,
            "body_bytes": len(request.body),
            "body_sha256": hashlib.sha256(request.body).hexdigest(),
            "connection": request.connection,
            "kept": request.kept,
        }
