"""Runs an asynchronous program in a pod: SIGTERM and SIGINT ask it to stop."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

INTERRUPTED = 143  # 128 + SIGTERM, as a shell reports it


def run_until_stopped(program: Callable[[asyncio.Event], Awaitable[T]]) -> T:
    """
    Args:
        program: Gets the event that is set when the pod is to end, and should then end soon.

    Unlike asyncio.run this does not wait for threads, where a look-up of a name may hang.
    """
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(_watched(program))
    finally:
        loop.close()


async def _watched(program: Callable[[asyncio.Event], Awaitable[T]]) -> T:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        return await program(stop)
    finally:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await loop.shutdown_asyncgens()
