"""
One request to the API server: bounded in time, tried again when that may help, errors in our words.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import structlog

from aiconform.cluster.rights import hint_for
from aiconform.model.errors import ClusterError, ConflictError, ForbiddenError

ATTEMPT_S = 15.0
RETRY_FOR_S = 30.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_WORTH_RETRYING = frozenset({408, 429, 500, 502, 503, 504})

log = structlog.get_logger()

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """What is asked. `verb` and `resource` are RBAC's words, for errors."""

    verb: str
    resource: str  # "daemonsets.apps", "pods/log"
    method: str
    path: str
    query: Mapping[str, str | int] | None = None
    body: Any = None
    content_type: str = "application/json"
    # Statuses beyond 2xx that the caller understands.
    expected: frozenset[int] = frozenset()
    attempt_s: float = ATTEMPT_S

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class Requests:
    """
    Sends requests through the official client's transport.

    Raises:
        ForbiddenError, ConflictError, ClusterError: See `protocol.Cluster`.
    """

    def __init__(
        self,
        api_client: Any,
        *,
        retry_for_s: float = RETRY_FOR_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._api_client = api_client
        self._retry_for_s, self._clock, self._sleep = retry_for_s, clock, sleep

    async def send(self, request: Request) -> Answer:
        """Send until there is an answer or time is up."""
        deadline = self._clock() + self._retry_for_s
        pause_s = _FIRST_PAUSE_S
        while True:
            answer, trouble, wait_s = await self._attempt(request)
            if answer is not None and answer.status not in _WORTH_RETRYING - request.expected:
                return _checked(request, answer)
            wait_s = max(wait_s, pause_s * random.uniform(0.5, 1.0))
            if self._clock() + wait_s > deadline:
                raise ClusterError(
                    f"cannot {request}: {trouble} (tried for {self._retry_for_s:g} s)",
                    hint="Is the API server well? `kubectl get --raw /readyz?verbose` tells",
                )
            log.warning("api.retried", request=str(request), problem=trouble, wait_s=wait_s)
            await self._sleep(wait_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[AsyncIterator[bytes]]:
        """
        The lines of one answer as they come, tried once; `attempt_s` bounds each silence.

        Raises:
            ClusterError: It cannot be reached, broke, or answered with an error.
        """
        import aiohttp

        limit = aiohttp.ClientTimeout(total=None, sock_connect=15.0, sock_read=request.attempt_s)
        try:
            response = await self._once(request, limit=limit)
            try:
                if response.status >= 300:
                    _checked(request, Answer(response.status, await response.read()))
                # Within the client's answer is the transport's, which can be read as it comes.
                yield _lines(response.response.content)
            finally:
                response.response.close()
        except TimeoutError as exc:
            raise ClusterError(f"cannot {request}: nothing came within the time") from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise ClusterError(f"cannot {request}: the stream broke ({exc})") from exc

    async def close(self) -> None:
        await self._api_client.close()

    async def _attempt(self, request: Request) -> tuple[Answer | None, str, float]:
        """(answer, what is wrong with it, how long it asks us to wait)."""
        import aiohttp

        try:
            response = await self._once(
                request, limit=aiohttp.ClientTimeout(total=request.attempt_s)
            )
            answer = Answer(response.status, await response.read())
        except TimeoutError:
            return None, f"no answer within {request.attempt_s:g} s", 0.0
        except (aiohttp.ClientError, OSError) as exc:
            return None, f"the API server cannot be reached ({exc})", 0.0
        return answer, _message(answer), _seconds(response.headers.get("Retry-After"))

    async def _once(self, request: Request, *, limit: Any) -> Any:
        headers = {"Accept": "application/json", "Content-Type": request.content_type}
        await self._api_client.update_params_for_auth(
            headers, [], ["BearerToken"], request.path, request.method, request.body
        )
        url = self._api_client.configuration.host + request.path
        if request.query:
            url += "?" + urlencode(request.query)
        return await self._api_client.rest_client.request(
            request.method, url, headers=headers, body=request.body, _request_timeout=limit
        )


async def _lines(content: Any) -> AsyncIterator[bytes]:
    """Lines of any length: an object of a watch is one."""
    rest = b""
    async for chunk in content.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line


def _checked(request: Request, answer: Answer) -> Answer:
    status, message = answer.status, _message(answer)
    if status < 300 or status in request.expected:
        return answer
    if status == 403:
        # Admission (quota, Pod Security) answers 403, too, and its words are what helps.
        if "cannot" not in message or " is forbidden: User " not in message:
            raise ClusterError(f"cannot {request}: {message}")
        raise ForbiddenError(
            verb=request.verb,
            resource=request.resource,
            hint=hint_for(request.verb, request.resource),
        )
    if status == 409:
        raise ConflictError(f"cannot {request}: {message}")
    if status == 401:
        raise ClusterError(
            f"cannot {request}: the API server does not accept our credentials",
            hint="Was the service account or its token removed?",
        )
    raise ClusterError(f"cannot {request}: {message} (HTTP {status})")


def _message(answer: Answer) -> str:
    """The message of a Status object, else the first words of whatever came."""
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if isinstance(found, dict) and isinstance(found.get("message"), str):
        return str(found["message"])[:500]
    text = answer.body[:200].decode(errors="replace").strip()
    return text or f"HTTP {answer.status}"


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdigit() else 0.0
