"""Which program this is, so that it can start itself again and say what it is."""

import hashlib
import platform
import sys
from pathlib import Path

from aiconform import __version__
from aiconform.agent.records import Body


def archive() -> "Path | None":
    """The zipapp that this code was loaded from, or None when it runs from source files."""
    loader = getattr(__spec__, "loader", None)
    path = getattr(loader, "archive", None)
    return Path(path).resolve() if path else None


def own_command() -> "tuple[str, ...]":
    """The command line that starts this program again, without its arguments."""
    path = archive()
    if path is not None:
        return (sys.executable, str(path))
    return (sys.executable, "-m", "aiconform.agent")


def own_sha256() -> "str | None":
    path = archive()
    return hashlib.sha256(path.read_bytes()).hexdigest() if path is not None else None


def hello(*, address: str, clock_offset_s: "float | None") -> Body:
    """The first record of an agent."""
    return {
        "kind": "hello",
        "agent_version": __version__,
        "agent_sha256": own_sha256(),
        "python": platform.python_version(),
        "address": address,
        "clock_offset_s": clock_offset_s,
    }
