"""What a server's handler is given and what it returns."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiconform.workload.errors import RefusedError
from aiconform.workload.http1 import Head


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    head: Head
    body: bytes
    connection: int  # counted from 1 since the server's start
    kept: bool  # an earlier request came on the same connection


@dataclass(frozen=True)
class Response:
    """A body that is an iterator goes out chunk by chunk, each as soon as it is there."""

    status: int
    body: bytes | AsyncIterator[bytes] = b""
    headers: tuple[tuple[str, str], ...] = ()


Handler = Callable[[Request], Awaitable[Response]]


def json_response(
    value: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()
) -> Response:
    body = json.dumps(value).encode() + b"\n"
    return Response(status, body, (("Content-Type", "application/json"), *headers))


def text_response(
    text: str, *, kind: str = "text/plain", headers: tuple[tuple[str, str], ...] = ()
) -> Response:
    return Response(200, text.encode(), (("Content-Type", f"{kind}; charset=utf-8"), *headers))


def problem_response(problem: str, *, status: int) -> Response:
    return json_response({"problem": problem}, status=status)


def json_object(body: bytes) -> dict[str, Any]:
    """
    Raises:
        RefusedError: It is no JSON object.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise RefusedError(f"the body is not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise RefusedError("the body must be a JSON object")
    return value
