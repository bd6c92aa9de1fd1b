"""What a neighbour must not find: a process, a file and a port that know a word."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiconform.workload.errors import WorkloadError

_STAY = "import time; time.sleep(86400)"
_START_S = 10.0


@contextmanager
def canaries(word: str, *, folder: str, port: int) -> "Iterator[None]":
    """
    All three, for the block.

    Args:
        folder: Where an empty file of that name is made.
        port: Of the loopback; whoever connects is told the word.
    """
    file = Path(folder) / word
    try:
        file.touch()
        server = socket.create_server(("127.0.0.1", port))
    except OSError as exc:
        raise WorkloadError(f"cannot place the canaries: {exc}") from exc
    threading.Thread(target=_tell, args=(server, word), daemon=True).start()
    process = subprocess.Popen([sys.executable, "-c", _STAY, word])
    try:
        _await(process.pid, word)
        yield
    finally:
        process.kill()
        process.wait()
        server.shutdown(socket.SHUT_RDWR)  # else the waiting thread keeps the port
        server.close()
        file.unlink(missing_ok=True)


def _await(pid: int, word: str) -> None:
    """A started process has no arguments until the kernel has set them up."""
    until = time.monotonic() + _START_S
    while word.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes():
        if time.monotonic() > until:
            raise WorkloadError(f"the canary process has not started in {_START_S:g} s")
        time.sleep(0.01)


def _tell(server: socket.socket, word: str) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return  # closed
        with connection:
            try:
                connection.sendall(word.encode())
            except OSError:
                continue
