"""
How the command line runs kubectl and helm: in a session of their own, bounded, and not in silence.

Ctrl-C is ours to handle: a helm that is killed midway leaves half a release.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from aiconform.cluster.kubectl import Completed, Execute
from aiconform.model.errors import ClusterError, ConfigError

_TICK_S = 1.0
_HINTS = {
    "kubectl": "Install it (https://kubernetes.io/docs/tasks/tools/), or put it on PATH",
    "helm": "Install it (https://helm.sh/docs/intro/install/), or put it on PATH",
}


def runner(*, into: Path | None = None, meanwhile: Callable[[], None] | None = None) -> Execute:
    """
    A way to run programs.

    Args:
        into: A file that takes what the program prints, as bytes; `Completed.output` is empty then.
        meanwhile: Called about once a second while the program runs.
    """

    def execute(arguments: Sequence[str], text: str | None, limit_s: float) -> Completed:
        return _run(arguments, (text or "").encode(), limit_s, into, meanwhile)

    return execute


def _run(
    arguments: Sequence[str],
    given: bytes,
    limit_s: float,
    into: Path | None,
    meanwhile: Callable[[], None] | None,
) -> Completed:
    """
    Raises:
        ConfigError: The program is not installed.
        ClusterError: It took longer than `limit_s`.
    """
    program = arguments[0]
    if shutil.which(program) is None:
        raise ConfigError(f"{program} is not installed", hint=_HINTS.get(program, ""))
    with nullcontext(subprocess.PIPE) if into is None else into.open("wb") as out:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            completed = _to_the_end(process, given, limit_s, meanwhile)
        except BaseException:
            process.kill()
            process.communicate()
            raise
    if completed is None:
        raise ClusterError(
            f"{program} {_words(arguments)} did not end within {limit_s:.0f} s",
            hint="Does the API server answer? `kubectl cluster-info` tells",
        )
    return completed


def _to_the_end(
    process: "subprocess.Popen[bytes]",
    given: bytes,
    limit_s: float,
    meanwhile: Callable[[], None] | None,
) -> Completed | None:
    deadline = time.monotonic() + limit_s
    pending: bytes | None = given
    while (left_s := deadline - time.monotonic()) > 0:
        wait_s = min(left_s, _TICK_S) if meanwhile else left_s
        try:
            out, err = process.communicate(pending, timeout=wait_s)
        except subprocess.TimeoutExpired:
            pending = None  # what was given is on its way
            if meanwhile:
                meanwhile()
        else:
            return Completed(process.returncode, _text(out), _text(err))
    process.kill()
    process.communicate()
    return None


def _text(data: bytes | None) -> str:
    return (data or b"").decode(errors="replace")


def _words(arguments: Sequence[str]) -> str:
    """The beginning of a command, without values that may be long or secret."""
    return " ".join([word for word in arguments[1:] if not word.startswith("-")][:3])
