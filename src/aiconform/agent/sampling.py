"""Telemetry beside an exercise: a child that samples, started before it and stopped after it."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aiconform.agent.probes.supervise import supervise

STOP_S = 3.0  # for the child's last look
ROOT = "/"


class Sampling:
    """
    Samples this pod's accelerators, as long as they can be read.

    A sick driver may never answer: after a child that did not end there is no other, and the
    exercise is not held up.
    """

    def __init__(
        self, *, environ: Mapping[str, str], root: str = ROOT, every_s: float = 1.0
    ) -> None:
        self._environ = environ
        self._root = root
        self._every_s = every_s
        self._is_stuck = False

    @contextlib.contextmanager
    def beside(
        self, about: str, *, limit_s: float, publish: "Callable[[Mapping[str, Any]], None]"
    ) -> Iterator[None]:
        """
        Args:
            about: The exercise that runs inside the block.
            limit_s: Its own; the sampling child is killed some time after.
            publish: Hears the record of what was seen, after the block; nobody, if nothing was.
        """
        if self._is_stuck:
            yield
            return
        bodies: "list[Mapping[str, Any]]" = []
        stop, held = os.pipe()
        limit_s += 2 * STOP_S
        order = {"about": about, "stop_fd": stop, "root": self._root, "every_s": self._every_s,
                 "limit_s": limit_s}  # fmt: skip

        def sample() -> None:
            try:
                supervise("telemetry", order, limit_s=limit_s, on_body=bodies.append,
                          environ=self._environ, pass_fds=(stop,))  # fmt: skip
            finally:
                os.close(stop)

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            yield
        finally:
            os.close(held)
        thread.join(STOP_S)
        self._is_stuck = thread.is_alive()
        if not self._is_stuck:
            for body in bodies:
                publish(body)
