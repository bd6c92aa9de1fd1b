"""Calling programs: one way to run a command and to wait for something."""

import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from e2e.lab.errors import CommandError, NotReadyError

T = TypeVar("T")
R = TypeVar("R")


def run(
    *argv: str,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout_s: float | None = None,
) -> str:
    """
    Run a command and return what it wrote to standard output.

    Raises:
        CommandError: It ended with an error, is not there, or took longer than `timeout_s`.
    """
    try:
        done = subprocess.run(
            argv, input=stdin, env=env, cwd=cwd, timeout=timeout_s, text=True, capture_output=True,
            stdin=subprocess.DEVNULL if stdin is None else None, check=False,
        )  # fmt: skip
    except FileNotFoundError as exc:
        raise CommandError(shlex.join(argv), exit_code=127, output=str(exc)) from exc
    except subprocess.TimeoutExpired as exc:
        raise CommandError(
            shlex.join(argv), exit_code=124, output=f"no end after {timeout_s} s"
        ) from exc
    if done.returncode != 0:
        raise CommandError(
            shlex.join(argv), exit_code=done.returncode, output=done.stderr or done.stdout
        )
    return done.stdout


def attempt(*argv: str) -> bool:
    """Run a command whose failure is an answer, such as deleting what may not be there."""
    try:
        run(*argv)
    except CommandError:
        return False
    return True


def wait_for(
    what: str, condition: Callable[[], bool], *, limit_s: float, pause_s: float = 0.2
) -> None:
    """
    Poll until the condition holds; a CommandError inside it counts as "not yet".

    Raises:
        NotReadyError: After `limit_s`, with the last error that was seen.
    """
    deadline = time.monotonic() + limit_s
    trouble = ""
    while True:
        try:
            if condition():
                return
        except CommandError as exc:
            trouble = f" ({exc})"
        if time.monotonic() > deadline:
            raise NotReadyError(f"waited {limit_s:.0f} s for {what}{trouble}")
        time.sleep(pause_s)


def at_once(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Do the same work for all items at the same time; the first error is raised."""
    items = list(items)
    with ThreadPoolExecutor(max_workers=max(1, len(items))) as pool:
        return list(pool.map(work, items))


def say(line: str) -> None:
    """One line of progress for the person who waits."""
    print(line, flush=True)


def system_env() -> dict[str, str]:
    """The caller's environment with the folders where Debian keeps an administrator's programs."""
    path = os.environ.get("PATH", "")
    return {**os.environ, "PATH": f"{path}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"}
