"""Signals and children of the first process in a container."""

import os
import signal
from types import FrameType

from aiconform.agent.errors import Terminated


def raise_on_termination() -> None:
    """
    Let SIGTERM and SIGINT raise `Terminated` in the main thread, out of whatever it waits for.

    As PID 1 there is no default action: without a handler the pod would wait for SIGKILL.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _raise_terminated)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def ignore_termination() -> None:
    """From here on the way out is short, and a second SIGTERM would only leave things half done."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def reap_orphans() -> int:
    """
    Collect the exit status of processes that were handed to us as PID 1. Returns how many.

    Call it only while no child of our own is running, or its exit status would be taken away.
    """
    if os.getpid() != 1:
        return 0
    count = 0
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return count
        if pid == 0:
            return count
        count += 1


def _raise_terminated(_number: int, _frame: "FrameType | None") -> None:
    ignore_termination()
    raise Terminated
