"""`python3 -m aiconform.workload sandbox`."""

import argparse
import time
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from aiconform.workload.devices.finding import find_devices
from aiconform.workload.devices.mounts import Mount, parse_mountinfo
from aiconform.workload.files import WHOLE, read_text
from aiconform.workload.flags import new_parser, seconds, whole
from aiconform.workload.identity import add_identity_flags, read_identity
from aiconform.workload.sandbox.canary import canaries
from aiconform.workload.sandbox.kernel import kernel_facts
from aiconform.workload.sandbox.trying import (
    memory_facts,
    network_facts,
    process_facts,
    write_facts,
)
from aiconform.workload.voice import Voice

DESCRIPTION = """\
Tells which kernel this container meets, and tries ways out of it: the node's memory, processes,
files, block devices, loopback ports and settings of the kernel, which are opened and not written.
With --place it is the neighbour instead: it makes a process, a file and a loopback port that know
the canary's word, and finds them itself. Prints one line, sandbox.seen."""

EXAMPLES = """\
  python3 -m aiconform.workload sandbox --canary w0rd --place /canary --sleep 600
  python3 -m aiconform.workload sandbox --canary w0rd"""

_HOSTS = ("containerd", "/docker", "crio", "cri-o", "/kubelet")
# What a kubelet gives to every container.
_GIVEN = frozenset(
    {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/dev/termination-log", "/dev/shm"}
)


def run(arguments: "Sequence[str]") -> int:
    flags = _parser().parse_args(arguments)
    voice = Voice(read_identity(flags))
    placed = (
        canaries(flags.canary, folder=flags.place, port=flags.port)
        if flags.place
        else nullcontext()
    )
    with placed:
        voice.say("sandbox.seen", placed=bool(flags.place), **look(flags.canary, flags.port))
        if flags.sleep:
            time.sleep(flags.sleep)
    return 0


def look(word: str, port: int) -> "dict[str, Any]":
    """All that is seen and tried, as JSON."""
    mounts = parse_mountinfo(read_text("/proc/self/mountinfo", limit=WHOLE) or "")
    found = find_devices(mounts, names=(word,))
    return {
        "kernel": kernel_facts(mounts),
        "processes": process_facts(word),
        "memory": memory_facts(),
        "writable": write_facts(),
        "network": network_facts(port, word),
        "files": {
            "canaries": list(found.named),
            "searched": found.mounts_complete and found.root_complete,
            "mounts": _of_the_host(mounts),
        },
        "block_devices": [device.path for device in found.devices if device.kind == "block"][:50],
    }


def _of_the_host(mounts: "Sequence[Mount]") -> "list[dict[str, str]]":
    """Mounts that name directories of the node's runtime or kubelet, but for what all have."""
    told = []
    for mount in mounts:
        where = f"{mount.root} {mount.source}"
        if mount.point in _GIVEN or not any(word in where for word in _HOSTS):
            continue
        told.append({"point": mount.point, "root": mount.root, "source": mount.source})
    return told[:50]


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("sandbox", description=DESCRIPTION, examples=EXAMPLES)
    add_identity_flags(parser)
    add = parser.add_argument
    add("--canary", type=_word, required=True, metavar="WORD", help="what to look for, or to place")
    add("--place", metavar="FOLDER", help="place the canaries, the file in this folder")
    add(
        "--port", type=whole(1, 65535), default=18080, help="of the loopback (default: %(default)s)"
    )
    add("--sleep", type=seconds(0, 86400), default=0.0, help="seconds to stay afterwards")
    return parser


def _word(text: str) -> str:
    """It is a file's name and a pattern."""
    if not (text.isascii() and text.replace("-", "").isalnum() and 4 <= len(text) <= 100):
        raise argparse.ArgumentTypeError("must be 4 to 100 letters, digits and dashes")
    return text
