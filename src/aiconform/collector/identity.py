"""
Whose token is this? Asked of the API server once for each token, not for each request.

A token is remembered by its hash, and only while its answer is fresh: a good one until the token
expires by its own account, ten minutes at most; any other for a minute. Requests that come at the
same time with the same unknown token share one question. What is not a token of the right
audience by its own account is refused without asking anybody.
"""

import asyncio
import base64
import binascii
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiconform.cluster.protocol import Cluster
from aiconform.model.wire import TOKEN_AUDIENCE

TOKEN_BYTES_LIMIT = 8 * 1024
FRESH_S = 60.0
FRESH_AT_MOST_S = 600.0  # as long as the tokens live that our agents get
REMEMBERED_COUNT = 16_384
REVIEWS_AT_ONCE = 32


@dataclass(frozen=True)
class Identity:
    """A pod and the node that it runs on, proven by a token bound to that pod."""

    node: str
    pod: str
    pod_uid: str


Identify = Callable[[str], Awaitable[Identity | None]]


class IdentityCache:
    """
    Remembers answers, good and bad, while they are fresh; the oldest give way beyond `size`.

    Args:
        clock: Counts seconds and never goes back.
        now: Unix seconds.

    Raises:
        Whatever `identify` raises: a failure to ask is no answer and is not remembered.
    """

    def __init__(
        self,
        identify: Identify,
        *,
        clock: Callable[[], float],
        now: Callable[[], float] = time.time,
        size: int = REMEMBERED_COUNT,
    ) -> None:
        self._identify, self._clock = identify, clock
        self._now, self._size = now, size
        self._known: OrderedDict[bytes, tuple[float, Identity | None]] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[Identity | None]] = {}
        self._reviews = asyncio.Semaphore(REVIEWS_AT_ONCE)

    def remembered(self, token: str) -> Identity | None:
        """The fresh good answer for this token; None: nobody, or not known."""
        until, identity = self._known.get(_key(token), (0.0, None))
        return identity if identity and self._clock() < until else None

    async def identity(self, token: str) -> Identity | None:
        """Whose token it is; None when it is good for nobody."""
        if not claims_audience(token, TOKEN_AUDIENCE):
            return None
        key = _key(token)
        found = self._known.get(key)
        if found and self._clock() < found[0]:
            return found[1]
        task = self._asking.get(key)
        if task is None:
            task = asyncio.create_task(self._ask(key, token))
            self._asking[key] = task
            task.add_done_callback(lambda done: self._answered(key, done))
        # One asker that goes away must not take the answer from the others.
        return await asyncio.shield(task)

    async def _ask(self, key: bytes, token: str) -> Identity | None:
        async with self._reviews:
            asked_at = self._clock()
            identity = await self._identify(token)
        self._known[key] = (asked_at + self._fresh_s(token, identity), identity)
        self._known.move_to_end(key)
        while len(self._known) > self._size:
            self._known.popitem(last=False)
        return identity

    def _fresh_s(self, token: str, identity: Identity | None) -> float:
        """The review has proven the claims of a good token, its end among them."""
        expires = (_claims(token) or {}).get("exp") if identity else None
        if not isinstance(expires, int | float):
            return FRESH_S
        return min(max(expires - self._now(), FRESH_S), FRESH_AT_MOST_S)

    def _answered(self, key: bytes, done: asyncio.Task[Identity | None]) -> None:
        self._asking.pop(key, None)
        if not done.cancelled():
            done.exception()  # seen, even when every asker has gone away meanwhile


def agents_of(cluster: Cluster, *, service_account: str) -> Identify:
    """Identify by TokenReview; only pods of this service account ("namespace/name") count."""

    async def identify(token: str) -> Identity | None:
        facts = await cluster.review_token(token, audience=TOKEN_AUDIENCE)
        if facts is None or facts.service_account != service_account:
            return None
        return Identity(node=facts.node, pod=facts.pod, pod_uid=facts.pod_uid)

    return identify


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()


def claims_audience(token: str, audience: str) -> bool:
    """
    Does this look like a JSON web token that names the audience? Proves nothing, costs nothing.

    The API server alone decides whether a token is good; this spares it the questions that a
    stranger could make us ask by sending nonsense.
    """
    named = (_claims(token) or {}).get("aud")
    return audience in (named if isinstance(named, list) else [named])


def _claims(token: str) -> dict[str, Any] | None:
    """What a token says of itself; None when it is not shaped like one."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > TOKEN_BYTES_LIMIT or not token.isascii():
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None
