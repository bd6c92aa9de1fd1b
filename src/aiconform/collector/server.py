"""
The HTTPS server that agents talk to: `/v1/records`, `/v1/task`, `/v1/ready`.

Every request is authenticated before its body is read. What is stored is stored before it is
acknowledged, and the book of what is known moves only then.
"""

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

import structlog
from aiohttp import web
from pydantic import Field, ValidationError

from aiconform.collector.certificate import Certificate
from aiconform.collector.identity import Identify, Identity, IdentityCache
from aiconform.collector.intake import NodeBook, Rejected, Taken, book_of, take
from aiconform.collector.limits import Limits
from aiconform.collector.listener import Listener
from aiconform.collector.problems import NODE, Problem, answer_problems
from aiconform.collector.rates import Buckets
from aiconform.collector.tasks import TaskBoard
from aiconform.model.base import Frozen, Name, Text
from aiconform.model.errors import AiconformError
from aiconform.model.records import Delivered, Entry, Refused
from aiconform.model.wire import Acknowledgement

Accept = Callable[[Sequence[Delivered | Refused]], Awaitable[None]]

T = TypeVar("T")
Ask = TypeVar("Ask", bound=Frozen)

log = structlog.get_logger()


class TaskAsk(Frozen):
    """Body of POST /v1/task."""

    boot: Text
    done: Name | None = None
    wait_s: float = Field(default=25.0, ge=0)


class ReadyAsk(Frozen):
    """Body of POST /v1/ready."""

    boot: Text
    task: Name
    wait_s: float = Field(default=15.0, ge=0)


class Collector:
    """
    Serves the agents of one run.

    Args:
        identify: Whose token this is; None for nobody's. May raise an AiconformError: agents are
            then told to come again.
        accept: Stores records; when it returns they are safe. An AiconformError makes the agents
            send them again.
    """

    def __init__(
        self,
        *,
        run: str,
        identify: Identify,
        accept: Accept,
        board: TaskBoard,
        certificate: Certificate,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run, self._accept, self._board, self._limits = run, accept, board, limits
        self._identities = IdentityCache(identify, clock=clock)
        self._rates = Buckets(per_s=limits.requests_per_s, burst=limits.request_burst, clock=clock)
        self._strangers = Buckets(
            per_s=limits.failed_identities_per_s, burst=limits.failed_identities, clock=clock
        )
        self._books: dict[str, NodeBook] = defaultdict(NodeBook)
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._anonymous_refusals = 0
        self._storing: set[asyncio.Task[Any]] = set()
        self._listener = Listener(self._application(), certificate=certificate, limits=limits)

    @property
    def port(self) -> int:
        """The port listened on, once started."""
        return self._listener.port

    def restore(self, entries: Iterable[Entry]) -> None:
        """Know again what a journal holds."""
        self._books.update(book_of(map(self._counted, entries)))

    def _counted(self, entry: Entry) -> Entry:
        record = entry.record
        self._anonymous_refusals += isinstance(record, Refused) and record.node is None
        return entry

    async def start(self, *, host: str = "0.0.0.0", port: int) -> None:
        """Listen; port 0 takes any free one. OSError when the port is taken."""
        await self._listener.start(host=host, port=port)
        log.info("collector.started", port=self.port)

    async def stop(self) -> None:
        """Stop listening, end long polls, and finish what is being stored."""
        await self._listener.stop()
        if self._storing:
            await asyncio.gather(*self._storing, return_exceptions=True)

    def _application(self) -> web.Application:
        app = web.Application(
            middlewares=[answer_problems(self._note)], client_max_size=self._limits.request_bytes
        )
        app.router.add_get("/healthz", _healthz)
        app.router.add_post("/v1/records", self._records)
        app.router.add_post("/v1/task", self._task)
        app.router.add_post("/v1/ready", self._ready)
        return app

    async def _records(self, request: web.Request) -> web.Response:
        identity = await self._authenticated(request)
        body = await self._body(request, identity)
        taken = await self._shielded(self._store(identity, body))
        if isinstance(taken, Rejected):
            raise Problem(taken.status, taken.problem, hint=taken.hint)
        acknowledgement = Acknowledgement(
            next_seq=dict(taken.next_seq), refused=taken.refused, server_time=time.time()
        )
        return _json(acknowledgement.model_dump_json())

    async def _task(self, request: web.Request) -> web.Response:
        identity = await self._authenticated(request)
        ask = _parsed(TaskAsk, await self._body(request, identity))
        task = await self._board.next_task(
            identity.node, done=ask.done, wait_s=min(ask.wait_s, self._limits.task_wait_s)
        )
        self._board.heard(identity.node)
        return web.Response(status=204) if task is None else _json(task.model_dump_json())

    async def _ready(self, request: web.Request) -> web.Response:
        identity = await self._authenticated(request)
        ask = _parsed(ReadyAsk, await self._body(request, identity))
        go = await self._board.ready(
            identity.node, ask.task, wait_s=min(ask.wait_s, self._limits.task_wait_s)
        )
        self._board.heard(identity.node)
        return _json(go.model_dump_json())

    async def _store(self, identity: Identity, body: bytes) -> Taken | Rejected:
        """One request of a node at a time: two at once must not store a record twice."""
        async with self._locks[identity.node]:
            book = self._books[identity.node]
            taken = take(body, identity=identity, run=self._run, book=book, limits=self._limits)
            if isinstance(taken, Taken):
                if taken.records:
                    await self._safely(self._accept(taken.records))
                book.commit(taken)
            return taken

    async def _authenticated(self, request: web.Request) -> Identity:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Problem(401, "no bearer token", hint="Send the pod's projected token")
        address = request.remote or ""
        identity = self._identities.remembered(token)
        if identity is None:
            self._admit(self._strangers, address, 1.0)
            identity = await self._safely(self._identities.identity(token))
        if identity is None:
            self._strangers.spend(address)
            raise Problem(401, "the token is not good for this collector, or has expired")
        request[NODE] = identity.node
        self._board.heard(identity.node)
        return identity

    async def _body(self, request: web.Request, identity: Identity) -> bytes:
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise Problem(415, "compressed bodies are not taken", hint="Send it as it is")
        size = request.content_length or 0
        if size > self._limits.request_bytes:
            raise Problem(413, f"more than {self._limits.request_bytes} bytes in one request")
        self._admit(self._rates, identity.node, 1.0)
        try:
            async with asyncio.timeout(self._limits.body_s):
                body = await request.read()
        except TimeoutError:
            raise Problem(408, f"the body took longer than {self._limits.body_s:g} s") from None
        self._rates.spend(identity.node, 1.0 + len(body) / self._limits.bytes_per_request)
        return body

    def _admit(self, buckets: Buckets, name: str, cost: float) -> None:
        if wait_s := buckets.wait_s(name, cost):
            raise Problem(429, "too many requests", retry_after_s=math.ceil(wait_s))

    async def _safely(self, asked: Awaitable[T]) -> T:
        """Our own trouble is not the agent's: it is to come again."""
        try:
            return await asked
        except AiconformError as exc:
            log.warning("collector.stalled", problem=exc.problem, hint=exc.hint)
            raise Problem(503, exc.problem, hint=exc.hint, retry_after_s=5) from exc

    async def _shielded(self, storing: Coroutine[Any, Any, T]) -> T:
        """An agent that hangs up must not part what is stored from what is known to be stored."""
        task = asyncio.create_task(storing)
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)
        return await asyncio.shield(task)

    async def _note(self, node: str | None, problem: Problem) -> None:
        """Journal a refused request, as often as its node's share allows."""
        if problem.status in {408, 429, 503} or not self._may_note(node):
            return
        log.warning("request.refused", node=node, status=problem.status, problem=problem.problem)
        refused = Refused(node=node, status=problem.status, problem=problem.problem)
        await self._safely(self._accept([refused]))

    def _may_note(self, node: str | None) -> bool:
        if node is None:
            self._anonymous_refusals += 1
            return self._anonymous_refusals <= self._limits.anonymous_refusals
        book = self._books[node]
        book.refusals += 1
        return book.refusals <= self._limits.refusals


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok")


def _json(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json")


def _parsed(model: type[Ask], body: bytes) -> Ask:
    try:
        return model.model_validate_json(body)
    except ValidationError as exc:
        raise Problem(400, f"malformed request: {exc.error_count()} problems") from exc
