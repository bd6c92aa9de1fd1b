"""Plain HTTP from the coordinator to pods and Services: metrics, our own servers, query APIs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aiconform.model.errors import AiconformError

MOST_BYTES = 16 << 20


class HttpError(AiconformError):
    """No answer: refused, reset, no route, too late, too long."""


@dataclass(frozen=True)
class HttpAnswer:
    """`headers` with lower-case names; of several with one name the last."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


class Http(Protocol):
    """
    One request on a connection of its own; redirects are not followed.

    Raises:
        HttpError: There was no answer within the time.
    """

    async def __call__(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        timeout_s: float = 10.0,
    ) -> HttpAnswer: ...


async def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: str | None = None,
    timeout_s: float = 10.0,
) -> HttpAnswer:
    """The real one. A site's proxy is not asked: pods and Services are inside the cluster."""
    import aiohttp

    limit = aiohttp.ClientTimeout(total=timeout_s)
    connector = aiohttp.TCPConnector(force_close=True)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit, trust_env=False, connector=connector) as session,
            session.request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as answer,
        ):
            data = await answer.content.read(MOST_BYTES + 1)
            while not answer.content.at_eof() and len(data) <= MOST_BYTES:
                data += await answer.content.read(MOST_BYTES + 1 - len(data))
            if len(data) > MOST_BYTES:
                raise HttpError(f"{method} {url}: the answer is longer than {MOST_BYTES} bytes")
            told = {name.lower(): value for name, value in answer.headers.items()}
            return HttpAnswer(answer.status, told, data.decode(errors="replace"))
    except TimeoutError as exc:
        raise HttpError(f"{method} {url}: no answer within {timeout_s:g} s") from exc
    except (aiohttp.ClientError, OSError, ValueError) as exc:
        raise HttpError(f"{method} {url}: {exc or type(exc).__name__}") from exc
