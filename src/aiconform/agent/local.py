"""This machine alone, without a collector: the same records, as JSON lines on stdout."""

import argparse
import os
import secrets
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from aiconform.agent import signals
from aiconform.agent.counting import Counting
from aiconform.agent.errors import Terminated
from aiconform.agent.inventory.assemble import take_inventory
from aiconform.agent.log import Log
from aiconform.agent.probes.environment import child_environ
from aiconform.agent.probes.selftest import EXERCISES, QUICK, run_exercises
from aiconform.agent.probes.supervise import supervise
from aiconform.agent.program import hello
from aiconform.agent.records import Origin, Record, Stream
from aiconform.agent.sampling import Sampling
from aiconform.agent.tasks import ExerciseOrder

LIMIT_S = {"quick": 60.0, "standard": 180.0, "thorough": 900.0}
INTERRUPTED = 130
_ADDRESS = "127.0.0.1"


def run_local(arguments: Sequence[str]) -> int:
    """Returns 0 when the records are complete, whatever they say; 130 when interrupted."""
    words = _parser().parse_args(arguments)
    signals.raise_on_termination()
    try:
        with tempfile.TemporaryDirectory(prefix="aiconform-") as work:
            _work(words, work=Path(work))
    except Terminated:
        return INTERRUPTED
    return 0


def _work(words: argparse.Namespace, *, work: Path) -> None:
    log = Log(sys.stderr, run=words.run, node=words.node)
    environ = child_environ(os.environ, work=work)
    origin = Origin(run=words.run, node=words.node, boot=secrets.token_hex(8))
    inventory = Stream("inventory", origin=origin, publish=_print)
    sampling = None
    inventory.add(hello(address=_ADDRESS, clock_offset_s=None))
    for body in take_inventory(
        supervise=supervise, environ=environ, engine=words.engine, salt=words.run
    ):
        inventory.add(body)
        if body.get("accelerators_given_count"):
            sampling = Sampling(environ=environ)
    inventory.end()
    run_exercises(
        [
            ExerciseOrder(each, LIMIT_S[words.profile], {"scale": words.profile})
            for each in words.exercise or (QUICK if words.profile == "quick" else EXERCISES)
        ],
        stream=Stream("self", origin=origin, publish=_print),
        engine=words.engine,
        counting=Counting(address=_ADDRESS),
        environ=environ,
        log=log,
        sampling=sampling,
    )


def _print(record: Record) -> None:
    sys.stdout.buffer.write(record.line + b"\n")
    sys.stdout.buffer.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="agent.pyz local",
        description="Exercise this machine alone and print the records, one JSON object a line.",
    )
    parser.add_argument("--node", required=True, help="name that the records carry")
    parser.add_argument("--run", required=True, help="name of the run that the records carry")
    parser.add_argument(
        "--exercise",
        action="append",
        choices=EXERCISES,
        metavar="NAME",
        help=f"run only this one; repeat for more ({', '.join(EXERCISES)})",
    )
    parser.add_argument(
        "--engine", default="auto", metavar="X", help="auto, torch, jax, python or a module's name"
    )
    parser.add_argument("--profile", choices=sorted(LIMIT_S), default="quick")
    return parser
