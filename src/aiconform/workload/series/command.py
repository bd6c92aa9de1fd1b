"""`python3 -m aiconform.workload series`."""

import argparse
import json
from collections.abc import Sequence

from aiconform.workload.flags import new_parser
from aiconform.workload.load import command as load

DESCRIPTION = """\
Runs several loads one after another in one process. Give each a --nonce of its own: it is on all
of that load's lines. The first that is stopped or cannot be carried out ends the series with its
status."""

EXAMPLES = """\
  python3 -m aiconform.workload series \\
      '[["http://gw/echo", "--nonce", "warm", "--count", "600", "--until", "20"],
        ["http://gw/echo", "--nonce", "counted", "--count", "100"]]'"""


def run(arguments: Sequence[str]) -> int:
    parser = new_parser("series", description=DESCRIPTION, examples=EXAMPLES)
    parser.add_argument("loads", type=_loads, help="JSON: for each load the list of its arguments")
    for each in parser.parse_args(arguments).loads:
        if status := load.run(each):
            return status
    return 0


def _loads(text: str) -> list[list[str]]:
    try:
        found = json.loads(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"no JSON: {exc}") from None
    sound = isinstance(found, list) and all(
        isinstance(each, list) and all(isinstance(word, str) for word in each) for each in found
    )
    if not sound or not found:
        raise argparse.ArgumentTypeError("write a list of lists of words, one list for each load")
    return [list(each) for each in found]
