"""
Run one probe in a child process that cannot outlive its time limit, and keep what it last said.

The child gets its order as JSON on stdin, and writes bodies of records as JSON lines to a pipe of
its own, closed by an end marker. Whatever else it prints (frameworks are talkative) goes into a
ring buffer. A child that dies without the marker is an error, one that is killed is a timeout.
"""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aiconform.agent.probes.pipes import Lines, Ring
from aiconform.agent.program import own_command

STACKS_S = 1.0  # after SIGUSR1, for faulthandler to write
MERCY_S = 2.0  # between SIGTERM and SIGKILL
ABANDON_S = 3.0  # a process stuck in the kernel does not die; it must not hold us

Body = Mapping[str, Any]
Outcome = Literal["done", "skip", "error", "timeout"]


@dataclass(frozen=True)
class Ending:
    """How a child ended. `last_words` is what it printed last, stacks of a hung one included."""

    outcome: Outcome
    reason: str
    last_words: str
    seconds: float


def supervise(
    exercise: str,
    order: Mapping[str, Any],
    *,
    limit_s: float,
    on_body: Callable[[Body], None],
    environ: Mapping[str, str],
    pass_fds: Sequence[int] = (),
) -> Ending:
    """
    Whatever goes wrong with the child is in the ending; nothing is raised.

    Args:
        exercise: What the child is to do: `agent.pyz child <exercise>`.
        order: Anything JSON; the child reads it from stdin.
        limit_s: Wall time, start-up included; then the child's process group is killed.
        on_body: Called for each body as it arrives.
    """
    started = time.monotonic()
    try:
        child = _Child((*own_command(), "child", exercise), environ=environ, pass_fds=pass_fds)
    except OSError as exc:
        return Ending("error", f"the probe's process could not be started: {exc}", "", 0.0)
    with child:
        child.give(order)
        outcome, reason = _outcome(child, on_body, limit_s=limit_s, until=started + limit_s)
        child.kill()
    if outcome == "died":
        outcome, reason = "error", f"the probe's process {child.status_in_words()} before its end"
    return Ending(outcome, reason, child.last_words(), time.monotonic() - started)


def _outcome(
    child: "_Child", on_body: Callable[[Body], None], *, limit_s: float, until: float
) -> "tuple[Outcome | Literal['died'], str]":
    try:
        marker = child.listen(on_body, until=until)
    except ValueError as exc:
        return "error", f"the probe's process wrote what is no record: {exc}"
    if marker is not None:
        return marker
    if time.monotonic() < until:
        return "died", ""
    child.ask_for_stacks()
    return "timeout", f"no result within {limit_s:g} s; it was killed"


class _Child:
    """The process, its group and its two pipes. Leaving the block leaves nothing running."""

    def __init__(
        self, words: Sequence[str], *, environ: Mapping[str, str], pass_fds: Sequence[int]
    ) -> None:
        bodies, for_child = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*words, "--fd", str(for_child)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=dict(environ),
                pass_fds=(for_child, *pass_fds),
                start_new_session=True,  # a group of its own, to be killed as one
            )
        except OSError:
            os.close(bodies)
            raise
        finally:
            os.close(for_child)
        self._bodies = os.fdopen(bodies, "rb", buffering=0)
        self._lines = Lines()
        self._ring = Ring()

    def __enter__(self) -> "_Child":
        return self

    def __exit__(self, _: object, exc: "BaseException | None", __: object) -> None:
        self.kill(mercy_s=0.0 if exc is not None else MERCY_S)  # on the way out: no time to wait
        for pipe in (self._process.stdin, self._process.stdout, self._bodies):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def give(self, order: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it died at once: the ending will say so
            self._process.stdin.write(json.dumps(order).encode())
            self._process.stdin.close()

    def listen(
        self, on_body: Callable[[Body], None], *, until: float
    ) -> "tuple[Literal['done', 'skip', 'error'], str] | None":
        """Pass bodies on until the end marker, the end of the pipe, or the time limit."""
        with self._selector() as selector:
            while (left := until - time.monotonic()) > 0:
                had_ended = self.has_ended()
                ready = selector.select(0.0 if had_ended else min(left, 0.5))
                for body in self._arrived(selector, ready):
                    if body.get("kind") == "ended":
                        return body["outcome"], str(body.get("reason", ""))
                    on_body(body)
                # A grandchild may hold the pipe open after the child has died; what the child
                # wrote before is read by then, because it had ended before we looked.
                if self._bodies.closed or (had_ended and not ready):
                    return None
        return None

    def ask_for_stacks(self) -> None:
        """SIGUSR1 makes faulthandler write where every thread hangs; give it time to do so."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGUSR1)
        self._drain_output(STACKS_S)

    def kill(self, *, mercy_s: float = MERCY_S) -> None:
        """SIGTERM to a leader that still runs, then SIGKILL to all that is left of the group."""
        if self._process.returncode is not None:
            return
        if not self.has_ended():
            self._signal_group(signal.SIGTERM)
            deadline = time.monotonic() + mercy_s
            while not self.has_ended() and time.monotonic() < deadline:
                self._drain_output(0.02)
        # The leader is not reaped yet, so its group id cannot belong to anybody else.
        self._signal_group(signal.SIGKILL)
        self._drain_output(0.0)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ABANDON_S)

    def has_ended(self) -> bool:
        """Without reaping it."""
        if self._process.returncode is not None:
            return True
        flags = os.WEXITED | os.WNOWAIT | os.WNOHANG
        try:
            return os.waitid(os.P_PID, self._process.pid, flags) is not None
        except ChildProcessError:
            return True

    def last_words(self) -> str:
        return self._ring.text()

    def status_in_words(self) -> str:
        code = self._process.returncode
        if code is None:
            return "could not be killed"
        if code < 0:
            return f"died of {signal.Signals(-code).name}"
        return f"exited with status {code}"

    def _selector(self) -> selectors.BaseSelector:
        selector = selectors.DefaultSelector()
        selector.register(self._bodies, selectors.EVENT_READ)
        if self._process.stdout is not None and not self._process.stdout.closed:
            selector.register(self._process.stdout, selectors.EVENT_READ)
        return selector

    def _arrived(
        self, selector: selectors.BaseSelector, ready: "list[tuple[selectors.SelectorKey, int]]"
    ) -> "list[Any]":
        bodies: "list[Any]" = []
        for key, _ in ready:
            chunk = os.read(key.fd, 65536)
            if key.fileobj is self._bodies:
                bodies += [json.loads(line) for line in self._lines.feed(chunk)]
            else:
                self._ring.add(chunk)
            if not chunk:
                selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]
        return bodies

    def _drain_output(self, timeout_s: float) -> None:
        """Take what the child prints, for `timeout_s` or until it closes its output."""
        stdout = self._process.stdout
        deadline = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            if stdout is None or stdout.closed:
                time.sleep(timeout_s)
                return
            selector.register(stdout, selectors.EVENT_READ)
            while selector.select(max(0.0, deadline - time.monotonic())):
                chunk = os.read(stdout.fileno(), 65536)
                if not chunk:
                    stdout.close()
                    return
                self._ring.add(chunk)

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
