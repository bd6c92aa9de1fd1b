"""A rank among its peers: it answers them, and asks each until all have reached the round."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiconform.workload.barrier.peers import Peers, Place
from aiconform.workload.barrier.words import LINE_BYTES, Greeting, receive, send
from aiconform.workload.errors import MessageError
from aiconform.workload.serving import listen

CONTACT_S = 4.0
ANSWER_S = 5.0
PAUSE_S = 0.2
CONTACTS_AT_A_TIME = 32
CONNECTION_LIMIT = 1024


@dataclass(frozen=True)
class Gang:
    nonce: str
    rank: int
    rank_count: int
    pod_uid: str | None
    round_count: int = 2


@dataclass
class Round:
    number: int
    met: dict[int, dict[str, Any]] = field(default_factory=dict)  # by rank
    complete_s: float | None = None


class Meeting:
    """Times are seconds since the meeting was made."""

    def __init__(self, gang: Gang, peers: Peers) -> None:
        self.rounds: list[Round] = []
        self.troubles: dict[str, str] = {}  # by place: why it was not met last time
        self.port = 0
        self._gang = gang
        self._peers = peers
        self._boot = secrets.token_hex(8)
        self._began = time.monotonic()
        self._met_by: set[int] = set()  # ranks that have had our answer in the last round
        self._all_met_us = asyncio.Event()
        self._contacts = asyncio.Semaphore(CONTACTS_AT_A_TIME)
        self._server: asyncio.Server | None = None
        self._answering: set[asyncio.Task[None]] = set()

    async def listen(self, *, host: str | None, port: int) -> None:
        """
        Raises:
            NotEnoughError: The port is taken.
        """
        listener = listen(host, port)
        self.port = listener.getsockname()[1]
        self._server = await asyncio.start_server(self._accept, sock=listener, limit=LINE_BYTES)

    async def meet_all(self) -> None:
        """Round after round; ends only when every rank was met in every round."""
        for number in range(1, self._gang.round_count + 1):
            self.rounds.append(Round(number))
            while not await self._sweep(self.rounds[-1]):  # noqa: ASYNC110 - the peers are elsewhere
                await asyncio.sleep(PAUSE_S)
            self.rounds[-1].complete_s = self._now()

    async def linger(self) -> None:
        """Until every other rank has met us in the last round as well."""
        if self._gang.rank_count > 1:
            await self._all_met_us.wait()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)

    @property
    def missing(self) -> dict[int, list[int]]:
        """By round, the last of which may not have begun: ranks that were not met."""
        others = set(range(self._gang.rank_count)) - {self._gang.rank}
        met = {each.number: set(each.met) for each in self.rounds}
        rounds = range(1, self._gang.round_count + 1)
        return {n: sorted(others - met.get(n, set())) for n in rounds if others - met.get(n, set())}

    def doubts(self) -> list[str]:
        """Why meetings that took place may not be what they seem."""
        doubts = []
        for each in self.rounds:
            uids = [who["pod_uid"] for who in each.met.values() if who["pod_uid"]]
            uids += [self._gang.pod_uid] if self._gang.pod_uid else []
            if len(set(uids)) < len(uids):
                doubts.append(f"round {each.number}: one pod answered for several ranks")
        for rank in sorted({rank for each in self.rounds for rank in each.met}):
            boots = {each.met[rank]["boot"] for each in self.rounds if rank in each.met}
            if len(boots) > 1:
                doubts.append(f"rank {rank} was restarted between the rounds")
        return doubts

    async def _sweep(self, current: Round) -> bool:
        """Ask every rank not met yet once. True: all are met."""
        others = self._gang.rank_count - 1
        if len(current.met) < others:
            try:
                async with asyncio.timeout(CONTACT_S):
                    places = await self._peers.places()
            except OSError as exc:  # a time-out too
                self.troubles["(name service)"] = _told(exc)
                return False
            self.troubles.pop("(name service)", None)
            await asyncio.gather(*(self._contact(p, current) for p in self._unmet(places, current)))
        return len(current.met) >= others

    def _unmet(self, places: Sequence[Place], current: Round) -> list[Place]:
        known = {who["at"] for who in current.met.values()}
        return [
            place
            for place in places
            if place.rank != self._gang.rank
            and (
                place.rank not in current.met if place.rank is not None else str(place) not in known
            )
        ]

    async def _contact(self, place: Place, current: Round) -> None:
        try:
            async with self._contacts, asyncio.timeout(CONTACT_S):
                await self._ask(place, current)
        except (OSError, MessageError) as exc:
            self.troubles[str(place)] = _told(exc)

    async def _ask(self, place: Place, current: Round) -> None:
        reader, writer = await asyncio.open_connection(place.host, place.port, limit=LINE_BYTES)
        try:
            await send(writer, self._greeting(current.number))
            answer = await receive(reader)
            problem = self._problem_of(answer, place)
            if answer is None or problem:
                self.troubles[str(place)] = problem
            elif answer.round < current.number:
                self.troubles[str(place)] = f"is still in round {answer.round}"
            elif answer.rank != self._gang.rank:
                await send(writer, {"arrived": True})
                self.troubles.pop(str(place), None)
                current.met[answer.rank] = {
                    "pod_uid": answer.pod_uid,
                    "boot": answer.boot,
                    "at": str(place),
                    "at_s": self._now(),
                }
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _problem_of(self, answer: Greeting | None, place: Place) -> str:
        if answer is None:
            return "closed without an answer: it belongs to another gang, or is ending"
        if answer.nonce != self._gang.nonce:
            return "belongs to another gang"
        if not 0 <= answer.rank < self._gang.rank_count:
            return f"says it is rank {answer.rank}, of {self._gang.rank_count}"
        if place.rank not in (None, answer.rank):
            return f"says it is rank {answer.rank}, where rank {place.rank} should be"
        return ""

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._answering) >= CONNECTION_LIMIT:
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._answer(reader, writer))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                asked = await receive(reader)
                if asked is not None and asked.nonce == self._gang.nonce:
                    await send(writer, self._greeting(len(self.rounds)))
                    arrived = await reader.readline()
                    if arrived and asked.round == self._gang.round_count:
                        self._note_met_by(asked.rank)
        except (OSError, MessageError, ValueError):
            writer.transport.abort()  # whoever it was will ask again
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _note_met_by(self, rank: int) -> None:
        self._met_by.add(rank)
        if set(range(self._gang.rank_count)) - {self._gang.rank} <= self._met_by:
            self._all_met_us.set()

    def _greeting(self, number: int) -> Greeting:
        gang = self._gang
        return Greeting(gang.nonce, number, gang.rank, gang.pod_uid, self._boot)

    def _now(self) -> float:
        return round(time.monotonic() - self._began, 4)


def _told(exc: Exception) -> str:
    return f"{type(exc).__name__}: {exc}"[:200]
