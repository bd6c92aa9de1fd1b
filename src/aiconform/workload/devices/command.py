"""`python3 -m aiconform.workload devices`."""

import argparse
import shlex
import time
from collections.abc import Sequence

from aiconform.workload.devices.looking import Ask, look
from aiconform.workload.devices.numbers import parse_numbers, parse_wanted
from aiconform.workload.flags import new_parser, seconds, whole
from aiconform.workload.identity import add_identity_flags, read_identity
from aiconform.workload.voice import Voice

DESCRIPTION = """\
Lists every device file in the container, wherever it lies, and tries those that were asked for.

Nothing is opened unless --open takes it, and a watchdog never is. An opening that worked, or failed
with ENXIO, ENODEV or EBUSY, got past the device cgroup; with EPERM it did not. EACCES comes from
file permissions (look at uid and mode) or a nodev mount and says nothing of the cgroup. --mknod
tries to make the device's file in /dev, /tmp and some more, opens and removes it. Prints one line,
devices.seen."""

EXAMPLES = """\
  python3 -m aiconform.workload devices --open '/dev/nvidia*' --open '195:*'
  python3 -m aiconform.workload devices --mknod 195:0-15        # whichever a neighbour has
  python3 -m aiconform.workload devices --open '10:229' --hold --sleep 600
  python3 -m aiconform.workload devices --port 8080             # and look again on request:
      curl -d '{"open": ["195:*"], "mknod": ["195:3"]}' http://POD:8080/look"""


def run(arguments: Sequence[str]) -> int:
    flags = _parser().parse_args(arguments)
    identity = read_identity(flags)
    voice = Voice(identity)
    numbers = tuple(number for some in flags.mknod for number in some)
    seen = look(
        Ask(
            open=tuple(flags.open),
            make=numbers,
            execute=tuple(flags.execute),
            read=tuple(flags.read),
        ),
        hold=flags.hold,
    )
    voice.say("devices.seen", **seen.facts)
    if flags.port is not None:
        # Imported where needed: one look does without a server and asyncio.
        from aiconform.workload.devices.serve import serve_looks

        serve_looks(identity, voice=voice, host=flags.host, port=flags.port)
        return 0
    if flags.sleep:
        time.sleep(flags.sleep)
        voice.say("devices.slept", seconds=flags.sleep)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("devices", description=DESCRIPTION, examples=EXAMPLES)
    add_identity_flags(parser)
    add = parser.add_argument
    add(
        "--open",
        type=parse_wanted,
        action="append",
        default=[],
        metavar="PATTERN|MAJOR:MINOR",
        help="try to open these: a path pattern, 195:0, 195:0-15 or 195:*; may be repeated",
    )
    add(
        "--mknod",
        type=parse_numbers,
        action="append",
        default=[],
        metavar="MAJOR:MINOR",
        help="try to make and open these character devices: 195:0 or 195:0-15; may be repeated",
    )
    add(
        "--execute",
        type=_command_line,
        action="append",
        default=[],
        metavar="COMMAND",
        help="run a vendor's listing when the image has it, e.g. 'nvidia-smi -L'; may be repeated",
    )
    add(
        "--read",
        type=_path,
        action="append",
        default=[],
        metavar="PATH",
        help="print a file, e.g. /proc/driver/nvidia/version or a pattern; may be repeated",
    )
    add("--hold", action="store_true", help="keep what opened open until the end")
    add("--sleep", type=seconds(0, 86400), default=0.0, help="seconds to stay afterwards")
    add("--port", type=whole(0, 65535), help="stay and look again on POST /look (0: a free port)")
    add("--host", help="address to listen on (default: every address)")
    return parser


def _path(text: str) -> str:
    if not text.startswith("/"):
        raise argparse.ArgumentTypeError(f"{text!r} is no absolute path")
    return text


def _command_line(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text!r}: {exc}") from None
    if not words:
        raise argparse.ArgumentTypeError("a command must not be empty")
    return text
