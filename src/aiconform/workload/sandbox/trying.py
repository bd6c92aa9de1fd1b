"""Ways out of a container, tried as any program in it could; nothing is written."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiconform.workload.files import name_of, read_text

MEMORY = ("/dev/mem", "/dev/kmem", "/proc/kcore")
# Opened for writing and closed: each of them would change the kernel that serves it.
WRITABLE = (
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/vm/drop_caches",
    "/proc/sysrq-trigger",
    "/sys/kernel/uevent_helper",
)
HOST_PORTS = (10248, 10250)  # the kubelet's health and its API
READ_BYTES = 4096
CONNECT_S = 2.0
_NAME_LIMIT = 200


def memory_facts(paths: "Sequence[str]" = MEMORY) -> "list[dict[str, Any]]":
    return [{"path": path, **_read(path)} for path in paths]


def write_facts(paths: "Sequence[str]" = WRITABLE) -> "list[dict[str, Any]]":
    return [{"path": path, "error": _open_to_write(path)} for path in paths]


def process_facts(word: str, *, proc: str = "/proc") -> "dict[str, Any]":
    """Every process that is seen, and those that have the word among their arguments."""
    found, count = [], 0
    for name in os.listdir(proc):  # noqa: PTH208 - names are wanted
        if not name.isdigit():
            continue
        count += 1
        line = (read_text(f"{proc}/{name}/cmdline") or "").replace("\0", " ")
        # What looks for the word has it among its own arguments.
        if word and word in line.split(" ") and int(name) != os.getpid():
            found.append(int(name))
    first = (read_text(f"{proc}/1/cmdline") or "").replace("\0", " ")
    return {"count": count, "canaries": found[:20], "first": first[:300], "own_pid": os.getpid()}


def network_facts(port: int, word: str) -> "dict[str, Any]":
    """Interfaces, and what answers on this pod's loopback; `canary`: the word came back."""
    neighbours = (read_text("/proc/net/arp") or "").splitlines()[1:]
    return {
        "interfaces": _interfaces(),
        "neighbours": sorted({line.split()[-1] for line in neighbours if line.split()})[:50],
        "host_ports": {str(each): _connect(each)[0] for each in HOST_PORTS},
        "canary": bool(port and word) and _connect(port)[1] == word,
    }


def _interfaces() -> "list[str] | None":
    try:
        return sorted(name for _, name in socket.if_nameindex())[:_NAME_LIMIT]
    except OSError:
        lines = (read_text("/proc/net/dev") or "").splitlines()[2:]
        return sorted(line.partition(":")[0].strip() for line in lines) or None


def _connect(port: int) -> "tuple[str, str]":
    """(how it went: open or an errno's name, what was said)."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=CONNECT_S) as connection:
            connection.settimeout(CONNECT_S)
            try:
                return "open", connection.recv(200).decode(errors="replace").strip()
            except OSError:
                return "open", ""
    except TimeoutError:
        return "TIMEOUT", ""
    except OSError as exc:
        return name_of(exc), ""


def _read(path: str) -> "dict[str, Any]":
    try:
        with Path(path).open("rb", buffering=0) as file:
            return {"bytes": len(file.read(READ_BYTES) or b""), "error": None}
    except OSError as exc:
        return {"bytes": 0, "error": name_of(exc)}


def _open_to_write(path: str) -> "str | None":
    """None: it opened."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError as exc:
        return name_of(exc)
    return None
