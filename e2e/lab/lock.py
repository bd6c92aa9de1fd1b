"""One command at a time may start or stop the lab of this machine."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from e2e.lab.machine import require_root
from e2e.lab.paths import LOCK
from e2e.lab.shell import say


@contextmanager
def exclusive() -> Iterator[None]:
    """Hold the lab's lock, after waiting for whoever holds it."""
    require_root()
    with LOCK.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another command is starting or stopping the lab; waiting for it ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
