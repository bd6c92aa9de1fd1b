"""
What each node is to do next, handed out by long poll; and the barrier at which two nodes meet.

A task stays on the board until it is replaced, so an agent that was restarted gets it again. A
barrier is decided once: both sides ready, or one of them late; whoever comes after gets the same
answer.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from aiconform.model.wire import Go, PairTask, Task

# A side whose answer got lost asks again at once; later, its peer has long begun alone.
_REPEAT_GO_S = 5.0


@dataclass
class _Slot:
    """One node's place on the board."""

    task: Task | None = None
    taken: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    poll: int = 0  # number of the newest long poll: older ones end


@dataclass
class _Barrier:
    # Node → how many of its requests wait: one that broke may still be here when the next comes.
    arrived: Counter[str] = field(default_factory=Counter)
    decided: asyncio.Event = field(default_factory=asyncio.Event)
    go: bool = False
    decided_at: float = 0.0


class TaskBoard:
    """At most one task for each node. `clock` counts seconds and never goes back."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._slots: dict[str, _Slot] = {}
        self._barriers: dict[str, _Barrier] = {}
        self._heard: dict[str, float] = {}

    def assign(self, node: str, task: Task) -> None:
        """Put a task on the board; the one before it, finished or not, is withdrawn."""
        slot = self._slot(node)
        if slot.task == task:
            return
        self._replace(slot, task)

    def clear(self, node: str) -> None:
        """Nothing to do for this node; a peer that waits for it at a barrier is told so."""
        self._replace(self._slot(node), None)

    def taken(self, node: str) -> str | None:
        """Id of the node's task once it was handed out."""
        slot = self._slots.get(node)
        return slot.task.id if slot and slot.task and slot.taken else None

    def heard(self, node: str) -> None:
        """The node proved to be alive."""
        self._heard[node] = self._clock()

    def last_heard(self) -> Mapping[str, float]:
        """When each node was last heard of, by the board's clock."""
        return dict(self._heard)

    async def next_task(self, node: str, *, done: str | None, wait_s: float) -> Task | None:
        """The node's task unless it is the one just done; else wait for one. None: nothing yet."""
        slot = self._slot(node)
        slot.poll += 1
        mine = slot.poll
        self._wake(slot)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while slot.poll == mine:
                    if slot.task is not None and slot.task.id != done:
                        slot.taken = True
                        return slot.task
                    await slot.changed.wait()
        return None

    async def ready(self, node: str, task_id: str, *, wait_s: float) -> Go:
        """Meet the peer of a pair task. Both are told to go at once, or that the other is late."""
        slot = self._slots.get(node)
        if slot is None or not isinstance(slot.task, PairTask) or slot.task.id != task_id:
            return Go(go=False, reason="not_assigned")
        barrier = self._barriers.setdefault(task_id, _Barrier())
        barrier.arrived[node] += 1
        if not barrier.decided.is_set() and barrier.arrived[slot.task.peer] > 0:
            self._decide(barrier, go=True)
        try:
            async with asyncio.timeout(wait_s):
                await barrier.decided.wait()
        except TimeoutError:
            self._decide(barrier, go=False)
        except asyncio.CancelledError:
            # The asker's connection broke; it may come again before the peer does.
            barrier.arrived[node] -= 1
            raise
        return self._answer(barrier)

    def _answer(self, barrier: _Barrier) -> Go:
        if barrier.go and self._clock() - barrier.decided_at <= _REPEAT_GO_S:
            return Go(go=True)
        return Go(go=False, reason="peer_late")

    def _decide(self, barrier: _Barrier, *, go: bool) -> None:
        if not barrier.decided.is_set():
            barrier.go, barrier.decided_at = go, self._clock()
            barrier.decided.set()

    def _replace(self, slot: _Slot, task: Task | None) -> None:
        before, slot.task, slot.taken = slot.task, task, False
        if isinstance(before, PairTask) and (task is None or task.id != before.id):
            self._leave_barrier(before)
        self._wake(slot)

    def _leave_barrier(self, left: PairTask) -> None:
        if barrier := self._barriers.get(left.id):
            self._decide(barrier, go=False)
        other = self._slots.get(left.peer)
        if other is None or other.task is None or other.task.id != left.id:
            self._barriers.pop(left.id, None)

    def _wake(self, slot: _Slot) -> None:
        slot.changed.set()
        slot.changed = asyncio.Event()

    def _slot(self, node: str) -> _Slot:
        return self._slots.setdefault(node, _Slot())
