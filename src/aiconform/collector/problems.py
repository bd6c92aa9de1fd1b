"""A request that is refused, and the one shape in which every refusal is answered."""

import json
import time
import traceback
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

TIME_HEADER = "X-Aiconform-Time"  # the collector's clock, Unix seconds

Note = Callable[[str | None, "Problem"], Awaitable[None]]

# Set once a request is authenticated.
NODE: web.RequestKey[str] = web.RequestKey("node", str)

log = structlog.get_logger()


class Problem(Exception):  # noqa: N818 - an answer, not one of our errors
    """Why a request is not served, for its sender."""

    def __init__(
        self, status: int, problem: str, *, hint: str = "", retry_after_s: int | None = None
    ) -> None:
        super().__init__(problem)
        self.status, self.problem, self.hint = status, problem, hint
        self.retry_after_s = retry_after_s

    def response(self) -> web.Response:
        response = web.Response(
            status=self.status,
            text=json.dumps({"problem": self.problem, "hint": self.hint}),
            content_type="application/json",
        )
        if self.retry_after_s is not None:
            response.headers["Retry-After"] = str(self.retry_after_s)
        if self.status in {401, 408, 413, 415, 429}:
            response.force_close()  # what it still sends is not read
        return response


def answer_problems(note: Note) -> Middleware:
    """Middleware: refusals as JSON, each told to `note`; the collector's clock in every answer."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await _answer(request, handler, note)
        except Problem as problem:  # the refusal could not be noted
            response = problem.response()
        response.headers[TIME_HEADER] = f"{time.time():.6f}"
        return response

    return middleware


async def _answer(request: web.Request, handler: Handler, note: Note) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as exc:
        problem = exc
    except web.HTTPRequestEntityTooLarge:
        problem = Problem(413, "the body is larger than allowed")
    except web.HTTPException as exc:  # unknown path or method
        return Problem(exc.status, exc.reason).response()
    except Exception as exc:  # noqa: BLE001 - the agent keeps its records and tries again
        # As text: a rendered traceback may show local variables, and one of them is a token.
        where = "".join(traceback.format_exception(exc))[-4000:]
        log.error("request.failed", path=request.path, traceback=where)
        return Problem(500, "the collector failed; its log says how").response()
    await note(request.get(NODE), problem)
    return problem.response()
