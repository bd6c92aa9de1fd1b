"""`python3 -m aiconform.workload <server> [flags]`: picks the server and imports nothing else."""

import importlib
import os
import signal
import sys
from types import FrameType

from aiconform.workload.errors import WorkloadError

SERVERS = {
    "echo": "answers HTTP like an OpenAI server, and tells which pod answered",
    "metrics": "Prometheus metrics whose values are set over HTTP",
    "load": "sends requests, on new or kept connections, and counts who answered",
    "series": "several loads one after another, in one process",
    "devices": "lists the devices in this container and tries to open or make them",
    "barrier": "one rank of a gang: ends well only when all ranks have met",
    "sandbox": "tells which kernel it meets, and tries ways out of the container",
    "nic": "tells its network interfaces, and carries bytes between addresses that are named",
    "burn": "keeps a processor or an accelerator busy, and memory filled",
}

USAGE = (
    "usage: python3 -m aiconform.workload <server> [flags]\n\nservers:\n"
    + "".join(f"  {name:<9}{what}\n" for name, what in SERVERS.items())
    + """
<server> --help tells its flags. All print JSON lines on stdout, each with the nonce that --nonce
gave. Exit status: 0 did as asked, 1 could not, 2 wrong flags, 143 stopped before its end.
"""
)


def main(arguments: list[str] | None = None) -> int:
    # As PID 1 there is no default action: unhandled, SIGTERM would be ignored until SIGKILL.
    signal.signal(signal.SIGTERM, _leave)
    words = sys.argv[1:] if arguments is None else arguments
    name, rest = (words[0], words[1:]) if words else ("", [])
    if name in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0
    if name not in SERVERS:
        print(f"{USAGE}\nno server is called {name!r}", file=sys.stderr)
        return 2
    command = importlib.import_module(f"aiconform.workload.{name}.command")
    try:
        status: int = command.run(rest)
    except WorkloadError as exc:
        print(f"{name}: {exc}", file=sys.stderr)
        return 1
    return status


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


if __name__ == "__main__":
    result = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # A thread may still wait for a name server or a device; the interpreter would wait for it.
    os._exit(result)
