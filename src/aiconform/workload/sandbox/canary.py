"""What a neighbour must not find: a process, a file and a port that know a word."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiconform.workload.errors import WorkloadError

_STAY = "import time; time.sleep(86400)"


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
        yield
    finally:
        process.kill()
        process.wait()
        server.shutdown(socket.SHUT_RDWR)  # else the waiting thread keeps the port
        server.close()
        file.unlink(missing_ok=True)


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
