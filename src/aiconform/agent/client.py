"""
HTTPS to the collector, which may be down, restarting or overloaded at any time.

One `Client` is one keep-alive connection and belongs to one thread. The token is read anew for
each request and the CA for each connection, because both files change while the agent runs.
"""

import http.client
import json
import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiconform.agent.errors import CollectorError
from aiconform.agent.log import Log

MAX_ANSWER_BYTES = 4 * 1024 * 1024
LONGEST_PAUSE_S = 10.0
LONGEST_RETRY_AFTER_S = 60.0
# Answers one can act on. All others (401, 403, 429, 5xx) are asked again, slowly, for ever.
FINAL_STATUSES = frozenset({200, 204, 400, 404, 413, 415})


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any  # parsed JSON; None when the body is empty or not JSON
    retry_after_s: "float | None"
    server_time: "float | None"  # the collector's clock, Unix seconds

    @property
    def problem(self) -> str:
        """What the collector says against the request."""
        return str(self.body.get("problem", "")) if isinstance(self.body, Mapping) else ""


class Client:
    def __init__(
        self,
        collector: str,
        *,
        ca: Path,
        token: Path,
        log: Log,
        stop: threading.Event,
        pause: "Callable[[float], None] | None" = None,
    ) -> None:
        self._collector = collector
        self._ca = ca
        self._token = token
        self._log = log
        self._stop = stop
        self._pause = pause or (lambda seconds: void(stop.wait(seconds)))
        self._connection: "http.client.HTTPSConnection | None" = None

    def ask(
        self,
        method: str,
        path: str,
        body: "bytes | None" = None,
        *,
        timeout_s: float,
        content_type: str = "application/json",
    ) -> Answer:
        """
        One attempt.

        Raises:
            CollectorError: No answer: connection, certificate, token file or time limit.
        """
        try:
            headers = {"Authorization": f"Bearer {self._token.read_text('ascii').strip()}"}
            if body is not None:
                headers["Content-Type"] = content_type
            connection = self._connected(timeout_s)
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return _answer(response, response.read(MAX_ANSWER_BYTES))
        except (OSError, ValueError, http.client.HTTPException) as exc:
            self.close()
            said = str(exc) or type(exc).__name__
            raise CollectorError(f"{method} {self._collector}{path}: {said}") from exc
        except BaseException:
            self.close()  # half an answer may still be on its way
            raise

    def ask_until_answered(
        self,
        method: str,
        path: str,
        body: "bytes | None" = None,
        *,
        timeout_s: float,
        content_type: str = "application/json",
        give_up: "Callable[[], bool]" = lambda: False,
    ) -> "Answer | None":
        """
        Ask again, with growing and random pauses, until there is an answer one can act on.

        Returns None when the agent stops or `give_up` says so; otherwise the status is one of
        FINAL_STATUSES.
        """
        attempt = 0
        while not self._stop.is_set() and not give_up():
            pause_s = pause_before(attempt)
            try:
                answer = self.ask(
                    method, path, body, timeout_s=timeout_s, content_type=content_type
                )
            except CollectorError as exc:
                self._log.warning("collector.unreachable", problem=str(exc), pause_s=pause_s)
            else:
                if answer.status in FINAL_STATUSES:
                    return answer
                asked_s = min(answer.retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
                pause_s = max(pause_s, asked_s)
                self._log.warning(
                    "collector.refused",
                    status=answer.status,
                    problem=answer.problem,
                    path=path,
                    pause_s=pause_s,
                )
            self._pause(pause_s)
            attempt += 1
        return None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self, timeout_s: float) -> http.client.HTTPSConnection:
        if self._connection is None:
            self._connection = self._connect(timeout_s)
        self._connection.timeout = timeout_s
        if self._connection.sock is not None:
            self._connection.sock.settimeout(timeout_s)
        return self._connection

    def _connect(self, timeout_s: float) -> http.client.HTTPSConnection:
        parts = urlsplit(self._collector)
        context = ssl.create_default_context(cafile=str(self._ca))
        return http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=timeout_s, context=context
        )


def pause_before(attempt: int, *, pick: Callable[[float, float], float] = random.uniform) -> float:
    """Seconds before the next attempt: doubling up to 10 s, random so that nodes spread out."""
    ceiling = min(LONGEST_PAUSE_S, 0.25 * 2 ** min(attempt, 10))
    return pick(ceiling / 2, ceiling)


def clock_offset_s(client: Client, *, timeout_s: float = 5.0) -> "float | None":
    """The collector's clock minus ours, or None when it does not say."""
    before = time.time()
    answer = client.ask("GET", "/healthz", timeout_s=timeout_s)
    if answer.server_time is None:
        return None
    return answer.server_time - (before + time.time()) / 2


def void(_: object) -> None:
    """For a callable whose result does not matter."""


def _answer(response: http.client.HTTPResponse, raw: bytes) -> Answer:
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        body = None
    return Answer(
        status=response.status,
        body=body,
        retry_after_s=_seconds(response.headers.get("Retry-After")),
        server_time=_seconds(response.headers.get("X-Aiconform-Time")),
    )


def _seconds(value: "str | None") -> "float | None":
    try:
        return float(value) if value else None
    except ValueError:
        return None
